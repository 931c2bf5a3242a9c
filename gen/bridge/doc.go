// Package bridge generates a package for records of an older version of a lexicon that changed incompatibly. The
// package has the old types, and functions that upgrade them to the types of the new version by means of package
// runtime/bridge.
//
//	output, err := bridge.Generate(old, config, &bridge.Options{Dir: "v1", Version: "1.0"})
//	if err != nil {
//		return err
//	}
//	changes, err := output.Write(root)
//
// A rule moves the value of a field that no longer exists. The package finds obvious rules itself: for a field that
// became an array whose name is the plural, and for a field that was renamed. [Options.Rules] sets others. For a field
// without a rule, it writes, once, the stub of a function to be completed by hand.
package bridge

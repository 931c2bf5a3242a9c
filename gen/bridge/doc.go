// Package bridge writes a package for records of an older version of a lexicon that changed incompatibly: the old types under
// a name of their own, and typed upgrades to the types of the new version, which runtime/bridge carries out.
//
//	output, err := bridge.Generate(old, config, &bridge.Options{Dir: "v1", Version: "1.0"})
//	if err != nil {
//		return err
//	}
//	changes, err := output.Write(root)
//
// A field that went is moved by a rule. Rules that are mechanical are found: a field that is called the same in the plural now
// and has an array of the same values, and a field that was renamed. [Options.Rules] says others. A field without a rule becomes
// a function to be written by hand, for which the package gets a stub once.
package bridge

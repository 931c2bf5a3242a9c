// Package bridge generates a package for records of an older version of a lexicon that changed incompatibly. The
// package has the old types, and functions that upgrade them to the types of the new version by means of package
// runtime/bridge.
//
//	output, err := bridge.Generate(old, roots, os.DirFS(root), config, &bridge.Options{Dir: "v1", Version: "1.0"})
//	if err != nil {
//		return err
//	}
//	if err := output.TypeCheck(ctx, root); err != nil {
//		return err
//	}
//	changes, err := gen.NewOutput([]string{"v1"}, output.Files...).Write(root)
//
// A rule moves the value of a field that no longer exists or that has another type now. The package finds obvious rules
// itself: for a field that was renamed, that became an array whose name is the plural or an array of the same name, or
// whose integer became a string, and for a record type with a new NSID. [Options.Rules] sets other rules. For every
// other field, [Output.Stubs] has the stub of a function to be completed by hand.
package bridge

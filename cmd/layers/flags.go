package main

import (
	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// jsonFlag adds the flag --json, for commands that print one object.
func jsonFlag(command *cobra.Command, value *bool) {
	command.Flags().BoolVar(value, "json", false, "print one line of JSON")
}

// jsonlFlag adds the flag --jsonl, for commands that print records.
func jsonlFlag(command *cobra.Command, value *bool) {
	command.Flags().BoolVar(value, "jsonl", false, "print one JSON object a line for each record")
}

// completeCollection completes the argument at the given index with Layers' collections.
func completeCollection(place int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) != place {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, t := range records.Types {
			names = append(names, string(t.NSID))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// unknownFlag adds the flag --allow-unknown.
func unknownFlag(command *cobra.Command, value *bool) {
	command.Flags().BoolVar(value, "allow-unknown", false, "write records of collections without a known lexicon, unchecked")
}

// anyPDSFlag adds the flag --any-pds.
func anyPDSFlag(command *cobra.Command, s *connect.Servers) {
	command.Flags().BoolVar(&s.AnyPDS, "any-pds", false,
		"write to the session's server even if the account's DID document names another PDS")
}

// noteMisspelt says on standard error that a collection may be misspelt. That is not an error: lexicons newer than this
// command may define it.
func noteMisspelt(command *cobra.Command, collection syntax.NSID) {
	if question := names.Misspelt(collection, names.Collections); question != "" {
		terminal.Printf(command.ErrOrStderr(), "layers: no lexicon is known for the collection %s: %s\n", collection, question)
	}
}

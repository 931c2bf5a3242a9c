package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/identity"
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

// wantedCollections parses the values of --collection: NSIDs, or the beginnings of NSIDs, as in pub.layers.*.
func wantedCollections(texts []string) (collections []string, err error) {
	for _, c := range texts {
		if !strings.HasSuffix(c, "*") {
			nsid, err := names.ParseCollection(c)
			if err != nil {
				return nil, err
			}
			c = string(nsid)
		}
		collections = append(collections, c)
	}
	return collections, nil
}

// wantedAccounts resolves the values of --did: DIDs and handles.
func wantedAccounts(ctx context.Context, directory *identity.Directory, texts []string) (dids []syntax.DID, err error) {
	for _, text := range texts {
		actor, err := names.ParseActor(text)
		if err != nil {
			return nil, err
		}
		who, err := directory.Resolve(ctx, actor)
		if err != nil {
			return nil, err
		}
		dids = append(dids, who.DID)
	}
	return dids, nil
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

// fromFlag adds the flag --from.
func fromFlag(command *cobra.Command, value *string) {
	command.Flags().StringVar(value, "from", "", "read the `DIR` of layers follow in place of a server")
}

package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// JSONFlag adds the flag --json, for commands that print one object.
func JSONFlag(command *cobra.Command, value *bool) {
	command.Flags().BoolVar(value, "json", false, "print one line of JSON")
}

// JSONLFlag adds the flag --jsonl, for commands that print records.
func JSONLFlag(command *cobra.Command, value *bool) {
	command.Flags().BoolVar(value, "jsonl", false, "print one JSON object per line, for each record")
}

// CompleteCollection completes the argument with the index place, from 0, with the names of Layers' collections, as
// [Names] returns them.
func CompleteCollection(place int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
		if len(args) != place {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return Names(names.Collections, text), cobra.ShellCompDirectiveNoFileComp
	}
}

// CompleteFlag completes the values of a flag with the names in short, such as those of Layers' collections without
// "pub.layers.", as [Names] returns them.
func CompleteFlag(command *cobra.Command, flag string, short []string) {
	command.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, text string) ([]string, cobra.ShellCompDirective) {
		return Names(short, text), cobra.ShellCompDirectiveNoFileComp
	})
}

// Names returns the candidates for completing text: the names in short and, if text begins like "pub.layers.", also the
// same names with that prefix. The shell selects those that begin with text.
func Names(short []string, text string) []string {
	if text == "" || !strings.HasPrefix(text, names.Own[:min(len(text), len(names.Own))]) {
		return short
	}
	whole := slices.Clone(short) // such as p for persona
	for _, name := range short {
		whole = append(whole, names.Own+name)
	}
	return whole
}

// WantedCollections parses the values of --collection: NSIDs, or prefixes of NSIDs, as in pub.layers.*.
func WantedCollections(texts []string) (collections []string, err error) {
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

// WantedAccounts resolves the values of --did: DIDs and handles.
func WantedAccounts(ctx context.Context, directory *identity.Directory, texts []string) (dids []syntax.DID, err error) {
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

// UnknownFlag adds the flag --allow-unknown, which allows writing records of collections without a known lexicon.
func UnknownFlag(command *cobra.Command, value *bool) {
	command.Flags().BoolVar(value, "allow-unknown", false, "write records of collections without a known lexicon, unchecked")
}

// AnyPDSFlag adds the flag --any-pds, which sets [connect.Servers.AnyPDS].
func AnyPDSFlag(command *cobra.Command, s *connect.Servers) {
	command.Flags().BoolVar(&s.AnyPDS, "any-pds", false,
		"write to the session's server even if the account's DID document names another PDS")
}

// AsFlag adds the flag --as, which sets [connect.Servers.As], for commands that use a session.
func AsFlag(command *cobra.Command, s *connect.Servers) {
	command.Flags().StringVar(&s.As, "as", "", "use the session of this `ACTOR`, a handle or a DID (default the current account)")
	command.RegisterFlagCompletionFunc("as", CompleteAs) // the flag is there: this cannot fail
}

// CompleteAs completes the value of --as with the handles of the accounts that are logged in.
func CompleteAs(command *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var handles []string
	if store, err := auth.OpenStore(""); err == nil {
		sessions, _ := store.List(command.Context())
		for _, session := range sessions {
			handles = append(handles, string(session.Handle))
		}
	}
	return handles, cobra.ShellCompDirectiveNoFileComp
}

// NoteMisspelt prints on standard error that a collection may be misspelt, if it resembles one of Layers. That is not
// an error: lexicons newer than this command may define the collection.
func NoteMisspelt(command *cobra.Command, collection syntax.NSID) {
	if question := names.Misspelt(collection, names.Collections); question != "" {
		terminal.Printf(command.ErrOrStderr(), "layers: no lexicon is known for the collection %s: %s\n", collection, question)
	}
}

// FromFlag adds the flag --from, which names a directory of layers follow to read instead of a server.
func FromFlag(command *cobra.Command, value *string) {
	command.Flags().StringVar(value, "from", "", "read the `DIR` of layers follow in place of a server")
}

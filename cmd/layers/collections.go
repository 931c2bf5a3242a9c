package main

import (
	"bytes"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/lexicon"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
)

func collectionsCommand() *cobra.Command {
	var lines bool
	command := &cobra.Command{
		Use:     "collections [NAME]",
		GroupID: cli.GroupRead,
		Short:   "List the collections of Layers, or show the fields of a definition",
		Long: `Collections lists the collections of Layers with a description of their records. With
a NAME it shows that definition: its fields, their types and limits, and which of them
are required. It needs no network.

NAME is a collection, a method, or any other definition of the lexicons of Layers,
with or without pub.layers.: expression.expression, corpus.listCorpora, defs#anchor.
For a document without a main definition, such as annotation.defs, all definitions
are shown. maxLength counts the bytes of a string and the items of an array.

With --jsonl each definition is a JSON object, in which the limits have the same
names as in lexicons.`,
		Example: `  layers collections
  layers collections expression.expression
  layers collections defs#anchor
  layers collections corpus.corpus --jsonl | jq -r '.fields[] | select(.required) | .name'`,
		Args: cli.Arguments(0, 1, "at most one NAME"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return cli.Names(lexicon.Names(), text), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(command *cobra.Command, args []string) error {
			wanted := names.Collections
			if len(args) > 0 {
				wanted = args
			}
			var defs []lexicon.Def
			for _, name := range wanted {
				found, err := lexicon.Find(name)
				if err != nil {
					return err
				}
				defs = append(defs, found...)
			}
			var b bytes.Buffer
			for i, def := range defs {
				switch {
				case lines:
					output.JSON(&b, def) // to memory: this cannot fail
				case len(args) > 0:
					if i > 0 {
						b.WriteString("\n")
					}
					def.Print(&b)
				default:
					terminal.Printf(&b, "%-30s %s\n", strings.TrimPrefix(def.Name, names.Own), firstSentence(def.Description))
				}
			}
			out := command.OutOrStdout()
			if lines {
				out = terminal.Exact(out)
			}
			_, err := out.Write(b.Bytes())
			return err
		},
	}
	command.Flags().BoolVar(&lines, "jsonl", false, "print one JSON object per line, for each definition")
	return command
}

// firstSentence returns the first sentence of a description, or the part before its first semicolon, without the final
// period.
func firstSentence(text string) string {
	for _, end := range []string{". ", "; "} {
		if before, _, ok := strings.Cut(text, end); ok {
			text = before
		}
	}
	return strings.TrimSuffix(text, ".")
}

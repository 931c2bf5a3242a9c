package main

import (
	"bufio"
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func queryCommand(s *connect.Servers) *cobra.Command {
	var asJSON, lines bool
	command := &cobra.Command{
		Use:     "query NSID [KEY=VALUE...]",
		GroupID: cli.GroupRead,
		Short:   "Call a query method of an appview",
		Long: `Query calls a query method of an appview and prints its response. The appview is
the URL in --appview or LAYERS_APPVIEW. Parameters are KEY=VALUE arguments; repeat a
key to pass several values. NSID is the method; those of Layers may be written
without pub.layers.:

` + names.Listing(names.Methods) + `

With --jsonl it fetches all pages and prints one JSON object per line for each item.
Responses of appviews are not verified; "layers get --proof" verifies a record.`,
		Example: `  layers query expression.getExpression uri=at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.expression.expression/3mabcdefghi2a
  layers query corpus.listCorpora repo=alice.example.com --jsonl`,
		Args: cli.Arguments(1, 1000, "an NSID and KEY=VALUE arguments"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return cli.Names(names.Methods, text), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			method, err := names.ParseMethod(args[0])
			if err != nil {
				return err
			}
			if err := s.Complete(); err != nil {
				return err
			}
			if s.Appview == "" {
				return exit.Misuse("no appview: set --appview or LAYERS_APPVIEW")
			}
			var params rpc.Params
			for _, arg := range args[1:] {
				key, value, ok := strings.Cut(arg, "=")
				if !ok || key == "" {
					return exit.Misuse("%q is not KEY=VALUE", arg)
				}
				params.String(key, value)
			}
			client, err := appview.New("", appview.WithNetwork(s.Network()), appview.WithXRPC(s.Calls()...))
			if err != nil {
				return err
			}
			if lines {
				return aboutMethod(method, queryLines(ctx, command, client, method, params))
			}
			answer, err := client.Get(ctx, string(method), params)
			if err != nil {
				return aboutMethod(method, err)
			}
			text, err := lex.EncodeJSON(&answer)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			if asJSON {
				out = terminal.Exact(out)
			} else {
				text = output.Indented(text)
			}
			_, err = out.Write(append(text, '\n'))
			return err
		}),
	}
	cli.JSONFlag(command, &asJSON)
	command.Flags().BoolVar(&lines, "jsonl", false, "fetch all pages, and print one JSON object per line, for each item")
	return command
}

func queryLines(ctx context.Context, command *cobra.Command, client *appview.Client, method syntax.NSID, params rpc.Params) error {
	out := bufio.NewWriter(terminal.Exact(command.OutOrStdout()))
	for item, err := range client.Items(ctx, string(method), params) {
		if err != nil {
			return errors.Join(out.Flush(), err)
		}
		text, err := lex.EncodeJSON(&item)
		if err != nil {
			return errors.Join(out.Flush(), err)
		}
		out.Write(text)
		if err := out.WriteByte('\n'); err != nil {
			return err
		}
	}
	return out.Flush()
}

// aboutMethod returns err, the error of a call. If the method is unknown but resembles a known one, it adds a hint that
// names that.
func aboutMethod(method syntax.NSID, err error) error {
	if question := names.Misspelt(method, names.Methods); err != nil && question != "" {
		return exit.WithHint(err, "no lexicon is known for the method %s: %s", method, question)
	}
	return err
}

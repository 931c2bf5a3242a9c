package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

func queryCommand(s *servers) *cobra.Command {
	var asJSON, lines bool
	command := &cobra.Command{
		Use:     "query NSID [KEY=VALUE...]",
		GroupID: groupRead,
		Short:   "Ask an appview",
		Long: `Query calls a query method of the appview that --appview or LAYERS_APPVIEW names,
and prints the answer. NSID may leave out pub.layers. in front; a key that takes
several values is repeated.

With --jsonl it goes through all pages and prints one line an item. An appview
only claims what it says: "layers get --proof" has a record proven.`,
		Example: `  layers query expression.getExpression uri=at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.expression.expression/3mabcdefghi2a
  layers query corpus.listCorpora repo=alice.example.com --jsonl`,
		Args: arguments(1, 1000, "an NSID and KEY=VALUE arguments"),
		RunE: online(func(ctx context.Context, command *cobra.Command, args []string) error {
			if err := s.complete(); err != nil {
				return err
			}
			if s.appview == "" {
				return misuse("which appview? Name one with --appview or LAYERS_APPVIEW")
			}
			var params lex.Params
			for _, arg := range args[1:] {
				key, value, ok := strings.Cut(arg, "=")
				if !ok || key == "" {
					return misuse("%q is not KEY=VALUE", arg)
				}
				params.String(key, value)
			}
			client, err := appview.New(s.appview, xrpc.WithAllowPrivate(s.allowPrivate), xrpc.WithUserAgent(userAgent()))
			if err != nil {
				return err
			}
			if _, err := appview.Name(args[0]); err != nil {
				return misuse("%v", err)
			}
			if lines {
				return queryLines(ctx, command, client, args[0], params)
			}
			answer, err := client.Get(ctx, args[0], params)
			if err != nil {
				return err
			}
			text, err := lex.EncodeJSON(&answer)
			if err != nil {
				return err
			}
			if !asJSON {
				text = indented(text)
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "%s\n", text)
			return err
		}),
	}
	jsonFlag(command, &asJSON)
	command.Flags().BoolVar(&lines, "jsonl", false, "go through all pages, and print one line of JSON an item")
	return command
}

func queryLines(ctx context.Context, command *cobra.Command, client *appview.Client, nsid string, params lex.Params) error {
	out := bufio.NewWriter(command.OutOrStdout())
	for item, err := range client.Items(ctx, nsid, params) {
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

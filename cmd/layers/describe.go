package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func describeCommand(s *connect.Servers) *cobra.Command {
	var asJSON, count bool
	command := &cobra.Command{
		Use:     "describe ACTOR",
		GroupID: cli.GroupRead,
		Short:   "Show the latest commit and the collections of a repository",
		Long: `Describe asks the account's PDS about its repository, and prints the latest commit,
its rev, and the collections that have records. ACTOR is a handle or a DID.

With --counts it downloads the repository, verifies it and its signature, and prints
the number of records in each collection, rather than relying on the server.

If the server does not return the latest commit, the rest is printed, and the exit
status is 1.`,
		Example: `  layers describe alice.example.com
  layers describe alice.example.com --counts
  layers describe alice.example.com --json | jq -r '.collections[]'`,
		Args: cli.Arguments(1, 1, "an ACTOR"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			actor, err := names.ParseActor(args[0])
			if err != nil {
				return err
			}
			client, err := s.Repos()
			if err != nil {
				return err
			}
			description, err := client.DescribeRepo(ctx, actor)
			if err != nil {
				return err
			}
			// A server may describe a repository without giving its newest commit, for example while the account is
			// being moved. Print the rest.
			latest, failed := client.GetLatestCommit(ctx, syntax.AtIdentifier(description.DID), nil)
			var counts map[syntax.NSID]int
			if count {
				if counts, latest, err = countRecords(ctx, client, description.DID); err != nil {
					return err
				}
				failed, description.Collections = nil, slices.Sorted(maps.Keys(counts))
			}
			out := command.OutOrStdout()
			if asJSON {
				answer := struct {
					DID         syntax.DID          `json:"did"`
					Handle      syntax.Handle       `json:"handle"`
					Commit      *cid.CID            `json:"commit"`
					Rev         *syntax.TID         `json:"rev"`
					Collections []syntax.NSID       `json:"collections"`
					Counts      map[syntax.NSID]int `json:"counts,omitempty"`
				}{DID: description.DID, Handle: description.Handle, Collections: description.Collections, Counts: counts}
				if failed == nil {
					answer.Commit, answer.Rev = &latest.CID, &latest.Rev
				}
				if answer.Collections == nil {
					answer.Collections = []syntax.NSID{}
				}
				return errors.Join(output.JSON(terminal.Exact(out), answer), failed)
			}
			commit, rev := "unknown", "unknown"
			if failed == nil {
				commit, rev = latest.CID.String(), string(latest.Rev)
			}
			err = terminal.Printf(out, "did     %s\nhandle  %s\ncommit  %s\nrev     %s\n", description.DID, cli.OrNone(string(description.Handle)), commit, rev)
			for i, collection := range description.Collections {
				name := ""
				if i == 0 {
					name = "records"
				}
				number := ""
				if count {
					number = fmt.Sprintf("%8d  ", counts[collection])
				}
				if err == nil {
					err = terminal.Printf(out, "%-7s %s%s\n", name, number, collection)
				}
			}
			return errors.Join(err, failed)
		}),
	}
	cli.JSONFlag(command, &asJSON)
	command.Flags().BoolVar(&count, "counts", false, "download and verify the repository, and count the records of each collection")
	return command
}

// countRecords downloads and verifies the repository of did. It returns the number of records in each collection, and
// the commit.
func countRecords(ctx context.Context, client *pds.Client, did syntax.DID) (map[syntax.NSID]int, pds.LatestCommit, error) {
	var latest pds.LatestCommit
	whole, err := client.GetRepo(ctx, syntax.AtIdentifier(did), nil)
	if err != nil {
		return nil, latest, err
	}
	defer whole.Close()
	latest.CID, latest.Rev = whole.CommitCID(), whole.Commit().Rev
	counts := map[syntax.NSID]int{}
	for leaf, err := range whole.Leaves(ctx) {
		if err != nil {
			return nil, latest, err
		}
		counts[leaf.Collection]++
	}
	return counts, latest, nil
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

// maxRecordFile is the largest file with one record that is read, in bytes; servers accept less.
const maxRecordFile = 16 << 20

func createCommand(s *connect.Servers) *cobra.Command {
	var rkey string
	var unknown bool
	command := &cobra.Command{
		Use:     "create COLLECTION [FILE]",
		GroupID: groupWrite,
		Short:   "Create a record",
		Long: `Create writes the JSON record in FILE, or on standard input, to the repository of the
account that is logged in, and prints the record's URI and CID as one line of JSON.
COLLECTION is an NSID; the collections of Layers may be written without pub.layers.

The record may omit its $type. It is validated against its lexicon first; if it is
invalid, the error lists all issues, and nothing is sent. The record key is a new
TID unless --rkey sets it.`,
		Example: `  layers create corpus.corpus corpus.json
  jq -n '{name: "Stories", createdAt: (now | todate)}' | layers create corpus.corpus`,
		Args:              arguments(1, 2, "a COLLECTION and a FILE"),
		ValidArgsFunction: completeRecordFile,
		RunE: writing(func(ctx context.Context, command *cobra.Command, args []string) error {
			collection, err := names.ParseCollection(args[0])
			if err != nil {
				return err
			}
			options := &write.CreateOptions{Lookup: records.Lookup, AllowUnknown: unknown}
			if rkey != "" {
				if options.RecordKey, err = syntax.ParseRecordKey(rkey); err != nil {
					return exit.Misuse("--rkey: %v", err)
				}
			}
			if !unknown {
				if err := names.RequireLexicon(collection); err != nil {
					return err
				}
			}
			record, err := readRecord(ctx, command, collection, args[1:])
			if err != nil {
				return err
			}
			client, err := s.Session(ctx)
			if err != nil {
				return err
			}
			ref, err := write.Create(ctx, client, record, options)
			return printRef(command, ref, err)
		}),
	}
	command.Flags().StringVar(&rkey, "rkey", "", "the record `KEY` (default a new TID)")
	unknownFlag(command, &unknown)
	anyPDSFlag(command, s)
	return command
}

func putCommand(s *connect.Servers) *cobra.Command {
	var swap string
	var drop, unknown bool
	command := &cobra.Command{
		Use:     "put RECORD [FILE]",
		GroupID: groupWrite,
		Short:   "Create or replace a record",
		Long: `Put writes the JSON record in FILE, or on standard input, under the record key of
RECORD, and prints the record's URI and CID as one line of JSON. RECORD is
COLLECTION/RECORD-KEY or an at-uri, and belongs to the account that is logged in.
If the stored record is the same already, nothing is written.

If the stored record has fields that the new one lacks, put fails and lists them,
unless --drop-fields is set. If another program writes the record at the same time,
one of the two fails.`,
		Example: `  layers put corpus.corpus/3mabcdefghi2a corpus.json
  layers get --json at://alice.example.com/pub.layers.corpus.corpus/3mabcdefghi2a |
    jq '.value | .name = "Tales"' | layers put corpus.corpus/3mabcdefghi2a`,
		Args: arguments(1, 2, "a RECORD and a FILE"),
		RunE: writing(func(ctx context.Context, command *cobra.Command, args []string) error {
			options := &write.PutOptions{Lookup: records.Lookup, AllowUnknown: unknown, DropFields: drop}
			if swap == "none" {
				options.Swap = lex.NullOf[cid.CID]()
			} else if c, given, err := parseSwap(swap); err != nil {
				return err
			} else if given {
				options.Swap = lex.ValueOrNull(c)
			}
			target, err := parseTarget(args[0])
			if err != nil {
				return err
			}
			if !unknown {
				if err := names.RequireLexicon(target.collection); err != nil {
					return err
				}
			}
			record, err := readRecord(ctx, command, target.collection, args[1:])
			if err != nil {
				return err
			}
			client, err := s.Session(ctx)
			if err != nil {
				return err
			}
			if err := target.check(ctx, s, client); err != nil {
				return err
			}
			ref, err := write.Put(ctx, client, target.key, record, options)
			return printRef(command, ref, err)
		}),
	}
	command.Flags().BoolVar(&drop, "drop-fields", false, "allow removing fields that only the stored record has")
	command.Flags().StringVar(&swap, "swap", "", "write only if the stored record has this `CID`, or, for none, if there is no record")
	unknownFlag(command, &unknown)
	anyPDSFlag(command, s)
	return command
}

func deleteCommand(s *connect.Servers) *cobra.Command {
	var swap string
	command := &cobra.Command{
		Use:     "delete RECORD",
		GroupID: groupWrite,
		Short:   "Delete a record",
		Long: `Delete deletes RECORD, which is COLLECTION/RECORD-KEY or an at-uri, and belongs to
the account that is logged in. It is not an error if the record does not exist.`,
		Example: `  layers delete corpus.corpus/3mabcdefghi2a`,
		Args:    arguments(1, 1, "a RECORD"),
		RunE: writing(func(ctx context.Context, command *cobra.Command, args []string) error {
			c, _, err := parseSwap(swap)
			if err != nil {
				return err
			}
			target, err := parseTarget(args[0])
			if err != nil {
				return err
			}
			noteMisspelt(command, target.collection)
			client, err := s.Session(ctx)
			if err != nil {
				return err
			}
			if err := target.check(ctx, s, client); err != nil {
				return err
			}
			uri, err := syntax.NewATURI(syntax.AtIdentifier(client.DID()), target.collection, target.key)
			if err != nil {
				return err
			}
			if err := write.Delete(ctx, client, uri, &write.DeleteOptions{Swap: c}); err != nil {
				return err
			}
			terminal.Printf(command.ErrOrStderr(), "deleted %s\n", uri)
			return nil
		}),
	}
	command.Flags().StringVar(&swap, "swap", "", "delete only if the record has this `CID`")
	anyPDSFlag(command, s)
	return command
}

// writing is [online] for commands that write records: it adds advice to the error that the account has moved away from
// the session's server.
func writing(do func(ctx context.Context, command *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return online(func(ctx context.Context, command *cobra.Command, args []string) error {
		err := do(ctx, command, args)
		if moved, ok := errors.AsType[*auth.MovedError](err); ok {
			return exit.WithHint(err, "if %s is the account's PDS under another address, add --any-pds", moved.Session)
		}
		return err
	})
}

// completeRecordFile completes a collection and then a file.
func completeRecordFile(command *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 1 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return completeCollection(0)(command, args, text)
}

// readRecord reads a record of a collection from the file in args, or from standard input if there is none.
func readRecord(ctx context.Context, command *cobra.Command, collection syntax.NSID, args []string) (*write.Untyped, error) {
	name, data, err := readInput(ctx, command, args)
	if err != nil {
		return nil, err
	}
	record, err := write.ParseRecord(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place(name, data, err), err)
	}
	if _, ok := record.Get("$type"); !ok {
		typ, err := lex.ValueOf(string(collection))
		if err != nil {
			return nil, err
		}
		record.Set("$type", typ)
	}
	if record.RecordType() != collection {
		return nil, exit.Misuse("%s: the record's $type is %s, not %s", name, record.RecordType(), collection)
	}
	return record, nil
}

// place names a file, and the line and column, in characters, where its JSON is broken, or else where
// the first of the issues is.
func place(name string, data []byte, err error) string {
	issues := issue.Of(err)
	if len(issues) == 0 {
		return name
	}
	problem := issues[0]
	if i := slices.IndexFunc(issues, func(i issue.Issue) bool { return i.Rule == issue.RuleSyntax }); i >= 0 {
		problem = issues[i] // it may be the cause of others
	}
	before := data[:min(max(problem.Offset, 0), len(data))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return fmt.Sprintf("%s:%d:%d", name, bytes.Count(before, []byte("\n"))+1, utf8.RuneCount(before[start:])+1)
}

// readInput reads the file in args, or standard input if there is none.
func readInput(ctx context.Context, command *cobra.Command, args []string) (name string, data []byte, err error) {
	name, source := "standard input", command.InOrStdin()
	if len(args) > 0 && args[0] != "-" {
		file, err := terminal.Open(ctx, args[0])
		if err != nil {
			return "", nil, err
		}
		defer file.Close()
		name, source = args[0], terminal.Stream(ctx, file, command.ErrOrStderr())
	}
	data, err = io.ReadAll(io.LimitReader(source, maxRecordFile+1))
	if err == nil && len(data) > maxRecordFile {
		err = fmt.Errorf("larger than %d bytes, the limit for a record", maxRecordFile)
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	return name, data, nil
}

// printRef prints the record that was written, unless err says that none was.
func printRef(command *cobra.Command, ref write.Ref, err error) error {
	if err != nil {
		return err
	}
	return output.JSON(terminal.Exact(command.OutOrStdout()), struct {
		URI syntax.ATURI `json:"uri"`
		CID cid.CID      `json:"cid"`
	}{ref.URI, ref.CID})
}

// target is a record to write.
type target struct {
	actor      syntax.AtIdentifier // "" for the account that is logged in
	collection syntax.NSID
	key        syntax.RecordKey
}

// parseTarget parses an argument that names a record: an at-uri, or COLLECTION/RECORD-KEY.
func parseTarget(text string) (target, error) {
	if strings.HasPrefix(text, "at://") {
		uri, err := names.ParseRecordURI(text)
		return target{uri.Authority(), uri.Collection(), uri.RecordKey()}, err
	}
	name, rest, ok := strings.Cut(text, "/")
	if !ok {
		return target{}, exit.Misuse("invalid record %q: neither an at-uri nor COLLECTION/RECORD-KEY", text)
	}
	collection, err := names.ParseCollection(name)
	if err != nil {
		return target{}, err
	}
	key, err := syntax.ParseRecordKey(rest)
	if err != nil {
		return target{}, exit.Misuse("%q: %v", text, err)
	}
	return target{"", collection, key}, nil
}

// check returns an error unless the target is in the repository of the account.
func (t target) check(ctx context.Context, s *connect.Servers, client *auth.Client) error {
	if t.actor == "" {
		return nil
	}
	did, _ := t.actor.DID()
	if handle, ok := t.actor.Handle(); ok {
		var err error
		if did, err = s.Accounts(ctx)(handle); err != nil {
			return err
		}
	}
	if did != client.DID() {
		return fmt.Errorf("%s is not in the repository of %s, the account that is logged in", t.actor, client.DID())
	}
	return nil
}

func parseSwap(text string) (c cid.CID, given bool, err error) {
	if text == "" {
		return c, false, nil
	}
	if c, err = cid.Parse(text); err != nil {
		return c, false, exit.Misuse("--swap %q: %v", text, err)
	}
	return c, true, nil
}

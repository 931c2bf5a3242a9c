// Package input reads the records that the command writes to repositories, and parses the arguments that name them.
package input

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

// MaxRecord is the size in bytes of the largest file with one record that is read. Servers accept only smaller records.
const MaxRecord = 16 << 20

// Record reads a record of a collection from the file that args names, or from standard input if args is empty or "-".
// It adds the record's $type if that is missing, and returns an error if it is that of another collection.
func Record(ctx context.Context, command *cobra.Command, collection syntax.NSID, args []string) (*write.Untyped, error) {
	name, data, err := read(ctx, command, args)
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

// place returns the file's name with the line and the column, in characters, where its JSON is malformed, or else where
// the first of the issues in err is.
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

// read reads the file that args names, or standard input if args is empty or "-".
func read(ctx context.Context, command *cobra.Command, args []string) (name string, data []byte, err error) {
	name, source := "standard input", command.InOrStdin()
	if len(args) > 0 && args[0] != "-" {
		file, err := terminal.Open(ctx, args[0])
		if err != nil {
			return "", nil, err
		}
		defer file.Close()
		name, source = args[0], terminal.Stream(ctx, file, command.ErrOrStderr())
	}
	data, err = io.ReadAll(io.LimitReader(source, MaxRecord+1))
	if err == nil && len(data) > MaxRecord {
		err = fmt.Errorf("larger than %d bytes, the limit for a record", MaxRecord)
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	return name, data, nil
}

// Target is a record to write.
type Target struct {
	Actor      syntax.AtIdentifier // "" for the account that is logged in
	Collection syntax.NSID
	Key        syntax.RecordKey
}

// ParseTarget parses an argument that names a record: an at-uri, or COLLECTION/RECORD-KEY.
func ParseTarget(text string) (Target, error) {
	if strings.HasPrefix(text, "at://") {
		uri, err := names.ParseRecordURI(text)
		return Target{uri.Authority(), uri.Collection(), uri.RecordKey()}, err
	}
	name, rest, ok := strings.Cut(text, "/")
	if !ok {
		return Target{}, exit.Misuse("invalid record %q: neither an at-uri nor COLLECTION/RECORD-KEY", text)
	}
	collection, err := names.ParseCollection(name)
	if err != nil {
		return Target{}, err
	}
	key, err := syntax.ParseRecordKey(rest)
	if err != nil {
		return Target{}, exit.Misuse("%q: %v", text, err)
	}
	return Target{"", collection, key}, nil
}

// Check returns an error unless the target is in the repository of client's account.
func (t Target) Check(ctx context.Context, s *connect.Servers, client *auth.Client) error {
	if t.Actor == "" {
		return nil
	}
	did, _ := t.Actor.DID()
	if handle, ok := t.Actor.Handle(); ok {
		var err error
		if did, err = s.Accounts(ctx)(handle); err != nil {
			return err
		}
	}
	if did != client.DID() {
		return fmt.Errorf("%s is not in the repository of %s, the account that is logged in", t.Actor, client.DID())
	}
	return nil
}

// ParseSwap parses the value of --swap, and reports whether it was given.
func ParseSwap(text string) (c cid.CID, given bool, err error) {
	if text == "" {
		return c, false, nil
	}
	if c, err = cid.Parse(text); err != nil {
		return c, false, exit.Misuse("--swap %q: %v", text, err)
	}
	return c, true, nil
}

package blobs

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// listed is a blob as ls prints it.
type listed struct {
	CID      string       `json:"cid"`
	MimeType string       `json:"mimeType,omitempty"`
	Size     int64        `json:"size,omitempty"`
	URI      syntax.ATURI `json:"uri,omitempty"` // of the record that refers to it
}

func ls(s *connect.Servers) *cobra.Command {
	var lines, byRecord, missing bool
	var cursor string
	var limit int
	command := &cobra.Command{
		Use:   "ls [ACTOR]",
		Short: "List the blobs of a repository",
		Long: `Ls lists the CIDs of the blobs that the server has for the records of an account.
ACTOR is a handle or a DID.

With --records it downloads and verifies the repository instead, and lists the
references to blobs in its records: the CID, the media type, the size and the URI of
the record. With --missing it lists the blobs that the server lacks, for example after
the account has moved, and the records that refer to them. Only the account itself may
list these, so ACTOR is left out: it is the account that is logged in, or that of --as.

If the list fails midway, the error says how to continue.`,
		Example: `  layers blob ls alice.example.com
  layers blob ls alice.example.com --records --jsonl
  layers blob ls --missing`,
		Args: cli.Arguments(0, 1, "an ACTOR"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			switch {
			case missing && byRecord:
				return exit.Misuse("--missing cannot be combined with --records")
			case missing != (len(args) == 0):
				return exit.Misuse("name an ACTOR, or list the missing blobs of the account that is logged in with --missing")
			case cursor != "" && byRecord:
				return exit.Misuse("--cursor cannot be combined with --records, which always reads the whole repository")
			case limit < 0:
				return exit.Misuse("--limit %d: must not be negative", limit)
			case s.As != "" && !missing:
				return exit.Misuse("--as can only be used with --missing")
			}
			reached := cursor
			checkpoint := func(cursor string) { reached = cursor }
			var list iter.Seq2[listed, error]
			if missing {
				client, err := s.Session(ctx)
				if err != nil {
					return err
				}
				list = missingBlobs(ctx, client, cursor)
			} else {
				actor, err := names.ParseActor(args[0])
				if err != nil {
					return err
				}
				client, err := s.Repos()
				if err != nil {
					return err
				}
				if byRecord {
					list = references(ctx, client, actor)
				} else {
					list = served(ctx, client, actor, &pds.ListBlobsOptions{Cursor: cursor, Checkpoint: checkpoint})
				}
			}
			out, count, err := bufio.NewWriter(terminal.Exact(command.OutOrStdout())), 0, error(nil)
			for blob, failed := range list {
				if err = failed; err != nil {
					break
				}
				if lines {
					output.JSON(out, blob) // out keeps its error for Flush
				} else if blob.URI == "" {
					terminal.Printf(out, "%s\n", blob.CID)
				} else if missing {
					terminal.Printf(out, "%s\t%s\n", blob.CID, blob.URI)
				} else {
					terminal.Printf(out, "%s\t%s\t%d\t%s\n", blob.CID, blob.MimeType, blob.Size, blob.URI)
				}
				if count++; count == limit {
					break
				}
			}
			if err = errors.Join(out.Flush(), err); err != nil {
				if reached != "" {
					err = exit.WithHint(err, "%v blobs were listed; continue with --cursor %q", count, reached)
				}
				return err
			}
			return terminal.Note(command.ErrOrStderr(), "%s\n", terminal.Number(count, "blob"))
		}),
	}
	cli.AsFlag(command, s)
	flags := command.Flags()
	flags.BoolVar(&lines, "jsonl", false, "print one JSON object per line, for each blob")
	flags.BoolVar(&byRecord, "records", false, "list the references to blobs in the records of the verified repository")
	flags.BoolVar(&missing, "missing", false, "list the blobs that the server lacks")
	flags.IntVar(&limit, "limit", 0, "stop after `N` blobs; 0 for no limit")
	flags.StringVar(&cursor, "cursor", "", "start after this `CURSOR`")
	return command
}

// served yields the CIDs of the blobs that the account's PDS has.
func served(ctx context.Context, client *pds.Client, actor syntax.AtIdentifier, options *pds.ListBlobsOptions) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		for c, err := range client.ListBlobs(ctx, actor, options) {
			if !yield(listed{CID: c.String()}, err) {
				return
			}
		}
	}
}

// missingBlobs yields the blobs that the account's PDS lacks, with the URIs of the records that refer to them
// (com.atproto.repo.listMissingBlobs).
func missingBlobs(ctx context.Context, account rpc.Caller, cursor string) iter.Seq2[listed, error] {
	var params rpc.Params
	params.String("limit", "1000")
	if cursor != "" {
		params.String("cursor", cursor)
	}
	newPage := func() *rec.Page[listed] { return rec.NewPage("blobs", decodeMissing) }
	return func(yield func(listed, error) bool) {
		for blob, err := range rec.QueryPages(ctx, account, "com.atproto.repo.listMissingBlobs", params, newPage) {
			if err != nil {
				yield(listed{}, err)
				return
			}
			if !yield(*blob, nil) {
				return
			}
		}
	}
}

// decodeMissing decodes an item of the response to com.atproto.repo.listMissingBlobs.
func decodeMissing(_ context.Context, raw lex.Raw) (*listed, error) {
	var item struct {
		CID       string       `json:"cid"`
		RecordURI syntax.ATURI `json:"recordUri"`
	}
	if err := json.Unmarshal(raw.Data, &item); err != nil {
		return nil, err
	}
	c, err := cid.Parse(item.CID)
	if err != nil {
		return nil, err
	}
	uri, err := syntax.ParseATURI(string(item.RecordURI))
	return &listed{CID: c.String(), URI: uri}, err
}

// references downloads and verifies a repository, and yields the blobs to which its records refer.
func references(ctx context.Context, client *pds.Client, actor syntax.AtIdentifier) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		whole, err := client.GetRepo(ctx, actor, nil)
		if err != nil {
			yield(listed{}, err)
			return
		}
		defer whole.Close()
		for record, err := range whole.Records(ctx) {
			if err != nil {
				yield(listed{}, err)
				return
			}
			for _, blob := range inRecord(whole.Commit().DID, record) {
				if !yield(blob, nil) {
					return
				}
			}
		}
	}
}

// inRecord returns the blobs to which a record in the repository of did refers. It returns none for a record that
// cannot be converted to JSON.
func inRecord(did syntax.DID, record repo.Record) (found []listed) {
	text, err := lex.CBORToJSON(record.Data)
	if err != nil {
		return nil
	}
	var value any
	if json.Unmarshal(text, &value) != nil {
		return nil
	}
	uri, _ := syntax.NewATURI(syntax.AtIdentifier(did), record.Collection, record.RecordKey) // the archive is verified
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, item := range value {
				walk(item)
			}
		case map[string]any:
			if value["$type"] == "blob" {
				if blob := blobOf(value); blob.CID != "" {
					blob.URI = uri
					found = append(found, blob)
					return
				}
			}
			for _, name := range slices.Sorted(maps.Keys(value)) {
				walk(value[name])
			}
		}
	}
	walk(value)
	return found
}

// blobOf returns the CID, media type and size in a blob object. Its CID is "" if the object has no valid reference.
func blobOf(object map[string]any) (b listed) {
	if ref, ok := object["ref"].(map[string]any); ok {
		b.CID, _ = ref["$link"].(string)
	}
	b.MimeType, _ = object["mimeType"].(string)
	if size, ok := object["size"].(float64); ok {
		b.Size = int64(size)
	}
	return b
}

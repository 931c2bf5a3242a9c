package archive

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// maxLine is the longest line of a file of records, in bytes.
const maxLine = 16 << 20

// EachRecord calls each for every record of a known collection in the files at path: an archive (.car), a file of JSON
// lines with "uri" and "value" as decode --jsonl prints them (.jsonl), a directory with such files, or a directory of
// layers follow. It passes the issues of an invalid record to each; the record is then as complete as it could be
// decoded.
func EachRecord(ctx context.Context, path string, stderr io.Writer, each func(syntax.ATURI, lex.Record, []issue.Issue)) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	files := []string{path}
	if info.IsDir() {
		if _, err := os.Stat(filepath.Join(path, FollowFile)); err == nil {
			return eachFollowed(ctx, path, each)
		}
		if files, err = FilesIn(path); err != nil {
			return err
		}
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".jsonl") {
			err = eachLine(ctx, file, each)
		} else {
			err = eachArchived(ctx, file, stderr, each)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// FollowFile is the name of the file, in the directory of layers follow, in which that command keeps records.
const FollowFile = "records.db"

// eachFollowed calls each for the records in a directory of layers follow, but not for those of inactive accounts.
func eachFollowed(ctx context.Context, directory string, each func(syntax.ATURI, lex.Record, []issue.Issue)) error {
	store, err := boltstore.OpenSnapshot(ctx, filepath.Join(directory, FollowFile))
	if err != nil {
		return fmt.Errorf("%s: %w", directory, err)
	}
	defer store.Close()
	for r, err := range store.Repos(ctx) {
		if err != nil {
			return err
		}
		if r.Phase == follow.Inactive {
			continue
		}
		for e, err := range store.Records(ctx, r.DID, "", nil) {
			if err != nil {
				return err
			}
			def, ok := records.Lookup(e.URI.Collection())
			if !ok {
				continue
			}
			value := def.New()
			each(e.URI, value, issue.Of(lex.DecodeCBOR(e.Data, value)))
		}
	}
	return nil
}

// FilesIn returns the sorted paths of the files with records (.car and .jsonl) in a directory and the directories below
// it. It is an error if there are none.
func FilesIn(directory string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(directory, func(path string, entry os.DirEntry, err error) error {
		if extension := filepath.Ext(path); err == nil && entry.Type().IsRegular() && (extension == ".car" || extension == ".jsonl") {
			files = append(files, path)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s has no archives (.car) and no files of records (.jsonl)", directory)
	}
	slices.Sort(files)
	return files, err
}

// eachArchived calls each for every record of a known collection in the archive called file.
func eachArchived(ctx context.Context, file string, stderr io.Writer, each func(syntax.ATURI, lex.Record, []issue.Issue)) error {
	opened, err := Open(ctx, file, nil, stderr)
	if err != nil {
		return err
	}
	defer opened.Close()
	return EachOf(ctx, opened.Repo, each)
}

// EachOf calls each for every record of a known collection in a repository, as [EachRecord] does.
func EachOf(ctx context.Context, from *repo.Repo, each func(syntax.ATURI, lex.Record, []issue.Issue)) error {
	for record, err := range from.Decode(ctx, records.Lookup, nil) {
		if err != nil {
			return err
		}
		if record.Value != nil {
			each(record.URI(), record.Value, record.Issues)
		}
	}
	return nil
}

// eachLine calls each for every record of a known collection in a file of JSON lines.
func eachLine(ctx context.Context, file string, each func(syntax.ATURI, lex.Record, []issue.Issue)) error {
	source, err := os.Open(file)
	if err != nil {
		return err
	}
	defer source.Close()
	lines := bufio.NewScanner(source)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		var line struct {
			URI   string          `json:"uri"`
			Value json.RawMessage `json:"value"`
		}
		err := json.Unmarshal(lines.Bytes(), &line)
		if err == nil && line.URI == "" {
			err = errors.New(`no "uri"`)
		}
		var uri syntax.ATURI
		if err == nil {
			uri, err = syntax.ParseATURI(line.URI)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		def, ok := records.Lookup(uri.Collection())
		if !ok || line.Value == nil {
			continue
		}
		value := def.New()
		each(uri, value, issue.Of(lex.DecodeJSON(line.Value, value)))
	}
	return lines.Err()
}

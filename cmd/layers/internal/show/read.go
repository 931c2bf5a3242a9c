package show

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/copied"
	"github.com/layers-pub/layers-go/cmd/layers/internal/input"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/cmd/layers/internal/treebanks"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// maxFile is the size of the largest file of JSON that is not one of JSON lines, in bytes.
const maxFile = 64 << 20

// unnamed is the prefix of the URIs that are made up for records without one, so that they can be distinguished;
// unnamedDID is the account in them.
const (
	unnamed    = "at://" + unnamedDID + "/"
	unnamedDID = "did:web:file.invalid"
)

// Read adds the records at path: of an archive (.car), of JSON lines (.jsonl), of a treebank (.conllu), of a file of
// JSON, of all archives and JSON lines in a directory, or of a directory of layers follow. If path is "-", it reads
// JSON from stdin.
func (s *Set) Read(ctx context.Context, path string, stdin io.Reader, stderr io.Writer) error {
	if path == "-" {
		return s.json(path, stdin)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return s.file(ctx, path, stderr)
	}
	if IsFollowed(path) {
		return s.followed(ctx, path)
	}
	files, err := archive.FilesIn(path)
	for _, file := range files {
		if err = s.file(ctx, file, stderr); err != nil {
			break
		}
	}
	return err
}

// IsFollowed reports whether path is a directory of layers follow.
func IsFollowed(path string) bool {
	_, err := os.Stat(copied.File(path))
	return err == nil
}

// file adds the records of a file, whose format depends on its extension.
func (s *Set) file(ctx context.Context, path string, stderr io.Writer) error {
	var err error
	switch filepath.Ext(path) {
	case ".car":
		err = s.archive(ctx, path, stderr)
	case ".conllu":
		return s.treebank(ctx, path, stderr)
	default:
		file, openErr := terminal.Open(ctx, path)
		if openErr != nil {
			return openErr
		}
		defer file.Close()
		if source := terminal.Stream(ctx, file, nil); filepath.Ext(path) == ".jsonl" {
			err = s.lines(ctx, path, source)
		} else {
			err = s.json(path, source)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// archive adds the records of an archive.
func (s *Set) archive(ctx context.Context, path string, stderr io.Writer) error {
	opened, err := archive.Open(ctx, path, nil, stderr)
	if err != nil {
		return err
	}
	defer opened.Close()
	for d, err := range opened.Decode(ctx, records.Lookup, nil) {
		if err != nil {
			return err
		}
		s.add(&record{Envelope: d.Envelope(), place: path, value: d.Value, issues: d.Issues})
	}
	return nil
}

// treebank adds the records that layers import conllu would make of a CoNLL-U file.
func (s *Set) treebank(ctx context.Context, path string, stderr io.Writer) error {
	all, err := treebanks.Records(ctx, stderr, path, unnamedDID)
	if err != nil {
		return err
	}
	for _, r := range all {
		data, err := lex.EncodeCBOR(r.Value)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		s.add(&record{Envelope: rec.Envelope{URI: r.URI, Data: data, Encoding: lex.CBOR}, place: path, value: r.Value})
	}
	return nil
}

// followed adds the records in a directory of layers follow, but not those of inactive accounts.
func (s *Set) followed(ctx context.Context, directory string) error {
	store, err := boltstore.OpenSnapshot(ctx, copied.File(directory))
	if err != nil {
		return copied.Error(err, directory)
	}
	defer store.Close()
	for r, err := range store.Repos(ctx) {
		if err != nil {
			return err
		}
		if r.Phase == follow.Inactive {
			s.note("%s is not active: its records are not shown", r.DID)
			continue
		}
		for e, err := range store.Records(ctx, r.DID, "", nil) {
			if err != nil {
				return err
			}
			one := decode(ctx, e)
			one.place = directory
			s.add(one)
		}
	}
	return nil
}

// lines adds the records of a file of JSON lines.
func (s *Set) lines(ctx context.Context, path string, source io.Reader) error {
	scanner := bufio.NewScanner(source)
	scanner.Buffer(nil, input.MaxRecord)
	n := 1
	for ; scanner.Scan(); n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(bytes.TrimSpace(scanner.Bytes())) == 0 {
			continue
		}
		if err := s.value(fmt.Sprintf("%s:%d", path, n), bytes.Clone(scanner.Bytes())); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if errors.Is(scanner.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d: longer than %d bytes", n, input.MaxRecord)
	}
	return scanner.Err()
}

// json adds the records of a file of JSON: one record, several after each other, an array of records, or a server's
// response with a list of records.
func (s *Set) json(path string, source io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(source, maxFile+1))
	if err != nil {
		return err
	}
	if len(text) > maxFile {
		return fmt.Errorf("larger than %d bytes, the limit for a file of JSON; records in an archive or in JSON lines may take more", maxFile)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	for n := 1; ; n++ {
		var value json.RawMessage
		if err := decoder.Decode(&value); err == io.EOF {
			return nil
		} else if malformed, ok := errors.AsType[*json.SyntaxError](err); ok {
			return fmt.Errorf("offset %d: %w", malformed.Offset, err)
		} else if err != nil {
			return err
		}
		if err := s.values(path, value); err != nil {
			return err
		}
	}
}

// values adds the records in a JSON value: the items of an array, the "records" of a server's response, or else the
// value itself.
func (s *Set) values(place string, text json.RawMessage) error {
	items := []json.RawMessage(nil)
	if text[0] == '[' {
		if err := json.Unmarshal(text, &items); err != nil {
			return err
		}
	} else {
		var list struct {
			Type    string            `json:"$type"`
			Records []json.RawMessage `json:"records"`
		}
		if err := json.Unmarshal(text, &list); err != nil || list.Type != "" || list.Records == nil {
			return s.value(place, text)
		}
		items = list.Records
	}
	for i, item := range items {
		if err := s.value(fmt.Sprintf("%s[%d]", place, i), item); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	return nil
}

// value adds the record in text, which is either a record in JSON or an object with "uri" and "value". An object with a
// URI but no value, such as an operation that deletes a record, is skipped, and a note says so.
func (s *Set) value(place string, text []byte) error {
	var line struct {
		Type  string          `json:"$type"`
		URI   string          `json:"uri"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(text, &line); err != nil {
		return err
	}
	e := rec.Envelope{Data: text, Encoding: lex.JSON}
	switch {
	case line.Type != "":
		collection, err := syntax.ParseNSID(line.Type)
		if err != nil {
			return fmt.Errorf("$type: %w", err)
		}
		e.URI = syntax.ATURI(fmt.Sprintf("%s%s/%d", unnamed, collection, len(s.records)+1))
	case line.URI == "":
		return errors.New(`neither a record with "$type" nor an object with "uri" and "value"`)
	default:
		uri, err := syntax.ParseATURI(line.URI)
		if err != nil {
			return err
		}
		if uri.RecordKey() == "" {
			return fmt.Errorf("%s is not the URI of a record", uri)
		}
		if line.Value == nil || string(line.Value) == "null" {
			s.note("%s: no record of %s", place, uri)
			return nil
		}
		e.URI, e.Data = uri, line.Value
	}
	r := decode(context.Background(), e)
	r.place = place
	s.add(r)
	return nil
}

// Package treebanks implements the import and export commands, which read and write files of treebanks.
package treebanks

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/linguistics/conllu"
	"github.com/layers-pub/layers-go/linguistics/treebank"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

// maxMalformed is the most errors that are printed for one file.
const maxMalformed = 100

// ReadSentences reads the sentences of the CoNLL-U file called name, or of stdin if name is "-". If the file is
// malformed, it prints the errors to stderr, up to 100, and returns an error.
func ReadSentences(ctx context.Context, stdin io.Reader, stderr io.Writer, name string) ([]*conllu.Sentence, error) {
	if name == "-" {
		return sentencesOf(ctx, stdin, stderr, name)
	}
	file, err := terminal.Open(ctx, name)
	if err != nil {
		return nil, exit.Failure(err)
	}
	defer file.Close()
	return sentencesOf(ctx, file, stderr, name)
}

// Records returns the records that layers import would make of a CoNLL-U file for the repository of did, for commands
// that only show them. It prints the errors of a malformed file to stderr.
func Records(ctx context.Context, stderr io.Writer, name string, did syntax.DID) ([]treebank.Record, error) {
	sentences, err := ReadSentences(ctx, nil, stderr, name)
	if err != nil {
		return nil, err
	}
	created := syntax.Datetime(time.Now().UTC().Format(timeLayout))
	all, err := treebank.Import(sentences, &treebank.Options{DID: did, Document: documentOf(name), CreatedAt: created, MaxRecord: 1 << 40})
	if err != nil {
		return nil, exit.Failure(exit.About(name, err))
	}
	return all, nil
}

// timeLayout is the layout of the times in records, as for [time.Time.Format].
const timeLayout = "2006-01-02T15:04:05.000Z"

// documentOf returns the default name of the document in a file: the base name of the file without .conllu.
func documentOf(name string) string { return strings.TrimSuffix(filepath.Base(name), ".conllu") }

// sentencesOf is [ReadSentences] for an open file.
func sentencesOf(ctx context.Context, source io.Reader, stderr io.Writer, name string) ([]*conllu.Sentence, error) {
	var sentences []*conllu.Sentence
	malformed := 0
	for sentence, err := range conllu.Read(source) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if syntaxError, ok := errors.AsType[*conllu.SyntaxError](err); ok {
			if malformed++; malformed <= maxMalformed {
				terminal.Printf(stderr, "%s: %v\n", name, syntaxError)
			}
			continue
		}
		if err != nil {
			return nil, exit.Failure(exit.About(name, err))
		}
		sentences = append(sentences, sentence)
	}
	if malformed > 0 {
		return nil, exit.Failure(fmt.Errorf("%s is malformed: %s", name, terminal.Number(malformed, "error")))
	}
	if len(sentences) == 0 {
		return nil, exit.Failure(fmt.Errorf("%s: the file has no sentences", name))
	}
	return sentences, nil
}

// operation is an operation of layers apply, as a line of JSON.
type operation struct {
	Action string       `json:"action"`
	URI    syntax.ATURI `json:"uri"`
	Value  lex.Record   `json:"value,omitempty"`
}

// PrintBatch prints operations that put and remove records to stdout. To stderr it prints how many of total records
// they create, update and delete, how many write points that takes, and how much time. set has the existing records.
func PrintBatch(stdout, stderr io.Writer, set *treebank.Set, put []treebank.Record, remove []syntax.ATURI, total int) error {
	out := bufio.NewWriterSize(terminal.Exact(stdout), 64<<10)
	points, created := 0, 0
	for _, r := range put {
		points += 2
		if !set.Has(r.URI) {
			points++
			created++
		}
		if err := output.JSON(out, operation{"put", r.URI, r.Value}); err != nil {
			return err
		}
	}
	for _, uri := range remove {
		points++
		if err := output.JSON(out, operation{Action: "delete", URI: uri}); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return terminal.Note(stderr, "%s: %d to create, %d to update, %d to delete; %s%s\n",
		terminal.Number(total, "record"), created, len(put)-created, len(remove), terminal.Number(points, "write point"), output.PointsTime(points, write.DefaultHourlyPoints))
}

// Export writes the documents in set, which was read from path, as CoNLL-U: to files in directory, whose names and URIs
// it prints, or, if directory is "", to stdout. Then it is an error if there is more than one document.
func Export(stdout io.Writer, set *treebank.Set, path, directory string) error {
	documents := set.Documents()
	switch {
	case len(documents) == 0:
		return exit.Failure(fmt.Errorf("%s: no expression has tokens", path))
	case directory == "" && len(documents) > 1:
		return exit.WithHint(exit.Failure(fmt.Errorf("%s has %d documents", path, len(documents))), "name one by its AT-URI with --from %s, or write all to a directory with --output", path)
	case directory == "":
		return exit.Failure(set.Export(terminal.Exact(stdout), documents[0]))
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return exit.Failure(err)
	}
	for _, uri := range documents {
		// Two repositories may have a record of the same key.
		name := filepath.Join(directory, strings.ReplaceAll(string(uri.Authority()), ":", "-")+"-"+string(uri.RecordKey())+".conllu")
		if err := writeFile(name, func(w io.Writer) error { return set.Export(w, uri) }); err != nil {
			return exit.Failure(err)
		}
		terminal.Printf(stdout, "%s\t%s\n", name, uri)
	}
	return nil
}

// writeFile writes the file called name, which is created or replaced only when it is complete.
func writeFile(name string, write func(io.Writer) error) error {
	file, err := disk.NewPartial(name)
	if err != nil {
		return err
	}
	defer file.Discard()
	if err := write(file); err != nil {
		return err
	}
	return file.Keep()
}

// Package warnings shows warnings about records that are about to be written: what their lexicons allow but is probably
// wrong.
package warnings

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/linguistics/check"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

// Flag adds the flag --strict, with which warnings prevent the command from sending anything.
func Flag(command *cobra.Command, strict *bool) {
	command.Flags().BoolVar(strict, "strict", false, "send nothing if there is a warning")
}

// Show prints a warning about a record at place, such as a file and a URI.
func Show(w io.Writer, place string, warning issue.Issue) {
	terminal.Printf(w, "%s%s: warning: %s: %s\n", place, warning.Path, warning.Rule, warning.Message())
}

// Single shows the warnings about one record from a file, "" for standard input.
type Single struct {
	stderr io.Writer
	file   string
	strict bool
	n      int
}

// NewSingle returns a Single that prints to stderr. files has the name of the record's file, or is empty for standard
// input.
func NewSingle(stderr io.Writer, files []string, strict bool) *Single {
	return &Single{stderr: stderr, file: strings.Join(files, ""), strict: strict}
}

// Warn returns the function that package write is to call with the warnings. With --strict it returns nil, so that
// package write returns the warnings as an error.
func (s *Single) Warn() func([]issue.Issue) {
	if s.strict {
		return nil
	}
	return s.show
}

func (s *Single) show(all []issue.Issue) {
	s.n += len(all)
	for _, warning := range all {
		Show(s.stderr, s.file, warning)
	}
}

// Error returns err, the error of writing the record. If the cause of err is warnings, Error shows them, and returns an
// error with the exit status of --strict.
func (s *Single) Error(err error) error {
	if warning, ok := errors.AsType[*write.WarningError](err); ok {
		s.show(warning.Warnings)
		return strictly(s.n)
	}
	return err
}

// strictly returns the error that n warnings cause with --strict.
func strictly(n int) error {
	noun := "warnings"
	if n == 1 {
		noun = "warning"
	}
	return &exit.Error{Status: exit.Strict, Err: fmt.Errorf("%d %s, with --strict; nothing was sent", n, noun)}
}

// maxTogether is the size, in bytes, of the largest file whose records are checked against each other, since that takes
// as much memory.
const maxTogether = 256 << 20

// Batch checks the operations of a batch one by one, and against each other.
type Batch struct {
	stderr io.Writer
	file   string
	strict bool
	set    *check.Set
	// keyless has the URIs of the records to be created without a record key. Its keys are made-up URIs, which the set
	// has in their place.
	keyless map[syntax.ATURI]syntax.ATURI
	n       int
}

// NewBatch returns a Batch for a file of size bytes, which prints to stderr.
func NewBatch(stderr io.Writer, file string, size int64, strict bool) *Batch {
	b := &Batch{stderr: stderr, file: file, strict: strict, keyless: map[syntax.ATURI]syntax.ATURI{}}
	if size <= maxTogether {
		// The repository has other records than the batch.
		b.set = &check.Set{Partial: true}
	} else {
		terminal.Printf(stderr, "%s is larger than %d MiB: its records are not checked against each other; layers validate does that\n", file, maxTogether>>20)
	}
	return b
}

// Use sets the functions in the options o that check the operations.
func (b *Batch) Use(o *batch.ApplyOptions) {
	o.Check, o.Warn, o.Checked = b.check, b.warn, b.checked
}

func (b *Batch) check(uri syntax.ATURI, record lex.Record) []issue.Issue {
	if b.set != nil {
		key := uri
		if uri.RecordKey() == "" {
			key = syntax.ATURI(string(uri) + "/" + strconv.Itoa(len(b.keyless)))
			b.keyless[key] = uri
		}
		b.set.Add(key, record)
	}
	return check.Record(record)
}

func (b *Batch) warn(op *batch.OpError) {
	warning, ok := errors.AsType[*write.WarningError](op)
	if !ok {
		return // there are no other errors here
	}
	for _, w := range warning.Warnings {
		b.n++
		Show(b.stderr, strings.TrimSpace(fmt.Sprintf("%s:%d %s", b.file, op.Line, op.URI)), w)
	}
}

func (b *Batch) checked() error {
	if b.set != nil {
		for _, w := range b.set.Across() {
			b.n++
			uri, ok := b.keyless[w.URI]
			if !ok {
				uri = w.URI
			}
			Show(b.stderr, fmt.Sprintf("%s %s", b.file, uri), w.Issue)
		}
		b.set = nil // so that its memory is freed while the operations are sent
	}
	if b.strict && b.n > 0 {
		return strictly(b.n)
	}
	return nil
}

package show

import (
	"context"
	"io"

	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/copied"
	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/linguistics/draw"
	"github.com/layers-pub/layers-go/linguistics/reading/pdssource"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Open returns a set of the records at from, a path as for [Set.Read]. If from is "", the set fetches records from the
// servers of the accounts. actor is the account of the record to be shown: if from is a directory of layers follow, it
// is an error if this account is not active there. The caller must close the returned io.Closer.
func Open(ctx context.Context, s *connect.Servers, from string, actor syntax.AtIdentifier, stdin io.Reader, stderr io.Writer) (*Set, io.Closer, error) {
	switch {
	case from == "":
		client, err := s.Repos()
		if err != nil {
			return nil, nil, err
		}
		return New(pdssource.New(client)), nothing{}, nil
	case IsFollowed(from):
		directory, err := copied.OpenRepo(ctx, s, from, actor)
		if err != nil {
			return nil, nil, err
		}
		return New(directory.Source()), directory, nil
	}
	set := New(nil)
	return set, nothing{}, set.Read(ctx, from, stdin, stderr)
}

// nothing is an io.Closer that does nothing, for sets without open files.
type nothing struct{}

func (nothing) Close() error { return nil }

// Page writes a document as a web page to a file, which appears only when it is complete, or to stdout if name is -.
func Page(name string, stdout io.Writer, d *draw.Document) error {
	if name == "-" {
		return draw.HTML(stdout, d)
	}
	file, err := disk.NewPartial(name)
	if err != nil {
		return err
	}
	defer file.Discard()
	if err := draw.HTML(file, d); err != nil {
		return err
	}
	return file.Keep()
}

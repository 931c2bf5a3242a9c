package reading

import (
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/linguistics/text"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The errors that [Problem.Err] wraps, besides text.ErrSpan, the errors of package anchor, and those of a source.
var (
	// ErrNotFound says that neither the index nor its source has a record.
	ErrNotFound = errors.New("record not found")
	// ErrInvalid says that a record does not follow its lexicon.
	ErrInvalid = errors.New("invalid record")
	// ErrType says that a referenced record is in the wrong collection.
	ErrType = errors.New("unexpected collection")
	// ErrNoObject says that a record has no object with the referenced UUID.
	ErrNoObject = errors.New("no such object")
	// ErrNoToken says that a tokenization has no token with the referenced index.
	ErrNoToken = errors.New("no such token")
	// ErrNoTokenization says that the expression has no tokenization with the referenced UUID, or none at all.
	ErrNoTokenization = errors.New("no such tokenization")
	// ErrAmbiguous says that a reference matches several objects.
	ErrAmbiguous = errors.New("ambiguous reference")
	// ErrNoPlace says that an annotation does not say which part of the text or recording is annotated.
	ErrNoPlace = errors.New("no place in the text")
	// ErrOutside says that a reference leads outside the part of the text that was requested.
	ErrOutside = errors.New("outside the requested part")
	// ErrOrder says that tokens are not in the order of the text.
	ErrOrder = errors.New("tokens not in text order")
	// ErrCycle says that the parents of an object form a cycle, or that there are more than 64 of them.
	ErrCycle = errors.New("parents form a cycle")
)

// errTime says that a stretch of time begins before the recording, or ends before it begins.
var errTime = fmt.Errorf("%w: the time begins before the recording, or ends before it begins", text.ErrSpan)

// Problem is an inconsistency in or between records.
type Problem struct {
	// URI is the record with the problem.
	URI syntax.ATURI
	// Path is a JSON pointer (RFC 6901) to the problem in the record.
	Path string
	// Err says what is wrong.
	Err error
}

// Error returns a text with all fields.
func (p *Problem) Error() string {
	return quote.Cut(string(p.URI), 300) + p.Path + ": " + p.Err.Error()
}

// Unwrap returns Err.
func (p *Problem) Unwrap() error { return p.Err }

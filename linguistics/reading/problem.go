package reading

import (
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/linguistics/text"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The reasons of problems, beside text.ErrSpan and those of package anchor.
var (
	// ErrNotFound says that there is no such record.
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
	// ErrOrder says that tokens are tokens not in text order.
	ErrOrder = errors.New("tokens not in text order")
	// ErrCycle says that the parents of an object form a cycle, or that there are more than 64 of them.
	ErrCycle = errors.New("parents form a cycle")
)

// errTime says that a stretch of time ends before it begins.
var errTime = fmt.Errorf("%w: the time ends before it begins", text.ErrSpan)

// Problem is an inconsistency in or between records.
type Problem struct {
	// URI is the record with the problem.
	URI syntax.ATURI
	// Path is a JSON pointer (RFC 6901) to the problem in the record.
	Path string
	// Err is the reason.
	Err error
}

// Error returns a text with all fields.
func (p *Problem) Error() string {
	return quote.Cut(string(p.URI), 300) + p.Path + ": " + p.Err.Error()
}

// Unwrap returns the reason.
func (p *Problem) Unwrap() error { return p.Err }

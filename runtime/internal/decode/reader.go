// Package decode reads the objects, arrays and scalars of values whose lexicon is known, from DAG-CBOR or JSON: it finds the
// known fields of objects, keeps the unknown ones, checks lengths and ranges, and limits memory. It knows no generated types:
// package lex reads them with it.
package decode

import (
	"context"
	"slices"
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
	"github.com/layers-pub/layers-go/runtime/internal/memory"
	"github.com/layers-pub/layers-go/runtime/internal/pointer"
	"github.com/layers-pub/layers-go/runtime/internal/transcode"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// Reader reads one value. Its methods do not return errors. When something is wrong with a value, they report an issue and
// move past the value; for a value of the wrong type, they return the zero value. A Reader must not be used by several
// goroutines at once.
type Reader struct {
	input.Input
	Objects memory.Objects // the memory for objects
	Kept    memory.Text    // the memory for strings

	Reads    []string // the fields of an answer that the caller reads, nil for all; see lex.Answer
	Optional bool     // the value that comes next may be absent; see lex.Answer
	Wrong    bool     // the last value had the wrong type
	Member   bool     // the next object is a union's member, whose $type was read

	key        int                // offset of the key that was read last
	wide       map[int32][]uint64 // fields that were met in objects with more than 64, by the object's offset
	root       **Extra            // the extra fields of the outermost object; it is marked when data is lost
	guess      *guess
	transcoder transcode.Transcoder
	extras     []extraEntry // the extra fields of the objects that are open
	mostExtras int          // how many entries of extras were charged to the budget
}

// maxExtras is how many entries of extra fields a Reader keeps memory for.
const maxExtras = 16 << 10

// Begin makes r ready to read b. It keeps from earlier inputs only memory, and guesses that save time. See
// [input.Input.Start] for the parameters; share says that strings may be parts of b.
func (r *Reader) Begin(ctx context.Context, b []byte, json, share bool, purpose input.Purpose, memory int64) {
	r.Start(ctx, b, json, purpose, memory)
	r.Wrong, r.Member = false, false
	r.Kept.Share = share
	r.Objects.Next()
	r.mostExtras = 0
	if json {
		r.At = jsontext.ByteOrderMark(r.Str)
		if r.guess == nil {
			r.guess = new(guess)
		}
	}
}

// End reports data after the value, and returns the issues as an error, or nil if there are none. If data was lost, it marks
// the outermost object.
func (r *Reader) End(ctx context.Context) error {
	if err := r.Err(); err != nil {
		if r.root != nil {
			MarkIncomplete(r.root)
		}
		return err
	}
	if !r.Dead {
		if r.JSON {
			jsontext.Space(&r.Input)
		}
		if r.At != len(r.Data) {
			r.Fail("data after the value")
		}
	}
	if len(r.Issues) == 0 {
		return nil
	}
	if r.Lost && r.root != nil {
		MarkIncomplete(r.root)
	}
	return r.locate(ctx)
}

// locate returns the issues as an error, in order and with their paths.
func (r *Reader) locate(ctx context.Context) error {
	slices.SortStableFunc(r.Issues, func(a, b issue.Issue) int { return a.Offset - b.Offset })
	offsets := make([]int, len(r.Issues))
	for i := range r.Issues {
		offsets[i] = r.Issues[i].Offset
	}
	paths, err := pointer.Find(ctx, r.Data, r.JSON, offsets)
	if err != nil {
		return err
	}
	for i, path := range paths {
		if missing := &r.Issues[i]; missing.Rule == issue.RuleRequired {
			missing.Path = pointer.Append(path, missing.Path)
		} else {
			missing.Path = path
		}
	}
	return &issue.Error{Issues: r.Issues, Truncated: r.Truncated}
}

// Release drops the references to the input and the decoded value, and memory that only a large value needed.
func (r *Reader) Release() {
	r.Input = input.Input{}
	r.root = nil
	r.transcoder.Reset()
	if cap(r.extras) > maxExtras {
		r.extras = nil
	}
}

// Mismatch reports that the next value is not of the type want, and skips it. It does not report an optional value of
// an answer, which counts as absent.
func (r *Reader) Mismatch(want string) {
	r.Wrong = true
	if r.Dead {
		return
	}
	if r.JSON {
		if jsontext.Space(&r.Input); r.At == len(r.Data) {
			r.Fail("unexpected end")
			return
		}
	}
	if r.Optional {
		r.Pass()
		return
	}
	r.Report(r.At, issue.RuleType).Want = want
	r.Skip()
}

// Pass skips any value without reporting issues in it, unless its end cannot be found.
func (r *Reader) Pass() {
	quiet, lost := r.Quiet, r.Lost
	r.Quiet = true
	if r.JSON {
		jsontext.Pass(&r.Input)
	} else {
		r.Skip()
	}
	r.Quiet, r.Lost = quiet, lost || r.Dead
}

// Raw reads the next value and returns it as DAG-CBOR. The result is part of the input or of the scratch space, and is
// valid until the next call.
func (r *Reader) Raw() string {
	if r.JSON {
		b := r.transcoder.Next(&r.Input)
		return unsafe.String(unsafe.SliceData(b), len(b))
	}
	at := r.At
	dagcbor.Skip(&r.Input)
	return r.Str[at:r.At]
}

// Skip skips the next value, checking that it is well-formed.
func (r *Reader) Skip() {
	switch {
	case r.Dead:
	case r.JSON:
		jsontext.Skip(&r.Input)
	default:
		dagcbor.Skip(&r.Input)
	}
}

// PeekType returns the $type of the next object, or "" if it has none. It does not move past the object, and reports no
// issues: they are reported when the object is decoded.
func (r *Reader) PeekType() (typ string) {
	mark, quiet := r.Mark(), r.Quiet
	r.Quiet = true
	if r.JSON {
		typ = r.peekTypeJSON()
	} else {
		typ = dagcbor.PeekType(&r.Input)
	}
	r.Return(mark)
	r.Quiet = quiet
	return typ
}

// AtObject reports whether the next value is an object.
func (r *Reader) AtObject() bool {
	if r.JSON {
		return jsontext.Space(&r.Input) == '{'
	}
	return r.At < len(r.Data) && r.Data[r.At]>>5 == dagcbor.Map
}

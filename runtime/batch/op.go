package batch

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"strings"
	"unicode"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/internal/writing"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

// Op is an operation of a batch: it describes the desired state of one record.
type Op struct {
	Action Action
	// Collection and RecordKey name the record. Collection may be empty if there is a Record. RecordKey may be empty
	// for a create if the batch has a [Journal], and for any action if the lexicon fixes the key.
	Collection syntax.NSID
	RecordKey  syntax.RecordKey
	// Record is the new record: a pointer to a generated type, or an [*write.Untyped]. It is nil for a delete. It must
	// not change while the batch is being applied.
	Record lex.Record

	line      int                 // in the file from which the operation was read, from 1; 0: none
	authority syntax.AtIdentifier // the account that the operation names, "" if it names none
}

// Ops returns a batch of operations, for [Apply].
func Ops(ops ...Op) iter.Seq2[Op, error] {
	return func(yield func(Op, error) bool) {
		for _, op := range ops {
			if !yield(op, nil) {
				return
			}
		}
	}
}

// AssignKeys gives each create in ops that has no record key a key: the one that its lexicon fixes, or a TID of
// clock, in the order of the operations. If lookup is nil, no lexicon fixes a key. As long as the keys are kept, it
// is safe to apply the batch again.
func AssignKeys(ops []Op, clock *syntax.TIDClock, lookup write.Lookup) {
	for i := range ops {
		op := &ops[i]
		if op.Action != ActionCreate || op.RecordKey != "" {
			continue
		}
		var t lex.RecordDef
		if lookup != nil && op.Record != nil {
			t, _ = lookup(op.Record.RecordType())
		}
		op.RecordKey = writing.NewKey(t, clock)
	}
}

// ReadOpsOptions are the options of [ReadOps]; nil stands for the zero value.
type ReadOpsOptions struct {
	// Collection returns the NSID of the collection that a line names, in its field collection or in its uri. By default
	// the names must be NSIDs.
	Collection func(name string) (syntax.NSID, error)
	// ResolveHandle returns the DID for a handle in a uri. By default an operation with a handle is not valid.
	// It is called for each such line each time the batch is read, and should return the same DID each time.
	ResolveHandle func(handle syntax.Handle) (syntax.DID, error)
}

// maxLine is the length of the longest line that ReadOps reads. No server accepts a record of that size.
const maxLine = 16 << 20

// ReadOps returns the batch in a file of JSON lines. It calls open each time the batch is read. Each line is an
// object with the fields below; other fields are not allowed. Empty lines and a byte order mark are skipped.
//
//	action      create, update, put or delete
//	uri         of the record, in place of collection and rkey
//	collection  of the record; may be left out where there is a value with a $type
//	rkey        the record's key; may be left out for a create
//	value       the record; not for a delete. Its $type may be left out where there is a collection
//
// For a line that is not a valid operation, the sequence yields an [*OpError] and continues, so that all such lines
// can be listed. opts may be nil.
func ReadOps(open func() (io.ReadCloser, error), opts *ReadOpsOptions) iter.Seq2[Op, error] {
	if opts == nil {
		opts = new(ReadOpsOptions)
	}
	return func(yield func(Op, error) bool) {
		f, err := open()
		if err != nil {
			yield(Op{}, err)
			return
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, maxLine)
		n := 0
		for lines.Scan() {
			n++
			text := lines.Bytes()
			if n == 1 {
				text = bytes.TrimPrefix(text, []byte("\uFEFF"))
			}
			if len(strings.TrimFunc(string(text), unicode.IsSpace)) == 0 {
				continue
			}
			op, err := parseOp(text, opts)
			op.line = n
			if err != nil {
				err = &OpError{Line: n, Action: op.Action, Err: err}
			}
			if !yield(op, err) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Op{}, fmt.Errorf("batch: line %d: %w", n+1, err))
		}
	}
}

// opLine is one line of a file of operations.
type opLine struct {
	uri, rkey, action, collection lex.Opt[string]
	record, rest                  lex.Map
	names                         bool // the collection, also in the uri, is a name that resolve has yet to replace
}

var opFields = lex.NewFields("uri", "rkey", "value", "action!", "collection")

// DecodeLex reads the operation from d.
func (l *opLine) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, opFields, &l.rest)
	for {
		switch d.Next(&c) {
		case 0:
			if l.names {
				l.uri = lex.Present(d, d.String(0, lex.NoLimit))
			} else {
				l.uri = lex.Present(d, string(d.ATURI()))
			}
		case 1:
			l.rkey = lex.Present(d, string(d.RecordKey()))
		case 2:
			l.record = d.Map()
		case 3:
			l.action = lex.Present(d, d.String(1, lex.NoLimit))
		case 4:
			if l.names {
				l.collection = lex.Present(d, d.String(0, lex.NoLimit))
			} else {
				l.collection = lex.Present(d, string(d.NSID()))
			}
		default:
			return
		}
	}
}

// resolve replaces the names of collections by their NSIDs.
func (l *opLine) resolve(collection func(string) (syntax.NSID, error)) error {
	if name, ok := l.collection.Get(); ok {
		nsid, err := collection(name)
		if err != nil {
			return err
		}
		l.collection = lex.Some(string(nsid))
	}
	if text, ok := l.uri.Get(); ok {
		if parts := strings.SplitN(text, "/", 5); len(parts) > 3 && parts[3] != "" { // at: "" authority collection rkey
			nsid, err := collection(parts[3])
			if err != nil {
				return err
			}
			parts[3] = string(nsid)
			text = strings.Join(parts, "/")
		}
		uri, err := syntax.ParseATURI(text)
		if err != nil {
			return err
		}
		l.uri = lex.Some(string(uri))
	}
	return nil
}

func parseOp(text []byte, opts *ReadOpsOptions) (Op, error) {
	l := opLine{names: opts.Collection != nil}
	err := lex.DecodeJSON(text, &l)
	if err == nil && l.names {
		err = l.resolve(opts.Collection)
	}
	if err != nil {
		return Op{Action: Action(l.action.Or(""))}, err
	}
	op := Op{Action: Action(l.action.Or("")), Collection: syntax.NSID(l.collection.Or("")), RecordKey: syntax.RecordKey(l.rkey.Or(""))}
	for key := range l.rest.All() {
		return op, fmt.Errorf("unknown field %s", quote.Text(key, 128))
	}
	if uri, ok := l.uri.Get(); ok {
		if op.Collection != "" || op.RecordKey != "" {
			return op, errors.New("uri cannot be combined with collection or rkey")
		}
		op.authority = syntax.ATURI(uri).Authority()
		if handle, ok := op.authority.Handle(); ok && opts.ResolveHandle != nil {
			did, err := opts.ResolveHandle(handle)
			if err != nil {
				return op, err
			}
			op.authority = did.AtIdentifier()
		}
		op.Collection, op.RecordKey = syntax.ATURI(uri).Collection(), syntax.ATURI(uri).RecordKey()
	}
	if l.record.IsSet() {
		record := &write.Untyped{Map: l.record}
		if _, ok := record.Get("$type"); !ok && op.Collection != "" {
			typ, err := lex.ValueOf(string(op.Collection))
			if err != nil {
				return op, err
			}
			record.Set("$type", typ)
		}
		op.Record = record
	}
	return op, nil
}

// digest identifies an operation.
type digest [sha256.Size]byte

// digest returns the hash of the action, the address and the content of c, which must have been checked.
func (c *change) digest(h hash.Hash) (d digest) {
	h.Reset()
	fmt.Fprintf(h, "%s\n%s\n%s\n%s\n", c.action, c.Collection, c.RecordKey, c.CID)
	h.Sum(d[:0])
	return d
}

// Package bridge upgrades records from an older version of a lexicon that changed incompatibly.
//
// Generated packages have a [Record] for each record type that changed; `lexgen bridge` writes them. A record is recognized by
// the fields that only the old version has, and upgraded by rules that move them:
//
//	if old := collection.Recognize(record); len(old) > 0 {
//		upgraded, moves, err := collection.Upgrade(record)
//		if err != nil {
//			return err
//		}
//		fmt.Println(moves) // /language to /languages/0
//		...
//	}
//
// Nothing is lost: fields without a rule, unknown ones included, stay as they are, and so does an old field whose value has no
// place in the new version, which its [Move] says. [Moves.Drop] lists the fields that a write.Put of the upgraded record removes.
package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ErrNotOld says that a record has no field of the old version.
var ErrNotOld = errors.New("the record has no field of the old version")

// Record is a record type that changed. It is not modified, so it may be used concurrently.
type Record struct {
	// Collection is the record type's NSID.
	Collection syntax.NSID
	// Fields are the fields that only the old version has.
	Fields []Field
	// Old and New make an empty record of the old and of the new version. Upgraded records are checked by the latter.
	Old, New func() lex.Record
}

// Field is a field that only the old version has, or that had another type there.
type Field struct {
	// Name is the field's name.
	Name string
	// Kind is what the old version has there, if the new version has a field of that name, too; records with something else
	// are not old. It is 0 if the new version has no such field.
	Kind lex.Kind
	// Rule moves the value.
	Rule Rule
}

// Rule moves a value of an old field into a record, from which the field has been removed. It returns the JSON pointer (RFC 6901)
// of the value's new place. If the value has no place, it returns an error that says why and leaves the record as it was.
type Rule func(record *lex.Map, value lex.Value) (to string, err error)

// Move says what became of an old field.
type Move struct {
	// From is the JSON pointer of the field in the old record.
	From string
	// To is the JSON pointer of the value in the upgraded record. It is empty if the field stays where it is.
	To string
	// Reason says why the field stays.
	Reason string
}

// String returns the move in words.
func (m Move) String() string {
	if m.To == "" {
		return m.From + " stays: " + m.Reason
	}
	return m.From + " to " + m.To
}

// Moves are what became of the old fields of a record.
type Moves []Move

// String returns the moves, separated by commas.
func (m Moves) String() string {
	var list []string
	for _, move := range m {
		list = append(list, move.String())
	}
	return strings.Join(list, ", ")
}

// Drop returns the JSON pointers of the fields that moved, which the upgraded record lacks: the value for Drop of
// write.PutOptions.
func (m Moves) Drop() (pointers []string) {
	for _, move := range m {
		if move.To != "" {
			pointers = append(pointers, move.From)
		}
	}
	return pointers
}

// Recognize returns the names of the fields of a record that only the old version has. If there are none, the record is not
// known to be of the old version.
func (r *Record) Recognize(record lex.Map) (names []string) {
	for _, f := range r.Fields {
		if value, found := record.Get(f.Name); found && (f.Kind == 0 || value.Kind() == f.Kind) {
			names = append(names, f.Name)
		}
	}
	return names
}

// Upgrade returns a record in the form of the new version, and what moved. It does not modify the given record. The result is
// checked: what is wrong with it and was not wrong with the old record is the fault of a rule, whose field then stays.
//
// The error is [ErrNotOld] if there is nothing to upgrade.
func (r *Record) Upgrade(record lex.Map) (lex.Map, Moves, error) {
	names := r.Recognize(record)
	if names == nil {
		return lex.Map{}, nil, fmt.Errorf("%s: %w", r.Collection, ErrNotOld)
	}
	refused := make(map[string]string) // reasons, by name
	for {
		upgraded, moves := r.apply(record, names, refused)
		name, reason, err := r.fault(record, upgraded, moves)
		if err != nil {
			return lex.Map{}, nil, err
		}
		if name == "" {
			return upgraded, moves, nil
		}
		refused[name] = reason
	}
}

// apply moves the fields with the given names, except for those that were refused.
func (r *Record) apply(record lex.Map, names []string, refused map[string]string) (lex.Map, Moves) {
	upgraded := record
	var moves Moves
	for _, f := range r.Fields {
		if !slices.Contains(names, f.Name) {
			continue
		}
		from := pointer(f.Name)
		if reason, found := refused[f.Name]; found {
			moves = append(moves, Move{From: from, Reason: reason})
			continue
		}
		value, _ := upgraded.Get(f.Name)
		before := upgraded
		upgraded.Delete(f.Name)
		to, err := f.Rule(&upgraded, value)
		if err != nil {
			upgraded = before
			moves = append(moves, Move{From: from, Reason: err.Error()})
			continue
		}
		moves = append(moves, Move{From: from, To: to})
	}
	return upgraded, moves
}

// fault finds a field whose move made the record invalid, and says what is wrong.
func (r *Record) fault(record, upgraded lex.Map, moves Moves) (name, reason string, err error) {
	before, err := r.issues(record)
	if err != nil {
		return "", "", err
	}
	after, err := r.issues(upgraded)
	if err != nil {
		return "", "", err
	}
	known := make(map[string]bool)
	for _, i := range before {
		known[i.Path+" "+string(i.Rule)] = true
	}
	for _, i := range after {
		if known[i.Path+" "+string(i.Rule)] {
			continue
		}
		for _, m := range moves {
			if m.To != "" && (related(m.To, i.Path) || related(i.Path, m.To)) {
				return unpointer(m.From), i.String(), nil
			}
		}
	}
	return "", "", nil
}

// issues returns what is wrong with a record of the new version.
func (r *Record) issues(record lex.Map) ([]issue.Issue, error) {
	data, err := lex.EncodeCBOR(&record)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Collection, err)
	}
	return issue.Of(lex.DecodeCBOR(data, r.New())), nil
}

// related reports whether JSON pointer b is a or is below it.
func related(a, b string) bool { return a == b || strings.HasPrefix(b, a+"/") }

func pointer(name string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func unpointer(p string) string {
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(strings.TrimPrefix(p, "/"))
}

// Upgrade upgrades a typed record. What the old type has besides the fields that move is decoded as the new type, T, has it. If
// the upgraded record is not valid, the error is an [*issue.Error], and the record is returned, too.
func Upgrade[T any, P lex.RecordPointer[T]](r *Record, old lex.Encodable) (*T, Moves, error) {
	data, err := lex.EncodeCBOR(old)
	if err != nil {
		return nil, nil, err
	}
	var record lex.Map
	if err := lex.DecodeCBOR(data, &record); err != nil {
		return nil, nil, err
	}
	upgraded, moves, err := r.Upgrade(record)
	if errors.Is(err, ErrNotOld) {
		upgraded, err = record, nil // nothing to move
	}
	if err != nil {
		return nil, nil, err
	}
	if data, err = lex.EncodeCBOR(&upgraded); err != nil {
		return nil, nil, err
	}
	v := new(T)
	return v, moves, lex.DecodeCBOR(data, P(v))
}

// Decode decodes a record of the old version, of a collection that lookup knows. It reports false if the record is not known to
// be of the old version; see [Record.Recognize]. The error is that of [lex.DecodeCBOR], with which the record is returned, too.
//
// The record of a [*rec.Failure] may be one of the old version: its Envelope can be passed to Decode.
func Decode(e *rec.Envelope, lookup func(syntax.NSID) (*Record, bool)) (record lex.Record, old bool, err error) {
	r, found := lookup(e.URI.Collection())
	if !found {
		return nil, false, nil
	}
	var m lex.Map
	if err := e.Decode(&m); err != nil {
		return nil, false, err
	}
	if r.Recognize(m) == nil {
		return nil, false, nil
	}
	v := r.Old()
	return v, true, e.Decode(v)
}

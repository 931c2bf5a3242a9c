// Package bridge upgrades records from an older version of a lexicon that changed incompatibly.
//
// Generated packages have a [Record] for each record type that changed; `lexgen bridge` writes them. A Record recognizes
// a record of the old version by the fields that only that version has, and upgrades it by rules that move these fields:
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
// Fields may be anywhere in a record: in objects, in arrays and in members of unions. A record type can have another
// NSID in the new version; its records then belong in another collection, and records of any type can refer to them by
// at-uris. [References] finds such at-uris, and [Redirect] changes them when the records have moved.
//
// Nothing is lost: fields without a rule, unknown ones included, stay unchanged. So does an old field whose value has
// no place in the new version; its [Move] says why. [Moves.Drop] lists the fields that a write.Put of the upgraded
// record must remove.
package bridge

import (
	"cmp"
	"encoding/json"
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

// Record describes how one record type changed between the two versions. [Record.Recognize] finds the old fields of a
// record, and [Record.Upgrade] moves them. lexgen bridge generates it. Its methods do not modify it, so it is safe for
// concurrent use.
type Record struct {
	// Collection is the record type's NSID in the old version. If New returns a record with another NSID, the type was
	// renamed, and all records of the collection are old.
	Collection syntax.NSID
	// Fields are the fields that only the old version has.
	Fields []Field
	// Collections are all collections that were renamed, not only that of this record type. Upgrade lists the references
	// to records in them among its Moves, and [Redirect] changes them.
	Collections Collections
	// Old returns an empty record of the old version, and New one of the new version. Upgrade validates records as the
	// type that New returns.
	Old, New func() lex.Record
}

// Field is a field that only the old version has, or that had another type there.
type Field struct {
	// Path is the path from the record to the objects that have the field. Each step is the name of a field, [Items], or a
	// result of [Member] or [Repeat]. The path of a field of the record itself is empty.
	Path []string
	// Name is the field's name. It is [Items] if the values are the items of the arrays at Path; Rule is then called with
	// an empty object, and sets the field [Items] of this object to the item's new value.
	Name string
	// Kind is the kind of the field's values in the old version, if the new version has a field of the same name; a
	// value of another kind does not count as old. It is 0 if the new version has no such field.
	Kind lex.Kind
	// Rule moves the value to its place in the new version.
	Rule Rule
}

// Items is a step of a [Field.Path] that stands for all items of an array.
const Items = "*"

// Repeat returns a step of a [Field.Path] that stands for zero or more repetitions of any of the given paths. It is for
// objects that contain objects of their own type. No path may be empty, or begin with another one of them.
func Repeat(paths ...[]string) string {
	text, err := json.Marshal(paths)
	if err != nil {
		panic(err) // lists of strings can be written
	}
	return repeatMark + string(text)
}

// repeatMark begins a step that [Repeat] returned; the paths follow it in JSON.
const repeatMark = "\x00"

// Member returns a step of a [Field.Path] that stands for members of a union that have one of the given types, each an
// NSID or a definition such as "com.example.defs#place".
func Member(types ...string) string { return "=" + strings.Join(types, "|") }

// Rule moves the value of an old field to its new place. object is the record, or the object in it, that had the field;
// the field has already been removed from it. Rule returns the JSON pointer (RFC 6901) of the value's new place in
// object. If there is no place for the value, it returns an error that says why, and its changes are undone.
type Rule func(object *lex.Map, value lex.Value) (to string, err error)

// Move says where the value of an old field is in the upgraded record.
type Move struct {
	// From is the JSON pointer of the field in the old record.
	From string
	// To is the JSON pointer of the value in the upgraded record. It is empty if the field was not moved.
	To string
	// Reason says why the field was not moved; it is empty if it was.
	Reason string
	// Reference is set if the value is a string that refers to a record of a renamed collection. The upgrade does not
	// change the string; [Redirect] does.
	Reference *Reference
}

// String returns the move in words.
func (m Move) String() string {
	if m.Reference != nil {
		return m.Reference.String()
	}
	if m.To == "" {
		return m.From + " stays: " + m.Reason
	}
	return m.From + " to " + m.To
}

// Moves lists the moves of a record's old fields.
type Moves []Move

// String returns the moves, separated by commas.
func (m Moves) String() string {
	var list []string
	for _, move := range m {
		list = append(list, move.String())
	}
	return strings.Join(list, ", ")
}

// Drop returns the JSON pointers of the old fields that were moved, which the upgraded record no longer has. Use it as the
// Drop of write.PutOptions.
func (m Moves) Drop() (pointers []string) {
	for _, move := range m {
		if move.To != "" && move.To != move.From && move.Reference == nil {
			pointers = append(pointers, move.From)
		}
	}
	return pointers
}

// Recognize returns the JSON pointers of those fields of a record that only the old version has. If there are none, the
// record is not known to be of the old version. If the record type was renamed, the pointers begin with "/$type".
func (r *Record) Recognize(record lex.Map) (pointers []string) {
	root, err := lex.ValueOf(record)
	if err != nil {
		return nil
	}
	if r.renamed() {
		pointers = append(pointers, typePointer)
	}
	for i := range r.Fields {
		f := &r.Fields[i]
		f.visit(root, func(at string, _ lex.Map, _ lex.Value) (lex.Map, bool) {
			pointers = append(pointers, at)
			return lex.Map{}, false
		})
	}
	return pointers
}

const typePointer = "/$type"

// renamed reports whether the record type has another NSID in the new version.
func (r *Record) renamed() bool { return r.New().RecordType() != r.Collection }

// maxRounds is how often Upgrade tries again without the moves that made the record invalid, before it gives up all moves.
const maxRounds = 4

// Upgrade returns a record in the form of the new version, and the moves of its fields. It does not modify the given
// record. It validates the result: if a rule caused an issue that the old record did not have, Upgrade undoes that rule,
// and its field stays. Issues that the old record had may remain.
//
// If the record has nothing to upgrade, the error wraps [ErrNotOld].
func (r *Record) Upgrade(record lex.Map) (lex.Map, Moves, error) {
	if r.Recognize(record) == nil {
		return lex.Map{}, nil, fmt.Errorf("%s: %w", r.Collection, ErrNotOld)
	}
	before, err := r.issues(record)
	if err != nil {
		return lex.Map{}, nil, err
	}
	known := make(map[string]bool)
	for _, i := range before {
		known[i.Path+" "+string(i.Rule)] = true
	}
	refused := make(map[string]string) // reasons, by the pointers of fields
	for round := 0; ; round++ {
		upgraded, moves, err := r.apply(record, refused)
		if err != nil {
			return lex.Map{}, nil, err
		}
		after, err := r.issues(upgraded)
		if err != nil {
			return lex.Map{}, nil, err
		}
		after = slices.DeleteFunc(after, func(i issue.Issue) bool { return known[i.Path+" "+string(i.Rule)] })
		before := len(refused)
		places := moves.places()
		for _, i := range after {
			for _, m := range places.related(i.Path) {
				refused[m.From] = i.String()
			}
		}
		if len(refused) == before {
			return upgraded, r.references(upgraded, moves, places), nil
		}
		if round == maxRounds { // rules that depend on each other
			for _, m := range moves {
				if refused[m.From] == "" {
					refused[m.From] = "other fields of the record could not be moved"
				}
			}
		}
	}
}

// references returns moves with one more for each reference in an upgraded record. places are the same moves, sorted.
func (r *Record) references(upgraded lex.Map, moves Moves, places places) Moves {
	if len(r.Collections) == 0 {
		return moves
	}
	list, err := References(&upgraded, r.Collections)
	if err != nil {
		return moves // the record was encoded before
	}
	for i := range list {
		move := Move{From: list[i].At, To: list[i].At, Reference: &list[i]}
		for at := move.To; at != ""; at = at[:strings.LastIndexByte(at, '/')] {
			if k, found := places.find(at); found {
				move.From = places[k].From + move.To[len(at):]
				break
			}
		}
		moves = append(moves, move)
	}
	return moves
}

// apply applies the rules to all old fields, the deepest first, except for those in refused, which has the reasons by the
// pointers of the fields.
func (r *Record) apply(record lex.Map, refused map[string]string) (lex.Map, Moves, error) {
	root, err := lex.ValueOf(record)
	if err != nil {
		return lex.Map{}, nil, fmt.Errorf("%s: %w", r.Collection, err)
	}
	fields := slices.Clone(r.Fields)
	slices.SortStableFunc(fields, func(a, b Field) int {
		return cmp.Or(cmp.Compare(b.depth(), a.depth()), cmp.Compare(a.own(), b.own()))
	})
	var moves Moves
	for i := range fields {
		f := &fields[i]
		root = f.visit(root, func(from string, object lex.Map, value lex.Value) (lex.Map, bool) {
			if reason, found := refused[from]; found {
				moves = append(moves, Move{From: from, Reason: reason})
				return object, false
			}
			object.Delete(f.Name)
			to, err := f.Rule(&object, value)
			if err == nil && !strings.HasPrefix(to, "/") {
				err = fmt.Errorf("the rule returned %q, which is not a JSON pointer", to)
			}
			if err != nil {
				moves = append(moves, Move{From: from, Reason: err.Error()})
				return object, false
			}
			if f.Name == Items { // the item stands for the object
				to = from + strings.TrimPrefix(to, pointer(Items))
			} else {
				to = from[:strings.LastIndexByte(from, '/')] + to
			}
			moves = append(moves, Move{From: from, To: to})
			return object, true
		})
	}
	moves.follow()
	if r.renamed() {
		moves = append(moves, Move{From: typePointer, To: typePointer})
	}
	upgraded, ok := r.typed(root).Map()
	if !ok {
		return lex.Map{}, nil, fmt.Errorf("%s: the rules left an invalid record", r.Collection)
	}
	return upgraded, moves, nil
}

// typed returns a record with the $type of the new version. If the type was not renamed, it returns v.
func (r *Record) typed(v lex.Value) lex.Value {
	m, ok := v.Map()
	if !ok || !r.renamed() {
		return v
	}
	m.Set("$type", text(string(r.New().RecordType())))
	typed, err := lex.ValueOf(m)
	if err != nil {
		return v
	}
	return typed
}

// text returns a string as a value.
func text(s string) lex.Value {
	v, err := lex.ValueOf(s)
	if err != nil {
		panic(err) // every string is one
	}
	return v
}

// follow corrects the To of each move whose value is inside another value that was moved later.
func (m Moves) follow() {
	moved := make(map[string]int, len(m))
	for i, move := range m {
		if move.To != "" {
			moved[move.From] = i
		}
	}
	for i := range m {
		for j, at := i, m[i].To; at != ""; {
			at = at[:strings.LastIndexByte(at, '/')]
			if k, found := moved[at]; found && k > j {
				m[i].To = m[k].To + m[i].To[len(at):]
				j, at = k, m[k].To
			}
		}
	}
}

// places are the moves that have a To, sorted by it.
type places []Move

func (m Moves) places() places {
	list := slices.DeleteFunc(slices.Clone(m), func(m Move) bool { return m.To == "" })
	slices.SortStableFunc(list, func(a, b Move) int { return cmp.Compare(a.To, b.To) })
	return places(list)
}

// related returns the moves that may have caused an issue at a path: the move of the innermost value that contains the
// path, or else the moves of all values inside the path.
func (p places) related(path string) []Move {
	for at := path; at != ""; at = at[:max(0, strings.LastIndexByte(at, '/'))] {
		if i, found := p.find(at); found {
			return p[i : i+1]
		}
	}
	from, _ := p.find(path + "/")
	to, _ := p.find(path + "0") // which comes after the slash
	return p[from:to]
}

func (p places) find(path string) (int, bool) {
	return slices.BinarySearchFunc(p, path, func(m Move, path string) int { return cmp.Compare(m.To, path) })
}

// issues returns the issues of a record when it is decoded as one of the new version, whatever its $type.
func (r *Record) issues(record lex.Map) ([]issue.Issue, error) {
	v, err := lex.ValueOf(record)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Collection, err)
	}
	return issue.Of(lex.DecodeCBOR(r.typed(v).CBOR(), r.New())), nil
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func pointer(name string) string { return "/" + pointerEscapes.Replace(name) }

// Upgrade upgrades a typed record as [Record.Upgrade] does, and decodes the result as the new type, T. A record without
// old fields is only decoded. If the upgraded record is not valid, the error is an [*issue.Error], and Upgrade returns the
// record, too.
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

// Decode decodes a record of the old version into its old Go type. lookup returns the [Record] of a collection. old is
// false if lookup does not know the record's collection, or if [Record.Recognize] finds no old field. An error is that of
// [lex.DecodeCBOR]; if old is true, Decode returns the record with it.
//
// The record of a [*rec.Failure] may be one of the old version: pass its Envelope to Decode.
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

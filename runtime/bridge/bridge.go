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
// Fields may be anywhere in a record: in objects, in arrays and in members of unions. A record type can have another
// NSID in the new version; its records then belong in another collection, and records of any type can refer to them by
// at-uris. [References] finds these, and [Redirect] changes them when the records have moved.
//
// Nothing is lost: fields without a rule, unknown ones included, stay as they are. So does an old field whose value has
// no place in the new version; its [Move] says why. [Moves.Drop] lists the fields that a write.Put of the upgraded
// record removes.
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

// Record is a record type that changed. It is not modified, so it may be used concurrently.
type Record struct {
	// Collection is the record type's NSID in the old version. If New makes records of another one, the type was renamed, and
	// all records of the collection are old.
	Collection syntax.NSID
	// Fields are the fields that only the old version has.
	Fields []Field
	// Collections are all collections that were renamed. Upgrade lists references to records of these among what moves, and
	// [Redirect] changes them.
	Collections Collections
	// Old and New return an empty record of the old and of the new version. Upgraded records are validated as the
	// latter.
	Old, New func() lex.Record
}

// Field is a field that only the old version has, or that had another type there.
type Field struct {
	// Path is the path from the record to the objects that have the field. Its steps are names of fields, [Items], and
	// results of [Member] and [Repeat]. It is empty for a field of the record itself.
	Path []string
	// Name is the field's name. It is [Items] if the values are the items of the arrays at Path; the rule is then given
	// an empty object, and sets the field called [Items] of this object to the item's new value.
	Name string
	// Kind is the kind of the field's values in the old version, if the new version has a field of the same name; a
	// value of another kind does not count as old. It is 0 if the new version has no such field.
	Kind lex.Kind
	// Rule moves the value.
	Rule Rule
}

// Items stands for all items of an array in the [Field.Path] of a field.
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

// repeatMark begins a step of several paths, in JSON.
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
	// To is the JSON pointer of the value in the upgraded record. It is empty if the field stays where it is.
	To string
	// Reason says why the field stays.
	Reason string
	// Reference is set for a string that refers to a record of a collection that was renamed. It is not changed; [Redirect] does that.
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

// Drop returns the JSON pointers of the fields that moved, which the upgraded record lacks. Use it as the Drop of
// write.PutOptions.
func (m Moves) Drop() (pointers []string) {
	for _, move := range m {
		if move.To != "" && move.To != move.From && move.Reference == nil {
			pointers = append(pointers, move.From)
		}
	}
	return pointers
}

// Recognize returns the JSON pointers of the fields of a record that only the old version has. If there are none, the record is not
// known to be of the old version. For a record type that was renamed, "/$type" is one of them.
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

// maxRounds is how often a record is upgraded again without the moves that made it invalid.
const maxRounds = 4

// Upgrade returns a record in the form of the new version, and the moves of its fields. It does not modify the given
// record. It validates the result: if a rule caused an issue that the old record did not have, that rule is undone and
// its field stays.
//
// The error is [ErrNotOld] if there is nothing to upgrade.
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

// references adds the references in an upgraded record to its moves, which are sorted as places, too.
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

// apply moves all old fields, except for those that were refused, those inside objects first.
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

// typed returns a record with the $type of the new version, if that is another one.
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

// follow changes the new places of values that are inside a value that was moved after them.
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

// places are moves, sorted by where they lead.
type places []Move

func (m Moves) places() places {
	list := slices.DeleteFunc(slices.Clone(m), func(m Move) bool { return m.To == "" })
	slices.SortStableFunc(list, func(a, b Move) int { return cmp.Compare(a.To, b.To) })
	return places(list)
}

// related returns the moves that an issue at a path may be the fault of: that of the innermost value around it, or those of the values
// below it.
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

// issues returns what is wrong with a record of the new version, whatever its $type.
func (r *Record) issues(record lex.Map) ([]issue.Issue, error) {
	v, err := lex.ValueOf(record)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Collection, err)
	}
	return issue.Of(lex.DecodeCBOR(r.typed(v).CBOR(), r.New())), nil
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func pointer(name string) string { return "/" + pointerEscapes.Replace(name) }

// Upgrade upgrades a typed record. All other fields of the old record are decoded as fields of the new type, T. If the
// upgraded record is not valid, the error is an [*issue.Error], and the record is returned, too.
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

// Decode decodes a record of the old version, whose collection lookup must know. It returns false if the record is not
// recognized as one of the old version; see [Record.Recognize]. The error is that of [lex.DecodeCBOR], with which the
// record is returned, too.
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

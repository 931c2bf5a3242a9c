package bridge

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Collections are the collections that have another NSID in the new version. It maps the old NSID to the new one.
type Collections map[syntax.NSID]syntax.NSID

// Reference describes a string in a record that is the at-uri of another record, whose collection has another NSID in the
// new version.
type Reference struct {
	// At is the JSON pointer (RFC 6901) of the string.
	At string
	// From is the at-uri in the record. To is the at-uri with the same account and record key, and the new collection.
	From, To syntax.ATURI
	// CID is the value of the field cid beside a field uri, as in com.atproto.repo.strongRef, or "" if there is none. It is
	// the CID of the record at From; the upgraded record at To has another one.
	CID syntax.CID
}

// String returns the reference in words.
func (r Reference) String() string { return fmt.Sprintf("%s refers to %s, now %s", r.At, r.From, r.To) }

// References returns the references in a record of any type: all strings in it, at any depth, that are at-uris of
// records in one of collections. [Record.Upgrade] lists them among the [Moves], too.
//
// They include references to records of other accounts. References does not know whether those have moved their records.
func References(record lex.Encodable, collections Collections) ([]Reference, error) {
	v, err := valueOf(record)
	if err != nil {
		return nil, err
	}
	var list []Reference
	collections.walk(v, "", func(r Reference) (syntax.CID, bool) {
		list = append(list, r)
		return "", false
	})
	return list, nil
}

// Pointer is the constraint for a pointer to T, where T is a generated type or [lex.Map]. Go infers it from T.
type Pointer[T any] interface {
	*T
	lex.Encodable
	lex.Decodable
}

// Redirect returns a copy of a record whose references name the new collections. It calls cidOf for each reference. cidOf
// returns the CID of the record at [Reference.To], or false to leave the reference unchanged. Redirect uses the CID only
// if the reference has one. Since a record's CID is known only after it has been written, write the records that others
// refer to first.
//
// Redirect does not modify the given record. It fails if a reference has a CID and cidOf returns an invalid one. If the new
// record is not valid, the error is an *issue.Error, and Redirect returns the record, too.
func Redirect[T any, P Pointer[T]](record P, collections Collections, cidOf func(Reference) (syntax.CID, bool)) (*T, error) {
	v, err := valueOf(record)
	if err != nil {
		return nil, err
	}
	var invalid error
	v, _ = collections.walk(v, "", func(r Reference) (syntax.CID, bool) {
		now, ok := cidOf(r)
		if ok && r.CID != "" {
			if _, err := cid.ParseLink(string(now)); err != nil {
				invalid = fmt.Errorf("%s: the CID %q of %s: %w", r.At, now, r.To, err)
				return "", false
			}
		}
		return now, ok
	})
	if invalid != nil {
		return nil, invalid
	}
	redirected := new(T)
	return redirected, lex.DecodeCBOR(v.CBOR(), P(redirected))
}

func valueOf(record lex.Encodable) (lex.Value, error) {
	data, err := lex.EncodeCBOR(record)
	if err != nil {
		return lex.Value{}, err
	}
	var m lex.Map
	if err := lex.DecodeCBOR(data, &m); err != nil {
		return lex.Value{}, err
	}
	return lex.ValueOf(m)
}

// walk calls visit for each reference in v, whose JSON pointer is at. It returns v with the references changed for which
// visit returned true, and reports whether there are any.
func (c Collections) walk(v lex.Value, at string, visit func(Reference) (syntax.CID, bool)) (lex.Value, bool) {
	switch v.Kind() {
	case lex.KindText:
		r, found := c.reference(v, at)
		if !found {
			return v, false
		}
		_, ok := visit(r)
		return replaced(v, string(r.To), ok)
	case lex.KindArray:
		var items []any
		changed := false
		for item := range v.Items() {
			next, ok := c.walk(item, at+"/"+strconv.Itoa(len(items)), visit)
			items = append(items, next)
			changed = changed || ok
		}
		return replaced(v, items, changed)
	case lex.KindMap:
		object, ok := v.Map()
		if !ok {
			return v, false
		}
		fields := make(map[string]any, object.Len())
		changed := false
		for name, value := range object.All() {
			fields[name] = value
		}
		for name, value := range object.All() {
			visit := visit
			if beside, found := object.Get("cid"); found && name == "uri" {
				visit = withCID(fields, beside, visit)
			}
			if next, ok := c.walk(value, at+pointer(name), visit); ok {
				fields[name], changed = next, true
			}
		}
		return replaced(v, fields, changed)
	}
	return v, false
}

// withCID wraps visit for a reference in a field uri beside a field cid, whose value is beside. The wrapper sets
// [Reference.CID], and sets the field cid in fields to the CID that visit returns.
func withCID(fields map[string]any, beside lex.Value, visit func(Reference) (syntax.CID, bool)) func(Reference) (syntax.CID, bool) {
	old, isText := beside.Text()
	if link, ok := beside.Link(); ok {
		old = link.String()
	} else if !isText {
		return visit
	}
	return func(r Reference) (syntax.CID, bool) {
		r.CID = syntax.CID(old)
		now, ok := visit(r)
		if !ok {
			return now, false
		}
		if isText {
			fields["cid"] = string(now)
			return now, true
		}
		link, err := cid.ParseLink(string(now))
		if err != nil {
			return now, false
		}
		fields["cid"] = link
		return now, true
	}
}

// reference returns the reference in the string v, whose JSON pointer is at, and whether it is one.
func (c Collections) reference(v lex.Value, at string) (Reference, bool) {
	s, _ := v.Text()
	if !strings.HasPrefix(s, "at://") {
		return Reference{}, false
	}
	from, err := syntax.ParseATURI(s)
	if err != nil {
		return Reference{}, false
	}
	collection, found := c[from.Collection()]
	if !found {
		return Reference{}, false
	}
	to, err := syntax.NewATURI(from.Authority(), collection, from.RecordKey())
	return Reference{At: at, From: from, To: to}, err == nil
}

package bridge

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Collections are the collections that have another NSID in the new version: the new one, by the old one.
type Collections map[syntax.NSID]syntax.NSID

// Reference is a string in a record, the at-uri of a record whose collection has another NSID in the new version.
type Reference struct {
	// At is the JSON pointer (RFC 6901) of the string.
	At string
	// From is the at-uri, and To that of a record with the same key in the collection of today.
	From, To syntax.ATURI
	// CID is what stands beside the string in a field cid, as in com.atproto.repo.strongRef, or "". It is that of the record at From:
	// a record has another CID when it was upgraded.
	CID syntax.CID
}

// String returns the reference in words.
func (r Reference) String() string { return fmt.Sprintf("%s refers to %s, now %s", r.At, r.From, r.To) }

// References returns the references in a record, whatever its type: all strings in it, at any depth, that are at-uris of collections
// that have another NSID now. A record that is upgraded by its [Record] has them among its [Moves].
//
// A reference to a record of another account is one, too; whether that account has moved the record is not known.
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

// Redirect returns a record whose references lead to the collections of today. It asks for each of them with cidOf, which
// returns the CID of the record at [Reference.To], or false for a reference that stays as it is. The CID is only used if the reference
// has one. cidOf knows it from the write of that record: so records to which others refer are written first.
//
// Redirect does not modify the given record. It fails if cidOf returns what is no CID for a reference that has one. If what it returns is not valid, the error is an *issue.Error, and the record is returned, too.
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

// walk calls visit for the references in v, which is at a pointer, and returns v with those changed for which visit returns true.
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

// withCID returns visit for a string beside a CID, which changes with it.
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

// reference returns the reference that a string is.
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

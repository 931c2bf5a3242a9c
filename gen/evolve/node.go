package evolve

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

// limits compares the limits of two nodes of the same type. A looser limit is an error, like a tighter one: new data
// can be invalid for programs that have the old document.
func (c *comparer) limits(a, b *lexicon.Node) {
	for _, l := range []struct {
		name          string
		before, after *int64
		lower         bool
	}{
		{"minLength", a.MinLength, b.MinLength, true},
		{"maxLength", a.MaxLength, b.MaxLength, false},
		{"minGraphemes", a.MinGraphemes, b.MinGraphemes, true},
		{"maxGraphemes", a.MaxGraphemes, b.MaxGraphemes, false},
		{"minimum", a.Minimum, b.Minimum, true},
		{"maximum", a.Maximum, b.Maximum, false},
		{"maxSize", a.MaxSize, b.MaxSize, false},
	} {
		before, after := l.before, l.after
		if l.lower && l.name != "minimum" { // a length is never below 0
			before, after = positive(before), positive(after)
		}
		if before == after || before != nil && after != nil && *before == *after {
			continue
		}
		tighter := before == nil || after != nil && (*after > *before) == l.lower
		pointer := below(b.Pointer, l.name)
		if l.after == nil {
			pointer = b.Pointer
		}
		if tighter {
			c.report(Error, pointer, "%s tightened from %s to %s: existing data can be invalid", l.name, number(before), number(after))
		} else {
			c.report(Error, pointer, "%s loosened from %s to %s: new data can be invalid under the old document", l.name, number(before), number(after))
		}
	}
}

// positive returns n if it is above 0, and otherwise nil: a lower limit of 0 excludes nothing.
func positive(n *int64) *int64 {
	if n != nil && *n <= 0 {
		return nil
	}
	return n
}

func number(n *int64) string {
	if n == nil {
		return "none"
	}
	return strconv.FormatInt(*n, 10)
}

// values compares the values that strings, integers and booleans may have: format, const, enum, default and known
// values.
func (c *comparer) values(a, b *lexicon.Node) {
	if a.Format != b.Format {
		c.report(Error, b.Pointer, "changed format from %s to %s", orNone(a.Format), orNone(b.Format))
	}
	if a.Const != b.Const {
		c.report(Error, b.Pointer, "changed const from %s to %s", literal(a.Const), literal(b.Const))
	}
	enum(c, a, b, a.StringEnum, b.StringEnum)
	enum(c, a, b, a.IntEnum, b.IntEnum)
	if a.Default != b.Default {
		c.report(Warning, b.Pointer, "changed default from %s to %s: data without the field means something else", literal(a.Default), literal(b.Default))
	}
	if b.StringEnum != nil && a.KnownValues != nil || a.StringEnum != nil && b.KnownValues != nil {
		return // reported as an enum
	}
	gone, added := difference(a.KnownValues, b.KnownValues)
	for _, value := range gone {
		c.report(Warning, below(b.Pointer, "knownValues"), "dropped known value %q: a Go constant is removed", value)
	}
	for _, value := range added {
		c.report(Fine, below(b.Pointer, "knownValues"), "new known value %q", value)
	}
}

// enum compares two lists of all allowed values. A nil list allows every value.
func enum[T comparable](c *comparer, a, b *lexicon.Node, before, after []T) {
	switch {
	case before == nil && after == nil:
	case before == nil:
		c.report(Error, below(b.Pointer, "enum"), "new enum: existing data can have other values")
	case after == nil:
		c.report(Error, b.Pointer, "dropped enum: new data can have values that are invalid under the old document")
	default:
		gone, added := difference(before, after)
		for _, value := range gone {
			c.report(Error, below(b.Pointer, "enum"), "removed enum value %s: existing data can have it", literal(value))
		}
		for _, value := range added {
			c.report(Error, below(b.Pointer, "enum"), "added enum value %s: it is invalid under the old document", literal(value))
		}
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// literal returns a value as a document writes it, and "none" for nil.
func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		return strconv.Quote(v)
	}
	return fmt.Sprint(v)
}

// accept compares the media types of blobs.
func (c *comparer) accept(a, b *lexicon.Node) {
	narrower, wider := !covers(b.Accept, a.Accept), !covers(a.Accept, b.Accept)
	pointer := below(b.Pointer, "accept")
	if b.Accept == nil {
		pointer = b.Pointer
	}
	before, after := types(a.Accept), types(b.Accept)
	if narrower {
		c.report(Error, pointer, "accept tightened from %s to %s: existing blobs can be invalid", before, after)
	}
	if wider {
		c.report(Error, pointer, "accept loosened from %s to %s: new blobs can be invalid under the old document", before, after)
	}
}

// covers reports whether every type that the second list accepts is accepted by the first one. An empty list accepts all.
func covers(list, other []string) bool {
	if len(list) == 0 {
		return true
	}
	if len(other) == 0 {
		other = []string{"*/*"}
	}
	accepted := make(map[string]bool, len(list))
	for _, pattern := range list {
		accepted[strings.ToLower(pattern)] = true
	}
	for _, pattern := range other {
		pattern = strings.ToLower(pattern)
		kind, _, _ := strings.Cut(pattern, "/")
		if !accepted[pattern] && !accepted[kind+"/*"] && !accepted["*/*"] {
			return false
		}
	}
	return true
}

func types(list []string) string {
	if len(list) == 0 {
		return "anything"
	}
	return strings.Join(list, ", ")
}

// field is a property, with its position in its object, and whether it is required and nullable there.
type field struct {
	name               string
	node               *lexicon.Node
	index              int
	required, nullable bool
}

// fields returns the properties of a node by name.
func fields(n *lexicon.Node) map[string]field {
	required, nullable := elements(n.Required), elements(n.Nullable)
	m := make(map[string]field, len(n.Properties))
	for i, p := range n.Properties {
		m[p.Name] = field{p.Name, p.Node, i, required[p.Name], nullable[p.Name]}
	}
	return m
}

// elements returns a list as a set.
func elements[T comparable](list []T) map[T]bool {
	set := make(map[T]bool, len(list))
	for _, e := range list {
		set[e] = true
	}
	return set
}

// properties compares the fields of objects and the parameters of calls.
func (c *comparer) properties(a, b *lexicon.Node) {
	what := "field"
	if b.Type == "params" {
		what = "parameter"
	}
	before, after := fields(a), fields(b)
	renamed := c.renamedFields(before, after)
	came := make(map[string]bool, len(renamed)) // the new names of renamed properties
	for _, p := range a.Properties {
		was := before[p.Name]
		is, found := after[p.Name]
		to, isRenamed := renamed[p.Name]
		switch {
		case found:
			c.field(what, was, is)
		case isRenamed:
			came[to] = true
			c.report(Error, after[to].node.Pointer, "renamed %s %s to %s: existing data has the old name", what, p.Name, to)
			c.changes[len(c.changes)-1].RenamedField = p.Name
		case was.required:
			c.report(Error, p.Node.Pointer, "removed required %s %s: new data without it is invalid under the old document", what, p.Name)
		default:
			c.report(Warning, p.Node.Pointer, "dropped optional %s %s: its data is no longer described; keep it, and say in its description that it is deprecated", what, p.Name)
		}
	}
	for _, p := range b.Properties {
		_, found := before[p.Name]
		switch {
		case found || came[p.Name]:
		case after[p.Name].required:
			c.report(Error, p.Node.Pointer, "added required %s %s: existing data lacks it", what, p.Name)
		default:
			c.report(Fine, p.Node.Pointer, "new optional %s %s", what, p.Name)
		}
	}
}

// field compares one property of two nodes.
func (c *comparer) field(what string, was, is field) {
	pointer := is.node.Pointer
	switch {
	case was.required && !is.required:
		c.report(Error, pointer, "required %s %s made optional: new data without it is invalid under the old document", what, was.name)
	case is.required && !was.required:
		c.report(Error, pointer, "optional %s %s made required: existing data can lack it", what, was.name)
	}
	switch {
	case was.nullable && !is.nullable:
		c.report(Error, pointer, "%s %s is no longer nullable: existing data can be null", what, was.name)
	case is.nullable && !was.nullable:
		c.report(Error, pointer, "%s %s made nullable: null is invalid under the old document", what, was.name)
	}
	c.node(was.node, is.node)
}

// renamedFields returns the new names of properties that were renamed, by their old names. A property was renamed if it
// is missing on the new side, another one is missing on the old side, both allow the same data and have the same mark,
// and no other missing property has that mark.
func (c *comparer) renamedFields(before, after map[string]field) map[string]string {
	// mark is what a property keeps when it is renamed: its type, whether it is required and nullable, and its
	// description or, if it has none, its position.
	type mark struct {
		description        string
		index              int
		typ                string
		required, nullable bool
	}
	markOf := func(f field) mark {
		if f.node.Description != "" {
			f.index = 0
		}
		return mark{f.node.Description, f.index, f.node.Type, f.required, f.nullable}
	}
	missing := func(from, in map[string]field) map[mark][]field {
		found := make(map[mark][]field)
		for name, f := range from {
			if _, ok := in[name]; !ok {
				m := markOf(f)
				found[m] = append(found[m], f)
			}
		}
		return found
	}
	came := missing(after, before)
	renamed := make(map[string]string)
	for m, gone := range missing(before, after) {
		added := came[m]
		shape := sameness{before: c.before, after: c.after, newName: c.newName}
		if len(gone) == 1 && len(added) == 1 && shape.nodes(c.old, gone[0].node, c.document, added[0].node) {
			renamed[gone[0].name] = added[0].name
		}
	}
	return renamed
}

// union compares two unions: whether they are closed, and their members.
func (c *comparer) union(a, b *lexicon.Node) {
	switch {
	case a.Closed && !b.Closed:
		c.report(Error, b.Pointer, "opened union: new members are invalid under the old document")
	case !a.Closed && b.Closed:
		c.report(Error, below(b.Pointer, "closed"), "closed union: existing data can have other members")
	}
	before := names(a.Refs, func(ref string) string { return c.newName(fullName(c.old.ID, ref)) })
	after := names(b.Refs, func(ref string) string { return fullName(c.document.ID, ref) })
	gone, added := difference(before, after)
	for _, member := range gone {
		c.report(Error, below(b.Pointer, "refs"), "removed member %s of %s union: existing data can have it", member, openness(b))
	}
	for _, member := range added {
		if a.Closed && b.Closed {
			c.report(Error, below(b.Pointer, "refs"), "added member %s to closed union: it is invalid under the old document", member)
		} else {
			c.report(Fine, below(b.Pointer, "refs"), "new member %s", member)
		}
	}
}

func openness(n *lexicon.Node) string {
	if n.Closed {
		return "closed"
	}
	return "open"
}

// below returns a JSON pointer with one more token.
func below(pointer, token string) string {
	return string(jsontext.Pointer(pointer).AppendToken(token))
}

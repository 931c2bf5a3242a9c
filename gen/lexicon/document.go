package lexicon

import (
	"slices"
	"sort"
	"strings"
)

// Set holds lexicon documents that were loaded and checked together. Only [Set.Skip] changes it after loading;
// otherwise any number of goroutines may read it.
type Set struct {
	// Documents is sorted by ID.
	Documents []*Document
	// Skipped lists the faults that were ignored, and how each was treated; see [Options.Skip].
	Skipped Problems

	skip   func(nsid string) bool
	files  map[string]string // the ids of all documents by their file
	broken map[string]bool   // the ids of documents that are left out
	opaque bool
}

// Lookup returns the document with the given NSID, or nil if the set has none.
func (s *Set) Lookup(id string) *Document {
	i := sort.Search(len(s.Documents), func(i int) bool { return s.Documents[i].ID >= id })
	if i < len(s.Documents) && s.Documents[i].ID == id {
		return s.Documents[i]
	}
	return nil
}

// Resolve returns the document and the definition that ref names when it is
// written in from. A reference is "#name" for a definition of the same
// document, "nsid#name" for one of another document, and "nsid" or "nsid#main"
// for the main definition of another. It reports false if the set has no such
// definition.
func (s *Set) Resolve(from *Document, ref string) (*Document, *Def, bool) {
	id, name, found := strings.Cut(ref, "#")
	if !found {
		name = "main"
	}
	document := from
	if id != "" || !found {
		document = s.Lookup(id)
	}
	if document == nil {
		return nil, nil, false
	}
	def := document.Def(name)
	return document, def, def != nil
}

// Document is one lexicon document: a file with an NSID and its definitions.
type Document struct {
	// ID is the document's NSID, such as "pub.layers.expression.expression".
	ID string
	// File is the slash-separated path of the file it was read from; see [lexfile.File].
	File string
	// Source is the JSON text it was read from.
	Source []byte
	// Description is the description of the document as a whole.
	Description string
	// Defs holds the definitions in the order of the file.
	Defs []*Def
	// Foreign says that the document is from another module; see [Options.Imports].
	Foreign bool

	// commented says that the text is valid JSON except for comments and trailing commas.
	commented bool
	// warnings are the warnings of Lint that were found while parsing, such as those about undefined keys, and found
	// those of the checker.
	warnings, found Problems
}

// Namespace returns the document's NSID without its last segment.
func (d *Document) Namespace() string { return d.ID[:max(0, strings.LastIndexByte(d.ID, '.'))] }

// Def returns the definition with the given name, or nil if there is none.
func (d *Document) Def(name string) *Def {
	for _, def := range d.Defs {
		if def.Name == name {
			return def
		}
	}
	return nil
}

// Def is a named definition of a document.
type Def struct {
	// Name is the definition's key under "defs", "main" for the main one.
	Name string
	Node *Node
}

// Property is a named field of an object or a parameter of a call.
type Property struct {
	Name string
	Node *Node
}

// Node is a schema node of any type. Type decides which of the other fields have
// a meaning. A field without one is zero, as is a field that the document leaves
// out.
type Node struct {
	// Type is the lexicon type, or "body" for the input or output of a call and
	// "message" for the message of a subscription: the language gives those no
	// type.
	Type string
	// Pointer is the JSON pointer (RFC 6901) of the node in its document.
	Pointer     string
	Description string

	// Properties holds the fields of an object, or the parameters of params, in
	// the order of the file.
	Properties []Property
	// Required names the required properties of an object or params.
	Required []string
	// Nullable names the properties of an object that may be null.
	Nullable []string

	// Items is the element of an array.
	Items *Node

	// MinLength and MaxLength count the UTF-8 bytes of a string, the bytes of
	// bytes or the elements of an array. They are nil where there is no limit,
	// as are all the limits below.
	MinLength, MaxLength *int64
	// MinGraphemes and MaxGraphemes count the grapheme clusters of a string.
	MinGraphemes, MaxGraphemes *int64
	// Minimum and Maximum bound an integer.
	Minimum, Maximum *int64

	// Format is the format of a string, such as "at-uri".
	Format string
	// KnownValues are suggestions for a string, not a closed list.
	KnownValues []string
	// StringEnum and IntEnum are the only values that a string or an integer may
	// have.
	StringEnum []string
	IntEnum    []int64
	// Const and Default are nil, a string, an int64 or a bool.
	Const, Default any

	// Ref is the target of a ref, as the document spells it. An unknown that
	// stands for a ref into a missing document (see Options.Opaque) keeps it.
	Ref string
	// Opaque says that an unknown stands for something that cannot be described, so that its value can be of any kind.
	Opaque bool
	// Refs are the variants of a union, as the document spells them.
	Refs []string
	// Closed says that a union is closed: it has no variants besides Refs.
	Closed bool

	// Accept holds the MIME types and patterns that a blob may have, and
	// MaxSize its limit in bytes.
	Accept  []string
	MaxSize *int64

	// Key is the kind of record key: "tid", "nsid", "any" or "literal:x".
	Key string
	// Record is the object that a record consists of.
	Record *Node

	// Params, Input and Output belong to a query, procedure or subscription,
	// and Message to a subscription. Each is nil where there is none.
	Params, Input, Output, Message *Node
	// Encoding is the MIME type of a body.
	Encoding string
	// Schema describes the content of a body or message; it is nil for a body
	// that the language cannot describe.
	Schema *Node
	// Errors are the errors that a call declares.
	Errors []Error

	// Title, Detail and Permissions belong to a permission set.
	Title, Detail string
	Permissions   []Permission
}

// Walk calls visit for n and every node below it. A nil Node has none.
func (n *Node) Walk(visit func(*Node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, property := range n.Properties {
		property.Node.Walk(visit)
	}
	for _, child := range []*Node{n.Items, n.Record, n.Params, n.Input, n.Output, n.Message, n.Schema} {
		child.Walk(visit)
	}
}

// Error is a failure that a query, procedure or subscription declares.
type Error struct {
	Name, Description string
}

// Permission is one entry of a permission set.
type Permission struct {
	// Resource is what the permission is about, such as "repo" or "rpc".
	Resource string
	// Collection and Action belong to "repo": the record types and what may be
	// done with them.
	Collection, Action []string
	// LXM, Aud and InheritAud belong to "rpc": the methods and the service
	// that may be called.
	LXM        []string
	Aud        string
	InheritAud bool
	// Accept belongs to "blob": the MIME types that may be uploaded.
	Accept []string
	// Ignored says why an authorization server ignores this permission. A server
	// must ignore a permission that it does not understand or that the set may
	// not grant. Ignored is empty for a permission in force.
	Ignored string
}

// HasInteger reports whether a node has an integer property of the name. The node may be nil.
func (n *Node) HasInteger(name string) bool {
	return n != nil && slices.ContainsFunc(n.Properties, func(p Property) bool { return p.Name == name && p.Node.Type == "integer" })
}

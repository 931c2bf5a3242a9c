package plan

import (
	"strings"

	"github.com/layers-pub/layers-go/gen/naming"
)

// Plan describes all the code to be generated.
type Plan struct {
	// Packages holds the packages, each after those that it imports.
	Packages []*Package
	// Records is the package that lists every collection; nil if the options do not name a directory for it.
	Records *Records
	// Lock has all exported names of the plan, with what they stand for.
	Lock *naming.Lock
}

// Package is one Go package.
type Package struct {
	// ImportPath is the package's import path, Dir its directory relative to the module's root.
	ImportPath, Dir string
	// Name is the package's name, and Alias the name by which other packages import it. They differ if Name
	// is not unique in the plan or would hide a variable of generated code.
	Name, Alias string
	// Namespaces are the namespaces whose definitions the package holds, sorted.
	Namespaces []string
	// Doc is the package comment.
	Doc Doc
	// Files holds a file per document, sorted by the document's NSID.
	Files []*File
	// Client is nil for a package without queries and procedures, and for all packages if no clients are generated.
	Client *Client
	// Server is the package with the server for the package's calls; nil if none is generated.
	Server *Server
	// Imports are the other packages that the package uses, including those of other modules.
	Imports []*Package
}

// File is one Go file: the definitions of one document.
type File struct {
	// Name is the file's name, such as "alignment.go".
	Name string
	// Source is the NSID of the document.
	Source string
	// Decls are its declarations in the order in which they are written.
	Decls []Decl
}

// Doc is a comment as a list of paragraphs, each one line of plain text without control characters. A
// paragraph that starts with a tab is code, and may have several lines.
type Doc []string

// Decl is a top-level declaration: [*Const], [*Errors], [*Struct], [*Enum], [*Scalar], [*List],
// [*Union], [*Message], [*Params], [*Method] or [*PermissionSet].
type Decl interface{ decl() }

// Ref names a Go type. Package is nil for types of the language and of the runtime.
type Ref struct {
	Package *Package
	// Runtime is "lex", "cid" or "syntax" for a type of the runtime, and empty for all others.
	Runtime string
	Name    string
}

// Const is a string constant: an NSID or a token.
type Const struct {
	Name, Value string
	Doc         Doc
}

// Errors is a group of constants: the names of the errors that one call declares.
type Errors struct {
	// Doc is the comment above the constants if there are several.
	Doc  Doc
	List []Const
}

// Struct is the Go type of an object or a record.
type Struct struct {
	Name string
	Doc  Doc
	// Fields are the fields in the order of the document.
	Fields []*Field
	// Canonical are the same fields in canonical order: by the length of the key, then by its bytes.
	// A record has one more entry, nil, which stands for "$type".
	Canonical []*Field
	// Table is the name of the variable that holds the table of fields.
	Table string
	// Rules are the constraints of its fields that need a variable, since they do not fit a call's arguments.
	Rules []*Rules
	// Record is nil if the struct is not a record.
	Record *Record
}

// Record has what only the struct of a record needs.
type Record struct {
	NSID string
	// Const is the name of the constant that holds the NSID.
	Const string
	// Key is the kind of record key, such as "tid".
	Key string
}

// Field is a property of an object or a parameter of a call.
type Field struct {
	// Key is the name in the data, Name the Go name.
	Key, Name string
	Doc       Doc
	// Note is the comment after a field without a Doc: whether the field is required, and its limits.
	Note     string
	Required bool
	Presence Presence
	Value    *Value
	// Default is the value that applies when the field is unset: a string, an int64 or a bool. It is nil if there
	// is none.
	Default any
	// OrDefault is the name of the method that returns the field or its default; it is empty if there is no default.
	OrDefault string
}

// Presence says how a field of a struct distinguishes a value from no value.
type Presence int

const (
	// Always is a plain value, which is always written.
	Always Presence = iota
	// Optional is a lex.Opt.
	Optional
	// Pointer is a pointer to a struct, nil when there is none.
	Pointer
	// NotNil is a slice or interface, nil when there is none.
	NotNil
	// IsSet is a lex.Map, lex.TypedMap or lex.Raw, which have a method that reports whether they are set.
	IsSet
	// Nullable is a lex.Nullable.
	Nullable
)

// Kind is a way of decoding and encoding a value.
type Kind int

const (
	// Leaf is a value that the decoder reads with one call and the encoder writes with one.
	Leaf Kind = iota
	// Coded is a named type with a decode and an encode method that is not an object.
	Coded
	// Object is a struct with a decode and an encode method.
	Object
	// OneOf is a union.
	OneOf
	// Array is a slice.
	Array
)

// Value is the type of a field, of an array's elements or of a named type, and how it is decoded and
// encoded.
type Value struct {
	Kind Kind
	// Type is the Go type. It is zero for an array.
	Type Ref
	// Decode is the decoder's method for a leaf, and Encode the encoder's.
	Decode, Encode string
	// Limits are the arguments of Decode, or the limits of an array.
	Limits []Limit
	// Bool is the only valid value of a constant boolean.
	Bool *bool
	// Rules, if not nil, are the constraints that Decode takes in place of Limits.
	Rules *Rules
	// Basic is the built-in Go type that the encoder takes, if it is not Type: "string" or "int64".
	Basic string
	// Part is the field of the value that is passed to the encoder, if that is not the value itself.
	Part string
	// Convert says that the decoder's result must be converted to Type.
	Convert bool
	// Items is the type of an array's elements.
	Items *Value
	// List says that a Coded value is a named array.
	List bool
	// Pointer says that the Go type is a pointer to Type.
	Pointer bool
	// Union is the union of a OneOf value.
	Union *Union
}

// Limit is a number in a constraint. If there is no limit, Name is the name of the constant of the runtime that means
// so.
type Limit struct {
	Number int64
	Name   string
}

// Rules is a variable that holds constraints.
type Rules struct {
	// Name is the variable's name, and Type the name of its type in the runtime.
	Name, Type string
	// Doc is set when the variable is exported.
	Doc Doc
	// Entries are the fields of the literal that are set.
	Entries []Rule
}

// Rule is one field of a rules literal. Value is an int64, a bool, a [Limit], a [syntax.Format], a []string or a
// []int64.
type Rule struct {
	Name  string
	Value any
}

// Enum is the Go type of a string with known values or an enum that is defined in place.
type Enum struct {
	Name   string
	Doc    Doc
	Values []Const
	// ValuesDoc stands above the constants.
	ValuesDoc Doc
}

// Scalar is the Go type of a definition that is a string, an integer or a boolean.
type Scalar struct {
	// Enum holds its name, comment and values, if any.
	Enum
	// Value says how it is decoded and encoded.
	Value *Value
	// Underlying is the type that it is declared as.
	Underlying Ref
	Rules      []*Rules
}

// List is the Go type of a definition that is an array.
type List struct {
	Name  string
	Doc   Doc
	Value *Value
	Rules []*Rules
}

// Union is a sealed interface over the types that a union lists.
type Union struct {
	Name string
	Doc  Doc
	// Marker is the name of the method that seals the interface.
	Marker string
	// New is the name of the function that makes the union from any member; empty if no member needs a wrapper.
	New string
	// Unknown is the name of the type of members that the union does not list; it is empty for a closed union.
	Unknown  string
	Variants []*Variant
	// Decode and Encode are the names of the functions that decode and encode a member. Encode is empty if nothing
	// needs it: no array, no nullable field, no envelope of a body and no server of messages.
	Decode, Encode string
}

// Variant is a member of a union.
type Variant struct {
	// Type is the member's type.
	Type Ref
	// Wrapper is the name of the type that wraps a member from another package. It is empty for a member from the
	// union's own package.
	Wrapper string
	// Record says that the member is a record, which writes its $type itself.
	Record bool
	// Name is the $type that is written for it, and Spellings are all values of $type by which it is recognized
	// when reading.
	Name      string
	Spellings []string
}

// Message is the sealed interface over the messages of a subscription.
type Message struct {
	Union
	// Call is the subscription's NSID, and Const the constant that holds it.
	Call, Const string
	// Subscribe is the name of the function that opens the subscription; it is empty if no clients are generated.
	// Params is the name of the type of its parameters; it is empty if there are none.
	Subscribe, Params string
	SubscribeDoc      Doc
	// Resumable says that the call has a cursor, and messages have a seq.
	Resumable bool
}

// Params are the parameters of a call.
type Params struct {
	Name   string
	Doc    Doc
	Fields []*Field
	// Example is Go source that sets the required fields, for a literal of the type.
	Example string
}

// Body is the input or output of a call. A body without a Value is a stream.
type Body struct {
	// Value is the type of a body that has one.
	Value *Value
	// Envelope is the name of the type that gives a union as a body its codec methods. It is exported if there are servers.
	Envelope string
	// ContentType is the media type of a stream; it may be a pattern with "*", or several with commas between them.
	ContentType string
}

// Open reports whether a stream can be of several media types.
func (b *Body) Open() bool { return strings.ContainsAny(b.ContentType, "*,") }

// Method is a query or procedure, which is a method of the package's client. In [Server.Calls] it can also be a
// subscription.
type Method struct {
	Name string
	// Client is the name of the client's type.
	Client string
	Doc    Doc
	// ServerDoc is the comment of the server's method.
	ServerDoc Doc
	// Const is the name of the constant that holds the NSID.
	Const     string
	Procedure bool
	// Params is the name of the type of its parameters, empty if it has none, and ParamFields are the fields of that.
	Params      string
	ParamFields []*Field
	// Decoded is the struct, in the package of the server, into which servers decode the parameters. It is nil without
	// parameters or servers.
	Decoded       *Struct
	Input, Output *Body
	// Record is set for a query that returns one record as {uri, cid, value}, or pages of such records: it is the
	// type of the value. It is nil for any other call.
	Record *Ref
	// Pages is nil for a call whose results are not paged.
	Pages *Pages
	// Message is what a subscription yields; it is nil for a query or procedure.
	Message *Message
}

// Pages says how to iterate over all results of a query.
type Pages struct {
	// Name is the name of the method.
	Name string
	Doc  Doc
	// Items is the key of the array with the results, and Item is their type: nil if they are records.
	Items string
	Item  *Value
}

// PermissionSet is a variable that holds a permission set.
type PermissionSet struct {
	Name, NSID    string
	Doc           Doc
	Title, Detail string
	Permissions   []Permission
}

// Permission is one entry of a permission set.
type Permission struct {
	Resource                        string
	Collection, Action, LXM, Accept []string
	Aud                             string
	InheritAud                      bool
}

// Client is the type whose methods are a package's calls.
type Client struct {
	Name string
	Doc  Doc
	// New is the name of its constructor, and NewDoc the comment of that.
	New    string
	NewDoc Doc
}

// Server is a package that answers the calls of another one. It has the interface Server, with a method for each call,
// and the functions Methods and NewHandler, which make handlers from a Server.
type Server struct {
	ImportPath, Dir, Name string
	// PackageDoc is the package comment, and Doc that of the interface.
	PackageDoc, Doc Doc
	Calls           []*Method
}

// Records is the package that lists every collection.
type Records struct {
	ImportPath, Dir, Name string
	Doc                   Doc
	Collections           []*Collection
	Imports               []*Package
}

// Collection is one record type in the package that lists all of them.
type Collection struct {
	NSID string
	// Key is the kind of record key.
	Key string
	// Field is the name of its field in the type Repository.
	Field string
	// Type is the record's Go type.
	Type Ref
}

func (*Const) decl()         {}
func (*Errors) decl()        {}
func (*Struct) decl()        {}
func (*Enum) decl()          {}
func (*Scalar) decl()        {}
func (*List) decl()          {}
func (*Union) decl()         {}
func (*Message) decl()       {}
func (*Params) decl()        {}
func (*Method) decl()        {}
func (*PermissionSet) decl() {}

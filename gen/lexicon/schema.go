package lexicon

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/santhosh-tekuri/jsonschema/v5"
)

// schemaText is the JSON Schema of the lexicon language. The "description" beside
// a keyword says what to write instead when that keyword fails; it becomes the
// message of the problem.
//
//go:embed schema.json
var schemaText []byte

// schemaURL names the schema to the compiler, which requires an absolute URL.
const schemaURL = "embedded:///schema.json"

// documentSchema is the compiled schema, and its text, in which hint finds descriptions.
type documentSchema struct {
	compiled *jsonschema.Schema
	text     any
}

// stringFormats is the text in schema.json that schema replaces with the names of the string formats of lexicons.
const stringFormats = `"the string formats of runtime/syntax"`

// schema returns the text of the schema with the names of the string formats.
func schema() []byte {
	var names []string
	for _, f := range syntax.Formats() {
		names = append(names, strconv.Quote(f.String()))
	}
	return bytes.Replace(schemaText, []byte(stringFormats), []byte(strings.Join(names, ", ")), 1)
}

// formats are the values of the keyword "format" in the schema, which is about the schema's own strings. The compiler lets an
// unregistered format pass everything, so a test compares these with the
// schema.
var formats = map[string]func(string) bool{
	"nsid":            syntax.ValidNSID,
	"reference":       validReference,
	"record-key-type": validRecordKeyType,
}

// mimePattern matches a MIME type or a pattern for all subtypes of a type or for all types, and mimeType the same with
// parameters. Tokens are those of RFC 9110, section 5.6.2, without the asterisk, which is a pattern here.
var (
	mimePattern = regexp.MustCompile(`^(\*/\*|` + mimeToken + `/(\*|` + mimeToken + `))$`)
	mimeType    = regexp.MustCompile(`^(\*/\*|` + mimeToken + `/(\*|` + mimeToken + `))([ \t]*;[ \t]*` + mimeToken + `=(` + mimeToken + `|"[^"]*"))*$`)
)

const mimeToken = "[!#$%&'+.^_`|~0-9A-Za-z-]+"

var loadSchema = sync.OnceValues(func() (*documentSchema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.Draft = jsonschema.Draft2020
	compiler.AssertFormat = true
	for name, valid := range formats {
		compiler.Formats[name] = func(v any) bool {
			s, ok := v.(string)
			return !ok || valid(s)
		}
	}
	source := schema()
	if err := compiler.AddResource(schemaURL, bytes.NewReader(source)); err != nil {
		return nil, fmt.Errorf("the schema of the lexicon language: %w", err)
	}
	compiled, err := compiler.Compile(schemaURL)
	if err != nil {
		return nil, fmt.Errorf("the schema of the lexicon language: %w", err)
	}
	text, p := parse("schema.json", source)
	if p.problems != nil {
		return nil, fmt.Errorf("the schema of the lexicon language: %w", p.problems)
	}
	return &documentSchema{compiled, text}, nil
})

// check returns a document's violations of the schema.
func (s *documentSchema) check(file string, document any) Problems {
	err := s.compiled.Validate(plain(document))
	if err == nil {
		return nil
	}
	var violation *jsonschema.ValidationError
	if !errors.As(err, &violation) {
		return Problems{problem(file, "", "cannot check the document against the schema of the lexicon language: %v", err)}
	}
	var problems Problems
	s.collect(file, violation, &problems)
	return problems
}

// collect adds the innermost causes of a violation, which are the ones that
// name a value and a rule.
func (s *documentSchema) collect(file string, v *jsonschema.ValidationError, problems *Problems) {
	for _, cause := range v.Causes {
		s.collect(file, cause, problems)
	}
	if len(v.Causes) > 0 {
		return
	}
	// The validator escapes pointers for URLs.
	pointer, err := url.PathUnescape(v.InstanceLocation)
	if err != nil {
		pointer = v.InstanceLocation
	}
	rule, hint := s.hint(v.AbsoluteKeywordLocation)
	message := v.Message
	switch {
	case rule == "not", rule == "const":
		// The validator's messages for these say too little, or quote a number as text.
		message = hint
	case hint != "":
		message += "; " + hint
	}
	*problems = append(*problems, problem(file, jsontext.Pointer(pointer), "%s", message))
}

// hint returns the keyword of the schema at the given location, and the
// description beside it.
func (s *documentSchema) hint(location string) (rule, hint string) {
	_, fragment, _ := strings.Cut(location, "#")
	fragment, err := url.PathUnescape(fragment)
	if err != nil {
		return "", ""
	}
	pointer := jsontext.Pointer(fragment)
	value := s.text
	for token := range pointer.Parent().Tokens() {
		o, _ := value.(object)
		value = o.get(token)
	}
	o, _ := value.(object)
	hint, _ = o.get("description").(string)
	return pointer.LastToken(), hint
}

// plain converts a parsed value to the types that the validator accepts.
func plain(value any) any {
	switch v := value.(type) {
	case object:
		m := make(map[string]any, len(v))
		for _, member := range v {
			m[member.name] = plain(member.value)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = plain(item)
		}
		return list
	default:
		return v
	}
}

// lexScheme is what the reference implementation puts before references when it writes documents as code.
const lexScheme = "lex:"

// validReference reports whether s has the form of a reference: "#name", an
// NSID, or both.
func validReference(s string) bool {
	s = strings.TrimPrefix(s, lexScheme)
	id, name, found := strings.Cut(s, "#")
	return (id == "" && found || oddNSID.MatchString(id) || syntax.ValidNSID(id)) && (!found || validDefName(name))
}

// oddNSID matches names that some take for NSIDs: with hyphens or underscores anywhere, and dots between segments.
// References accept such a name; the id of the document that has it is reported.
var oddNSID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+){2,}$`)

// validDefName reports whether s can name a definition: "#" has a
// meaning in references, and white space cannot be part of one.
func validDefName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r == '#' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
}

func validRecordKeyType(s string) bool {
	if value, ok := strings.CutPrefix(s, "literal:"); ok {
		return syntax.ValidRecordKey(value)
	}
	return s == "tid" || s == "nsid" || s == "any"
}

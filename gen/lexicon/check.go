package lexicon

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/layers-pub/layers-go/internal/graphemes"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// checker checks the rules that a JSON Schema cannot express: whether names
// agree with each other, whether references resolve, whether values are within
// their limits.
type checker struct {
	set *Set
	// broken are the NSIDs of files that could not be read as documents.
	// Nothing is known about what they define.
	broken map[string]bool
	// opaque replaces references into missing documents.
	opaque   bool
	document *Document
	problems Problems
}

// report adds a problem at a place below the given node.
func (c *checker) report(n *Node, tokens []string, format string, args ...any) {
	pointer := jsontext.Pointer(n.Pointer)
	for _, token := range tokens {
		pointer = pointer.AppendToken(token)
	}
	c.problems = append(c.problems, problem(c.document.File, pointer, format, args...))
}

// warn adds a warning, which [Lint] returns, about something that the specification does not forbid.
func (c *checker) warn(n *Node, tokens []string, format string, args ...any) {
	before := len(c.problems)
	c.report(n, tokens, format, args...)
	c.document.found = append(c.document.found, c.problems[before:]...)
	c.problems = c.problems[:before]
}

// at returns the tokens that lead from a node to a place below it, for report and warn.
func at(tokens ...string) []string { return tokens }

// check checks a document.
func (c *checker) check(d *Document) {
	c.document = d
	for _, def := range d.Defs {
		switch {
		case !validDefName(def.Name):
			c.report(def.Node, nil, `a definition cannot have the name %q; leave out "#" and white space`, def.Name)
		case strings.Contains(def.Name, "."):
			c.warn(def.Node, nil, `some tools reject the name %q for a definition; leave out "."`, def.Name)
		}
		c.node(def.Node)
	}
}

// node checks a node and all nodes within it. The node may be nil, which means that it is missing from the document.
func (c *checker) node(n *Node) {
	if n == nil {
		return
	}
	switch n.Type {
	case "boolean":
		c.exclusive(n)
	case "integer":
		c.integer(n)
	case "string":
		c.string(n)
	case "bytes":
		c.order(n, "minLength", n.MinLength, "maxLength", n.MaxLength)
	case "blob":
		for i, pattern := range n.Accept {
			if !mimePattern.MatchString(pattern) {
				c.warn(n, at("accept", strconv.Itoa(i)), "%q is not a MIME type such as image/png, a pattern such as image/*, or */* for any; correct it", pattern)
			}
		}
	case "array":
		c.order(n, "minLength", n.MinLength, "maxLength", n.MaxLength)
		c.node(n.Items)
	case "object", "params":
		c.properties(n)
	case "ref":
		c.ref(n)
	case "union":
		c.union(n)
	case "record":
		c.node(n.Record)
	case "query", "procedure", "subscription":
		c.node(n.Params)
		c.body(n.Input)
		c.body(n.Output)
		if n.Message != nil {
			c.node(n.Message.Schema)
		}
		c.errors(n)
	}
}

// properties checks the fields of an object or the parameters of a call.
func (c *checker) properties(n *Node) {
	names := make(map[string]bool, len(n.Properties))
	for _, property := range n.Properties {
		names[property.Name] = true
		switch {
		case property.Name == "":
			c.warn(property.Node, nil, "a property has an empty name; name it")
		case property.Name == "$type":
			c.warn(property.Node, nil, "$type is reserved by the protocol, which adds it where needed; remove it")
		case property.Name == "$link" || property.Name == "$bytes":
			c.report(property.Node, nil, "%s is reserved by the protocol, which adds it where needed; remove it", property.Name)
		}
		c.node(property.Node)
	}
	c.subset(n, "required", n.Required, names)
	c.subset(n, "nullable", n.Nullable, names)
}

// subset checks that a list names properties, each of them once.
func (c *checker) subset(n *Node, key string, list []string, names map[string]bool) {
	for i, name := range list {
		if !names[name] {
			c.report(n, at(key, strconv.Itoa(i)), `there is no property %q; add it to "properties" or remove it here`, name)
		}
	}
	unique(c, n, key, list)
}

// unique checks that a list has no value twice.
func unique[T comparable](c *checker, n *Node, key string, list []T) {
	seen := make(map[T]bool, len(list))
	for i, value := range list {
		if seen[value] {
			c.warn(n, at(key, strconv.Itoa(i)), "%s is listed twice; remove one", quoted(value))
		}
		seen[value] = true
	}
}

// order checks that a lower limit is not above an upper one.
func (c *checker) order(n *Node, lowName string, low *int64, highName string, high *int64) {
	if low != nil && high != nil && *low > *high {
		c.warn(n, at(lowName), "%s %d is above %s %d, so no value is valid; correct one of them", lowName, *low, highName, *high)
	}
}

// exclusive checks that const is not combined with default or enum.
func (c *checker) exclusive(n *Node) {
	if n.Const == nil {
		return
	}
	if n.Default != nil {
		c.warn(n, at("default"), "const and default cannot be combined; remove default")
	}
	if n.StringEnum != nil || n.IntEnum != nil {
		c.warn(n, at("enum"), "const and enum cannot be combined; remove enum")
	}
}

func (c *checker) integer(n *Node) {
	c.order(n, "minimum", n.Minimum, "maximum", n.Maximum)
	c.exclusive(n)
	unique(c, n, "enum", n.IntEnum)
	for i, value := range n.IntEnum {
		c.inRange(n, at("enum", strconv.Itoa(i)), value)
	}
	if value, ok := n.Const.(int64); ok {
		c.inRange(n, at("const"), value)
	}
	if value, ok := n.Default.(int64); ok {
		c.inRange(n, at("default"), value)
		if n.IntEnum != nil && !slices.Contains(n.IntEnum, value) {
			c.warn(n, at("default"), "the default %d is not in enum; use a value that is", value)
		}
	}
}

func (c *checker) inRange(n *Node, place []string, value int64) {
	if n.Minimum != nil && value < *n.Minimum {
		c.warn(n, place, "%d is below the minimum %d; correct one of them", value, *n.Minimum)
	}
	if n.Maximum != nil && value > *n.Maximum {
		c.warn(n, place, "%d is above the maximum %d; correct one of them", value, *n.Maximum)
	}
}

func (c *checker) string(n *Node) {
	c.order(n, "minLength", n.MinLength, "maxLength", n.MaxLength)
	c.order(n, "minGraphemes", n.MinGraphemes, "maxGraphemes", n.MaxGraphemes)
	// A grapheme cluster has at least one byte.
	c.order(n, "minGraphemes", n.MinGraphemes, "maxLength", n.MaxLength)
	c.exclusive(n)
	unique(c, n, "knownValues", n.KnownValues)
	unique(c, n, "enum", n.StringEnum)
	for i, value := range n.StringEnum {
		c.fits(n, at("enum", strconv.Itoa(i)), value)
	}
	if value, ok := n.Const.(string); ok {
		c.fits(n, at("const"), value)
	}
	if value, ok := n.Default.(string); ok {
		c.fits(n, at("default"), value)
		if n.StringEnum != nil && !slices.Contains(n.StringEnum, value) {
			c.warn(n, at("default"), "the default %q is not in enum; use a value that is", value)
		}
	}
}

// fits checks that a string is within the limits of its schema and has its format.
func (c *checker) fits(n *Node, place []string, value string) {
	if reason := misfit(n, value); reason != "" {
		c.warn(n, place, "%q %s; correct the value or the limit", value, reason)
	}
}

// misfit says which limit of its schema a string breaks, or returns "".
func misfit(n *Node, value string) string {
	length := int64(len(value))
	switch {
	case n.MinLength != nil && length < *n.MinLength:
		return fmt.Sprintf("has %d bytes, which is below minLength %d", length, *n.MinLength)
	case n.MaxLength != nil && length > *n.MaxLength:
		return fmt.Sprintf("has %d bytes, which is above maxLength %d", length, *n.MaxLength)
	}
	if n.MinGraphemes != nil || n.MaxGraphemes != nil {
		count := int64(graphemes.Count(value))
		switch {
		case n.MinGraphemes != nil && count < *n.MinGraphemes:
			return fmt.Sprintf("has %d graphemes, which is below minGraphemes %d", count, *n.MinGraphemes)
		case n.MaxGraphemes != nil && count > *n.MaxGraphemes:
			return fmt.Sprintf("has %d graphemes, which is above maxGraphemes %d", count, *n.MaxGraphemes)
		}
	}
	if format, _ := syntax.FormatNamed(n.Format); !format.Valid(value) {
		return "does not have the format " + n.Format
	}
	return ""
}

func (c *checker) errors(n *Node) {
	seen := make(map[string]bool, len(n.Errors))
	for i, e := range n.Errors {
		if strings.ContainsFunc(e.Name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
			c.warn(n, at("errors", strconv.Itoa(i), "name"), "the name of an error is a word, and %q is not one; take the white space out", e.Name)
		}
		if seen[e.Name] {
			c.warn(n, at("errors", strconv.Itoa(i)), "%q is listed twice; remove one", e.Name)
		}
		// The schema check reports a missing name.
		seen[e.Name] = e.Name != ""
	}
}

// body checks the input or output of a call. It warns if the schema refers to something that is not an object.
func (c *checker) body(n *Node) {
	if n == nil {
		return
	}
	if n.Encoding != "" && !mimeType.MatchString(n.Encoding) {
		c.warn(n, at("encoding"), "%q is not a media type such as application/json, or */* for any; correct it", n.Encoding)
	}
	if n.Schema == nil {
		return
	}
	c.node(n.Schema)
	if n.Schema.Type != "ref" {
		return
	}
	if def := c.resolve(n.Schema, at("ref"), n.Schema.Ref); def != nil && isField(def.Node.Type) {
		c.warn(n.Schema, at("ref"), "%s is of type %s, but most bodies are objects, so generated code passes this one on as it is; put it in a field of an object", n.Schema.Ref, def.Node.Type)
	}
}

// isField reports whether a type is one that only fields and elements have.
func isField(typ string) bool {
	switch typ {
	case "array", "string", "integer", "boolean", "bytes", "cid-link", "blob":
		return true
	}
	return false
}

// ref checks the target of a reference. If the reference is to be dropped, the node becomes an opaque unknown.
func (c *checker) ref(n *Node) {
	if c.dropped(n.Ref) {
		n.Type, n.Opaque = "unknown", true
		return
	}
	def := c.resolve(n, at("ref"), n.Ref)
	if def == nil {
		return
	}
	switch typ := def.Node.Type; {
	case typ == "object", typ == "record", isField(typ):
	case typ == "token":
		c.report(n, at("ref"), `%s is a token, which has no data; use a string with the token in "knownValues"`, n.Ref)
	default:
		c.report(n, at("ref"), "%s is of type %s, which a ref cannot name; refer to an object, a record or a field type", n.Ref, typ)
	}
}

// union checks the variants of a union, and removes those that are to be dropped.
func (c *checker) union(n *Node) {
	if n.Closed && len(n.Refs) == 0 {
		c.report(n, at("refs"), "a closed union without variants allows nothing; list a variant or remove closed")
	}
	full := make([]string, len(n.Refs))
	for i, ref := range n.Refs {
		full[i] = c.normal(ref)
		if c.dropped(ref) {
			continue
		}
		place := at("refs", strconv.Itoa(i))
		if def := c.resolve(n, place, ref); def != nil && def.Node.Type != "object" && def.Node.Type != "record" {
			c.report(n, place, "%s is of type %s, but the variants of a union must be objects or records; put it in a field of an object", ref, def.Node.Type)
		}
	}
	unique(c, n, "refs", full)
	refs := slices.DeleteFunc(slices.Clone(n.Refs), c.dropped)
	if len(refs) < len(n.Refs) {
		// A variant was dropped: the union accepts types other than those that remain.
		n.Refs, n.Closed = refs, false
	}
}

// normal returns a reference with the NSID and without "#main".
func (c *checker) normal(ref string) string {
	if strings.HasPrefix(ref, "#") {
		ref = c.document.ID + ref
	}
	return strings.TrimSuffix(ref, "#main")
}

// dropped reports whether a reference is to be replaced: it leads into a missing
// document, and the option Opaque is set.
func (c *checker) dropped(ref string) bool {
	if !c.opaque || !validReference(ref) {
		return false
	}
	id, _, _ := strings.Cut(c.normal(ref), "#")
	return c.set.Lookup(id) == nil && !c.broken[id]
}

// resolve returns the definition that a reference names. If there is none it
// reports that and returns nil. It also returns nil, without a report, if the
// schema check already reports the reference or the definition, or if the file
// of the definition could not be read.
func (c *checker) resolve(n *Node, place []string, ref string) *Def {
	if !validReference(ref) {
		return nil
	}
	document, def, ok := c.set.Resolve(c.document, ref)
	if ok {
		if _, known := keys[def.Node.Type]; !known {
			return nil
		}
		return def
	}
	id, name, _ := strings.Cut(c.normal(ref), "#")
	switch {
	case document == nil && c.broken[id]:
	case document == nil:
		c.report(n, place, "%s refers to %s, which is not among the lexicons; add that document or correct the reference", ref, id)
	case name == "":
		c.report(n, place, "%s refers to the main definition of %s, which has none; correct the reference", ref, id)
	default:
		c.report(n, place, "%s refers to %q, which %s does not define; define it or correct the reference", ref, name, id)
	}
	return nil
}

// quoted returns a value as a document writes it.
func quoted(value any) string {
	if s, ok := value.(string); ok {
		return strconv.Quote(s)
	}
	return fmt.Sprint(value)
}

// Fits reports whether a string is within the limits of its schema and has its format. Enum and const do not count.
func Fits(n *Node, value string) bool { return misfit(n, value) == "" }

package lexicon

import (
	"slices"
	"strconv"
	"strings"
)

// Skip removes the faults that problems name from the set, as far as [Options.Skip] allows it, and whatever refers to
// the removed parts. It returns the remaining problems: those in documents whose faults are not ignored, and those that
// are not about a document. If a value that was made opaque is reported again, it is removed, or the part that contains
// it. Nothing else may use the set meanwhile.
func (s *Set) Skip(problems Problems) Problems {
	rest := s.skipOnce(problems)
	for s.skip != nil {
		more := s.check()
		if len(more) == 0 {
			break
		}
		left := s.skipOnce(more)
		if rest = append(rest, left...); len(left) == len(more) {
			break
		}
	}
	s.Skipped = s.Skipped.sorted()
	return rest
}

// skipOnce removes the faults that problems name, and returns the problems that it may not remove.
func (s *Set) skipOnce(problems Problems) (rest Problems) {
	dropped := make(map[string][]string) // by file, what this call took out
	for _, p := range problems.sorted() {
		document := s.inFile(p.File)
		id, known := s.files[p.File]
		if document != nil {
			id, known = document.ID, true
		}
		if s.skip == nil || !known || !s.skip(id) {
			rest = append(rest, p)
			continue
		}
		outcome := "it belongs to the above"
		if covered := func(at string) bool { return within(p.Pointer, at) }; document != nil && !slices.ContainsFunc(dropped[p.File], covered) {
			at := ""
			if at, outcome = document.drop(p.Pointer); outcome == "" || len(document.Defs) == 0 {
				at, outcome = "", "the document is omitted"
				s.Documents = slices.DeleteFunc(s.Documents, func(d *Document) bool { return d == document })
				s.broken[document.ID] = true
			}
			if !repairs[outcome] {
				dropped[p.File] = append(dropped[p.File], at)
			}
		} else if document == nil {
			outcome = "the file is omitted"
		}
		p.Message += " [" + outcome + "]"
		s.Skipped = append(s.Skipped, p)
	}
	return rest
}

// inFile returns the document that was read from a file, or nil if the set has none.
func (s *Set) inFile(file string) *Document {
	for _, d := range s.Documents {
		if d.File == file {
			return d
		}
	}
	return nil
}

// check checks all documents.
func (s *Set) check() Problems {
	c := &checker{set: s, broken: s.broken, opaque: s.opaque}
	if s.skip != nil {
		c.broken = nil // what refers to a file that was left out is opaque
	}
	for _, d := range s.Documents {
		d.found = nil
		if d.Foreign {
			continue
		}
		for _, def := range d.Defs {
			def.Node.Walk((*Node).compact)
		}
		c.check(d)
	}
	return c.problems
}

// within reports whether a JSON pointer is at or below another one.
func within(pointer, at string) bool { return pointer == at || strings.HasPrefix(pointer, at+"/") }

// drop removes the fault at a pointer from the document. It returns the pointer of what it removed or repaired, and the
// outcome; both are empty if only the document as a whole can be left out.
func (d *Document) drop(pointer string) (at, outcome string) {
	switch pointer {
	case "/lexicon":
		return pointer, asVersion1
	case "/description", "/revision":
		return pointer, noEffect
	case "/id":
		if oddNSID.MatchString(d.ID) {
			return pointer, asItIs
		}
	case "":
		if d.commented {
			d.commented = false
			return pointer, noComments
		}
	}
	for i, def := range d.Defs {
		if !within(pointer, def.Node.Pointer) {
			continue
		}
		if pointer == def.Node.Pointer {
			if outcome := def.Node.bare(); outcome != "" {
				return pointer, outcome
			}
		}
		if at, outcome := def.Node.drop(pointer); outcome != "" {
			return at, outcome
		}
		d.Defs = slices.Delete(d.Defs, i, i+1)
		return def.Node.Pointer, "the definition is omitted"
	}
	return "", ""
}

// The outcomes for a value with a fault, as messages have them.
const (
	keptRaw  = "its value is kept undecoded"
	leftOut  = "it is omitted"
	noEffect = "it has no effect"
)

// The outcomes for something that lacks a part, or has one in the wrong form.
const (
	asVersion1 = "it is read as version 1"
	noFields   = "it is an object without fields of its own"
	anyKey     = "its record keys are not checked"
	asJSON     = "application/json is assumed"
	asItIs     = "it is used as it is"
	noComments = "comments and trailing commas are ignored"
)

// repairs are the outcomes that leave everything below the place in the document.
var repairs = map[string]bool{noEffect: true, asVersion1: true, noFields: true, anyKey: true, asJSON: true, asItIs: true, noComments: true}

// bare turns an object whose properties could not be read into one without properties. It returns the outcome, or "" if
// the node is not such an object.
func (n *Node) bare() string {
	if n.Type != "object" || n.Properties != nil {
		return ""
	}
	n.Properties, n.Required, n.Nullable = []Property{}, nil, nil
	return noFields
}

// complete adds the record key or the encoding that a node lacks. It returns the outcome, or "" if it added nothing.
func (n *Node) complete() string {
	switch {
	case n.Type == "record" && n.Record != nil && n.Key == "":
		n.Key = "any"
		return anyKey
	case n.Type == "body" && n.Schema != nil && n.Encoding == "":
		n.Encoding = "application/json"
		return asJSON
	}
	return ""
}

// drop removes the fault at a pointer from the nodes below n. The outcome is empty if the fault cannot be removed
// without n itself.
func (n *Node) drop(pointer string) (at, outcome string) {
	if pointer == n.Pointer {
		return pointer, n.complete()
	}
	if rest, found := strings.CutPrefix(pointer, n.Pointer+"/"); found {
		tokens := append(strings.SplitN(rest, "/", 3), "")
		if n.dropLimit(tokens[0]) {
			return pointer, noEffect
		}
		if tokens[0] == "properties" && tokens[1] == "" {
			if outcome := n.bare(); outcome != "" {
				return pointer, outcome
			}
		}
		if n.dropEntry(tokens[0], tokens[1]) {
			return pointer, leftOut
		}
		unread := func(p Property) bool { return within(pointer, p.Node.Pointer) }
		if tokens[0] == "properties" && tokens[1] != "" && !slices.ContainsFunc(n.Properties, unread) {
			return pointer, leftOut // it is not an object
		}
	}
	for i, property := range n.Properties {
		child := property.Node
		if !within(pointer, child.Pointer) {
			continue
		}
		if at, outcome := child.drop(pointer); outcome != "" && (n.Type == "object" || outcome != keptRaw) {
			return at, outcome
		}
		if n.Type == "object" && child.makeOpaque() { // a parameter cannot be opaque, nor its elements
			return child.Pointer, keptRaw
		}
		n.Properties = slices.Delete(n.Properties, i, i+1)
		same := func(name string) bool { return name == property.Name }
		n.Required, n.Nullable = slices.DeleteFunc(n.Required, same), slices.DeleteFunc(n.Nullable, same)
		return child.Pointer, leftOut
	}
	if n.Items != nil && within(pointer, n.Items.Pointer) {
		if at, outcome := n.Items.drop(pointer); outcome != "" {
			return at, outcome
		}
		if n.Items.makeOpaque() {
			return n.Items.Pointer, keptRaw
		}
	}
	for _, part := range []**Node{&n.Record, &n.Params, &n.Input, &n.Output, &n.Message, &n.Schema} {
		child := *part
		if child == nil || !within(pointer, child.Pointer) {
			continue
		}
		if at, outcome := child.drop(pointer); outcome != "" {
			return at, outcome
		}
		if part == &n.Record {
			outcome := child.bare()
			return pointer, outcome
		}
		*part = nil
		return child.Pointer, leftOut
	}
	return "", ""
}

// makeOpaque makes the node a value of any kind, and reports whether it was not one already.
func (n *Node) makeOpaque() bool {
	if n.Opaque {
		return false
	}
	*n = Node{Type: "unknown", Pointer: n.Pointer, Description: n.Description, Opaque: true}
	return true
}

// limits are the members of a node that only limit or describe it: without them it is still a node of its type.
var limits = []string{"required", "nullable", "closed", "errors", "format", "minLength", "maxLength", "minGraphemes", "maxGraphemes", "minimum", "maximum", "enum", "knownValues",
	"default", "const", "accept", "maxSize", "description", "key", "title", "title:lang", "detail", "detail:lang"}

// dropLimit removes the member key if the node can do without it, and reports whether it can. The model has malformed
// members only for the format and the record key, so only these are changed.
func (n *Node) dropLimit(key string) bool {
	part, isPart := map[string]*Node{"input": n.Input, "output": n.Output, "message": n.Message, "parameters": n.Params}[key]
	switch {
	case isPart && part == nil && n.Type != "": // a part that this type does not have, or that cannot be read
		return true
	case !slices.Contains(limits, key):
		return false
	case key == "required" && n.Required != nil, key == "nullable" && n.Nullable != nil, key == "errors" && n.Errors != nil:
		return false // one entry of it is at fault
	case key == "format":
		n.Format = ""
	case key == "key":
		n.Key = "any"
	}
	return true
}

// dropEntry blanks the entry with the given number of the list key of the node, if the model has that entry. It returns
// false if the node has no such list. compact removes blank entries later, so that the numbers of the others stay valid
// until then.
func (n *Node) dropEntry(key, number string) bool {
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 {
		return false
	}
	for name, list := range map[string][]string{"refs": n.Refs, "required": n.Required, "nullable": n.Nullable} {
		if key == name && i < len(list) {
			list[i] = ""
			n.Closed = false // the union accepts more types than those that remain
		}
		if key == name {
			return true // the list has no entries that are not strings
		}
	}
	if key == "permissions" && i < len(n.Permissions) {
		n.Permissions[i].Ignored = "it is malformed"
		return true
	}
	if key == "errors" {
		if i < len(n.Errors) {
			n.Errors[i].Name = ""
		}
		return true
	}
	return false
}

// compact removes the entries that dropEntry has blanked.
func (n *Node) compact() {
	blank := func(s string) bool { return s == "" }
	if slices.ContainsFunc(n.Refs, blank) {
		n.Refs = slices.DeleteFunc(n.Refs, blank)
	}
	if slices.ContainsFunc(n.Required, blank) || slices.ContainsFunc(n.Nullable, blank) {
		missing := func(name string) bool {
			return name == "" && !slices.ContainsFunc(n.Properties, func(p Property) bool { return p.Name == "" })
		}
		n.Required, n.Nullable = slices.DeleteFunc(n.Required, missing), slices.DeleteFunc(n.Nullable, missing)
	}
	n.Errors = slices.DeleteFunc(n.Errors, func(e Error) bool { return e.Name == "" })
}

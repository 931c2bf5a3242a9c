package lexicon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits on what the loader reads, besides [lexfile.MaxSize].
const (
	// MaxDepth is the depth to which objects and arrays may nest in a document.
	MaxDepth = 64
	// MaxDocuments is the largest number of documents that one call of Load accepts.
	MaxDocuments = 10_000
)

// object is a JSON object that keeps the order of its members. The values are
// object, []any, string, int64, float64 for numbers with a fraction, bool and nil.
type object []member

type member struct {
	name  string
	value any
}

// get returns the value of the named member, or nil if there is none.
func (o object) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// parser reads one JSON text. It reports an integer of more than 64 bits
// and goes on; any other error ends it.
type parser struct {
	file    string
	data    []byte
	decoder *jsontext.Decoder
	// problems are errors; warnings are about names that occur twice in an object, which JSON allows.
	problems, warnings Problems
}

// byteOrderMark is what some editors begin a file with. RFC 8259 allows parsers to ignore it.
var byteOrderMark = []byte("\xef\xbb\xbf")

// parse reads a JSON text that must be one value and nothing more. The value is nil if the text is not valid JSON.
func parse(file string, data []byte) (any, *parser) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	p := &parser{file: file, data: data, decoder: jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))}
	value, err := p.value()
	if err == nil {
		var extra jsontext.Token
		extra, err = p.decoder.ReadToken()
		switch {
		case err == io.EOF:
			err = nil
		case err == nil:
			err = fmt.Errorf("unexpected data after the end of the document, starting with %s; remove it", extra.Kind())
		}
	}
	if err != nil {
		p.fail(err)
		value = nil
	}
	return value, p
}

// fail reports an error that ends the reading.
func (p *parser) fail(err error) {
	pointer, offset := p.decoder.StackPointer(), p.decoder.InputOffset()
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		pointer, offset, err = syntactic.JSONPointer, syntactic.ByteOffset, syntactic.Err
	}
	if err == io.EOF {
		err = errors.New("the file is empty; write a lexicon document")
	}
	before := p.data[:min(max(offset, 0), int64(len(p.data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1
	p.problems = append(p.problems, problem(p.file, pointer, "not valid JSON at line %d, column %d: %v", line, column, err))
}

func (p *parser) value() (any, error) {
	token, err := p.decoder.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '{':
		return p.object()
	case '[':
		return p.array()
	case '"':
		return token.String(), nil
	case '0':
		return p.number(token.String()), nil
	case 't', 'f':
		return token.Bool(), nil
	default:
		return nil, nil
	}
}

// number returns an int64, or a float64 for a number with a fraction.
func (p *parser) number(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.Abs(f) >= 1<<63:
		p.problems = append(p.problems, problem(p.file, p.decoder.StackPointer(), "%s is not a number of 64 bits; write a smaller one", text))
		return math.Copysign(math.MaxFloat64, f) // a float64, which is not compared with limits
	case f == math.Trunc(f):
		return int64(f) // such as 1e6
	}
	return f
}

// object reads an object. Of two members with the same name the last one counts, as in most parsers.
func (p *parser) object() (any, error) {
	if err := p.checkDepth(); err != nil {
		return nil, err
	}
	o := object{}
	places := make(map[string]int)
	for p.decoder.PeekKind() != '}' {
		name, err := p.decoder.ReadToken()
		if err != nil {
			return nil, err
		}
		// The token's text is only valid until the next one is read.
		text := name.String()
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		if i, twice := places[text]; twice {
			p.warnings = append(p.warnings, problem(p.file, p.decoder.StackPointer(), "%q occurs twice in one object, and only the last one counts; remove one", text))
			o[i].value = value
			continue
		}
		places[text] = len(o)
		o = append(o, member{text, value})
	}
	_, err := p.decoder.ReadToken()
	return o, err
}

func (p *parser) array() (any, error) {
	if err := p.checkDepth(); err != nil {
		return nil, err
	}
	list := []any{}
	for p.decoder.PeekKind() != ']' {
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := p.decoder.ReadToken()
	return list, err
}

func (p *parser) checkDepth() error {
	if p.decoder.StackDepth() > MaxDepth {
		return fmt.Errorf("objects and arrays nest more than %d deep; move the inner ones to definitions of their own", MaxDepth)
	}
	return nil
}

// sameDocument reports whether two JSON texts are the same document, apart from white space, the order of members, and
// the member "$type" that a record has.
func sameDocument(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, _ := parse("", a)
	y, _ := parse("", b)
	return x != nil && reflect.DeepEqual(content(x), content(y))
}

// content returns a parsed document without the type that it has as a record.
func content(document any) any {
	value := plain(document)
	if m, ok := value.(map[string]any); ok {
		delete(m, "$type")
	}
	return value
}

package lexicon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits on what the loader reads. A lexicon document can be published as a
// record, and records are rarely larger than a megabyte.
const (
	// MaxFileSize is the largest document accepted, in bytes.
	MaxFileSize = 1 << 20
	// MaxDepth is the depth to which objects and arrays may nest in a document.
	MaxDepth = 64
	// MaxDocuments is the largest number of documents that one call of Load accepts.
	MaxDocuments = 10_000
)

// object is a JSON object that keeps the order of its members. The values are
// object, []any, string, int64, bool and nil.
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

// parser reads one JSON text. It reports a number that is not a 64-bit integer
// and goes on; any other error ends it.
type parser struct {
	file     string
	data     []byte
	decoder  *jsontext.Decoder
	problems Problems
}

// parse reads a JSON text that must be one value and nothing more.
func parse(file string, data []byte) (any, Problems) {
	p := &parser{file: file, data: data, decoder: jsontext.NewDecoder(bytes.NewReader(data))}
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
	}
	return value, p.problems
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
		n, err := strconv.ParseInt(token.String(), 10, 64)
		if err != nil {
			p.problems = append(p.problems, problem(p.file, p.decoder.StackPointer(),
				"%s is not an integer of 64 bits; write a whole number without fraction or exponent", token.String()))
		}
		return n, nil
	case 't', 'f':
		return token.Bool(), nil
	default:
		return nil, nil
	}
}

func (p *parser) object() (any, error) {
	if err := p.checkDepth(); err != nil {
		return nil, err
	}
	o := object{}
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

package xrpcserver

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// Kind is the type of a parameter.
type Kind int

// The kinds of parameters: single values, and lists of them.
const (
	String Kind = iota
	Int
	Bool
	Strings
	Ints
	Bools
)

// Params decodes the parameters of the call into v. kinds has the name and the kind of each parameter of the method. The
// error is an [Error] if a parameter is invalid. Like other servers, Params ignores unknown parameters.
func (c *Call) Params(v lex.Decodable, kinds map[string]Kind) error {
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return invalid("the query string is malformed")
	}
	object := make(map[string]any)
	for name, kind := range kinds {
		values := query[name]
		if len(values) == 0 {
			continue
		}
		if kind < Strings {
			if len(values) > 1 {
				return invalid("the parameter %s is given %d times", name, len(values))
			}
			if object[name], err = parse(name, values[0], kind); err != nil {
				return err
			}
			continue
		}
		list := make([]any, len(values))
		for i, value := range values {
			if list[i], err = parse(name, value, kind-Strings); err != nil {
				return err
			}
		}
		object[name] = list
	}
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return decode("parameters", lex.Decode(c.r.Context(), text, v, lex.DecodeOptions{Encoding: lex.JSON}))
}

// parse returns the value of a parameter from its text in the query string. kind is String, Int or Bool. The error is an
// Error that has the parameter's name.
func parse(name, text string, kind Kind) (any, error) {
	switch kind {
	case Int:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
		return nil, invalid("the parameter %s is not an integer", name)
	case Bool:
		if text == "true" || text == "false" {
			return text == "true", nil
		}
		return nil, invalid("the parameter %s is neither true nor false", name)
	}
	return strings.ToValidUTF8(text, "\uFFFD"), nil
}

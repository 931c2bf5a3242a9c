package xrpcserver

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// errNoResult says that a server returned nil without an error.
var errNoResult = errors.New("the server returned neither a result nor an error")

// value is a pointer to a type that has the codec methods.
type value[T any] interface {
	*T
	lex.Decodable
	lex.Encodable
}

// Output sends v, the result of a call, to the client in JSON. If v is nil, or not valid by its lexicon, Output sends
// nothing and returns an error.
func Output[T any, P value[T]](c *Call, v P) error {
	if v == nil {
		return errNoResult
	}
	if err := lex.Validate[T](v); err != nil {
		return fmt.Errorf("the result is not valid: %w", err)
	}
	return c.output(v)
}

// output sends v in JSON. If v cannot be encoded, output sends nothing and returns an error.
func (c *Call) output(v lex.Encodable) error {
	body, err := lex.EncodeJSON(v)
	if err != nil {
		return fmt.Errorf("the result cannot be encoded: %w", err)
	}
	c.sent = true
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	c.w.Write(body)
	return nil
}

// Stream sends body, a result that is not JSON, to the client and closes it. If contentType is "", it stands for
// application/octet-stream. If reading body fails, Stream returns the error. At the first byte, that is the response; later, the
// handler cuts the connection, since the status has been sent already.
func (c *Call) Stream(body io.ReadCloser, contentType string) error {
	if body == nil {
		return errNoResult
	}
	defer body.Close()
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	source := bufio.NewReader(body)
	if c.r.Method != http.MethodHead {
		if _, err := source.Peek(1); err != nil && err != io.EOF {
			return err
		}
	}
	c.w.Header().Set("Content-Type", contentType)
	c.sent = true
	if c.r.Method == http.MethodHead {
		return nil
	}
	_, err := source.WriteTo(c.w)
	return err
}

// encodable is a pointer to a type that can be encoded.
type encodable[T any] interface {
	*T
	lex.Encodable
}

// Record sends an entry as an object {uri, cid, value}, the response of queries for a record. The field cid is omitted
// if the entry has no CID. The record is sent unchecked: it comes from a repository and may be invalid.
func Record[T any, P encodable[T]](c *Call, entry *rec.Entry[T]) error {
	if entry == nil {
		return errNoResult
	}
	if err := check(entry); err != nil {
		return err
	}
	return c.output(record[T, P]{entry})
}

// check returns an error if entry, a result of the server, has no valid URI or no value.
func check[T any](entry *rec.Entry[T]) error {
	if _, err := syntax.ParseATURI(string(entry.URI)); err != nil {
		return fmt.Errorf("the URI of an entry: %w", err)
	}
	if entry.Value == nil {
		return fmt.Errorf("the entry of %s has no value", entry.URI)
	}
	return nil
}

// record encodes an entry as an object {uri, cid, value}.
type record[T any, P encodable[T]] struct{ entry *rec.Entry[T] }

func (r record[T, P]) EncodeLex(e *lex.Encoder) {
	o := e.Object(new(lex.Map))
	if r.entry.CID.Defined() {
		o.Key("cid").String(r.entry.CID.String())
	}
	o.Key("uri").String(string(r.entry.URI))
	P(r.entry.Value).EncodeLex(o.Key("value"))
	o.End()
}

// Records sends entries as a page of records: an object with the cursor, unless that is empty, and an array of the
// entries in the field key. Each entry is sent as [Record] sends it.
func Records[T any, P encodable[T]](c *Call, entries []rec.Entry[T], cursor, key string) error {
	for i := range entries {
		if err := check(&entries[i]); err != nil {
			return err
		}
	}
	return c.output(records[T, P]{entries, cursor, key})
}

// records encodes a page of entries, see [Records].
type records[T any, P encodable[T]] struct {
	entries     []rec.Entry[T]
	cursor, key string
}

func (r records[T, P]) EncodeLex(e *lex.Encoder) {
	o := e.Object(new(lex.Map))
	list := func() {
		lex.EncodeArray(o.Key(r.key), r.entries, func(e *lex.Encoder, entry rec.Entry[T]) { record[T, P]{&entry}.EncodeLex(e) })
	}
	before := len(r.key) < len("cursor") || len(r.key) == len("cursor") && r.key < "cursor"
	if before {
		list()
	}
	if r.cursor != "" {
		o.Key("cursor").String(r.cursor)
	}
	if !before {
		list()
	}
	o.End()
}

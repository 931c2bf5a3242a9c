package lex

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/layers-pub/layers-go/runtime/internal/decode"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The limits of one call that decodes. They bound the cost of hostile input.
const (
	// MaxInput is the longest input, in bytes.
	MaxInput = 256 << 20
	// MaxDepth is how deep arrays and objects may nest: 64.
	MaxDepth = input.MaxDepth
	// MaxIssues is how many issues a call collects: 1,000. Decoding stops at that number.
	MaxIssues = input.MaxIssues
	// BaseMemory (16 MiB) and MemoryPerByte (24) bound the memory that a call may take, unless the caller sets another
	// limit: BaseMemory bytes, plus MemoryPerByte bytes for each byte of input. The input itself does not count.
	BaseMemory    = input.BaseMemory
	MemoryPerByte = input.MemoryPerByte
)

// Decodable is implemented by generated types. DecodeLex reads the value from d, which collects the issues.
type Decodable interface{ DecodeLex(d *Decoder) }

// DecodeCBOR decodes one DAG-CBOR value from b into v, which should be a zero value. It checks everything
// that the lexicon requires and collects every issue instead of stopping at the first. If there are
// any, the error is an [*issue.Error] that lists them.
//
// v is usable even then. A value that breaks a limit of the lexicon is kept; a value of the wrong type leaves its
// field zero (an optional one unset); and decoding continues after it. Decoding stops only where the bytes are not
// well-formed, or at [MaxDepth], [MaxIssues] or the limit of memory.
// If v holds everything that b contained, it encodes to the same bytes again. If not, v records that, and encoding
// it fails with [ErrIncomplete].
//
// v does not refer to b: its strings are copied. DecodeCBOR is safe for concurrent use. It follows the
// atproto data model, https://atproto.com/specs/data-model.
func DecodeCBOR(b []byte, v Decodable) error {
	return Decode(context.Background(), b, v, DecodeOptions{})
}

// DecodeCBORShared is [DecodeCBOR] without the copies: the strings and bytes in v share b's memory. The caller
// must not change b, or bytes in v, from then on. b stays in memory for as long as any of them does.
func DecodeCBORShared(b []byte, v Decodable) error {
	return Decode(context.Background(), b, v, DecodeOptions{Share: true})
}

// DecodeJSON is [DecodeCBOR] for the JSON form of the data model: links as {"$link": …}, bytes as
// {"$bytes": …}. It is strict: duplicate keys, lone surrogates, data after the value and numbers
// that are not 64-bit integers are issues. An integer may be spelled 1.0 or 1e2. A byte order mark before the value
// is skipped.
func DecodeJSON(b []byte, v Decodable) error {
	return Decode(context.Background(), b, v, DecodeOptions{Encoding: JSON})
}

// DecodeJSONShared is [DecodeJSON] without the copies, under the conditions of [DecodeCBORShared].
func DecodeJSONShared(b []byte, v Decodable) error {
	return Decode(context.Background(), b, v, DecodeOptions{Encoding: JSON, Share: true})
}

// DecodeOptions are the options of [Decode]. The zero value means DAG-CBOR, copied strings and the usual limit of memory.
type DecodeOptions struct {
	// Encoding is the encoding of the input.
	Encoding Encoding
	// Share lets v's strings and bytes share the input's memory, under the conditions of [DecodeCBORShared].
	Share bool
	// Arena is the memory that v is decoded into; if it is nil, v gets new memory.
	Arena *Arena
	// Memory is how many bytes of memory decoding may take at its peak; 0 means the limit of [BaseMemory] and
	// [MemoryPerByte]. If a value takes more, decoding stops with an issue of [issue.RuleMemory].
	Memory int64
	// Spent, if it is not nil, is set to roughly how many bytes of memory decoding took, not counting the issues.
	Spent *int64

	purpose input.Purpose
}

// Decode decodes one value from b into v, as [DecodeCBOR] and [DecodeJSON] do. When ctx ends, it stops soon, whatever
// the input, and returns ctx's error; v then holds a part of the value.
func Decode(ctx context.Context, b []byte, v Decodable, options DecodeOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(b) > MaxInput {
		return tooLong(len(b))
	}
	d := decoders.Get().(*Decoder)
	r := &d.r
	r.Begin(ctx, b, options.Encoding == JSON, options.Share, options.purpose, options.Memory)
	budget := r.Budget()
	if options.Arena != nil {
		options.Arena.lend(r)
	}
	v.DecodeLex(d)
	err := r.End(ctx)
	if options.Arena != nil {
		options.Arena.giveBack(r)
	}
	if options.Spent != nil {
		*options.Spent = budget - r.Budget() + int64(len(b))
	}
	r.Release()
	decoders.Put(d)
	return err
}

// excerpt quotes the start of s for a message.
func excerpt(s string) string { return input.Excerpt(s) }

func tooLong(n int) error {
	return &issue.Error{Issues: []issue.Issue{{Rule: issue.RuleSyntax, Want: fmt.Sprintf("input of %d bytes is over the maximum of %d", n, MaxInput)}}}
}

// ErrIncomplete is returned by functions that encode, if the value lost data when it was decoded, so that the result
// would differ from the original. A Go value cannot hold a field of the wrong type, the absence of a required field, a
// union member that is not allowed, a malformed link, a duplicate key, keys out of order and other spellings that
// DAG-CBOR does not allow, or anything after the point where decoding stopped. It can hold a value that is too long,
// too large, or of the wrong format or constant; such an issue does not cause ErrIncomplete.
//
// The original bytes are still the record. Once the caller has corrected the value, [EncodeIncomplete] encodes it.
var ErrIncomplete = errors.New("lex: the record was decoded with issues that its fields could not hold; encoding it would lose data")

var decoders = sync.Pool{New: func() any { return new(Decoder) }}

// Decoder reads one value of the atproto data model, in DAG-CBOR or JSON, for the decode methods of
// generated types. Its methods do not return errors. When something is wrong with a value, they record an [issue.Issue] and
// move past the value; for a value of the wrong type, they return the zero value. Users call [DecodeCBOR] or
// [DecodeJSON] instead. A Decoder must not be used by several goroutines at once.
type Decoder struct {
	r    decode.Reader
	uris syntax.ATURIValidator
}

// Present returns v, the scalar that was just decoded, as an Opt; it is unset if the scalar had the wrong type.
func Present[T comparable](d *Decoder, v T) Opt[T] {
	if d.r.Wrong {
		return Opt[T]{}
	}
	return Some(v)
}

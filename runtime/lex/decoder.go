package lex

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"unsafe"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The limits of one call that decodes. They bound the cost of hostile input.
const (
	// MaxInput is the longest input, in bytes.
	MaxInput = 256 << 20
	// MaxDepth is how deep arrays and objects may nest.
	MaxDepth = 64
	// MaxIssues is how many issues a call collects; decoding stops at that number.
	MaxIssues = 1000
	// BaseMemory and MemoryPerByte bound the memory that a call may take, unless the caller sets another limit:
	// BaseMemory bytes, plus MemoryPerByte bytes for each byte of input. The input itself does not count.
	BaseMemory    = 16 << 20
	MemoryPerByte = 24
)

// Decodable is implemented by generated types. DecodeLex reads the value from d, which collects
// the issues.
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
	// [MemoryPerByte]. If a value takes more, decoding stops with an issue of [RuleMemory].
	Memory int64
	// Spent, if it is not nil, is set to roughly how many bytes of memory decoding took, not counting the issues.
	Spent *int64

	purpose purpose
}

// purpose is what a value is decoded for: some things are accepted when reading, but must not be written.
type purpose uint8

const (
	reading    purpose = iota
	validating         // a blob must not be empty
	sending            // and integers must fit in 53 bits
)

// Decode decodes one value from b into v, as [DecodeCBOR] and [DecodeJSON] do. When ctx ends, it stops soon, whatever
// the input, and returns ctx's error; v then holds a part of the value.
func Decode(ctx context.Context, b []byte, v Decodable, options DecodeOptions) error {
	if ctx.Done() == nil {
		ctx = nil
	} else if err := ctx.Err(); err != nil {
		return err
	}
	return decode(ctx, b, v, options)
}

// excerpt quotes the start of s for a message.
func excerpt(s string) string { return quote.Text(s, 64) }

// holds reports whether a Go value can hold a value that breaks the rule. Code that reports an exception to this sets
// [Decoder.lost] itself.
func holds(rule issue.Rule) bool {
	switch rule {
	case issue.RuleMinLength, issue.RuleMaxLength, issue.RuleMinGraphemes, issue.RuleMaxGraphemes, issue.RuleMinimum,
		issue.RuleMaximum, issue.RuleEnum, issue.RuleConst, issue.RuleFormat, issue.RuleUnion, issue.RuleBlob:
		return true
	}
	return false
}

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

// decode decodes b. A nil ctx means no context.
func decode(ctx context.Context, b []byte, v Decodable, options DecodeOptions) error {
	if len(b) > MaxInput {
		return tooLong(len(b))
	}
	d := decoders.Get().(*Decoder)
	d.start(ctx, b, options)
	budget := d.budget
	if options.Arena != nil {
		options.Arena.lend(d)
	}
	v.DecodeLex(d)
	err := d.finish()
	if options.Arena != nil {
		options.Arena.giveBack(d)
	}
	if options.Spent != nil {
		*options.Spent = budget - d.budget + int64(len(b))
	}
	d.release()
	decoders.Put(d)
	return err
}

var decoders = sync.Pool{New: func() any { return new(Decoder) }}

// Decoder reads one value of the atproto data model, in DAG-CBOR or JSON, for the decode methods of
// generated types. Its methods do not return errors. When something is wrong with a value, they record an [issue.Issue] and
// move past the value; for a value of the wrong type, they return the zero value. Users call [DecodeCBOR] or
// [DecodeJSON] instead. A Decoder must not be used by several goroutines at once.
type Decoder struct {
	s          string // the input
	b          []byte // the same memory
	i          int    // offset of the next byte
	json       bool
	dead       bool               // the input ended or is not well-formed; nothing more is read
	reads      []string           // the fields of an answer that the caller reads, nil for all; see Answer
	optional   bool               // the value that comes next may be absent; see Answer
	quiet      bool               // issues are not collected: what is read is decoded elsewhere
	discard    bool               // long text with escapes is not needed; see unescaped
	wrong      bool               // the last scalar had the wrong type; see Present
	member     bool               // the next object is a union's member, whose $type was read
	depth      int                // of the innermost open container
	check      int                // the offset from which poll must be called
	budget     int64              // bytes that may still be allocated; see spend
	memory     int64              // the limit that budget was made from
	ctx        context.Context    // nil when it never ends
	ended      bool               // by ctx
	key        int                // offset of the key that was read last
	wide       map[int32][]uint64 // fields that were met in objects with more than 64, by the object's offset
	root       *Map               // the extra fields of the outermost object; it is marked when data is lost
	guess      *jsonGuess
	scratch    []byte                                              // for transcoding
	unsorted   []byte                                              // and for sorting
	transcoded []transcoded                                        // the entries of the objects that are being transcoded
	extras     []extraEntry                                        // the extra fields of the objects that are open
	most       struct{ scratch, unsorted, transcoded, extras int } // how much of these was charged; see use
	short      [32]byte                                            // for text that is discarded, but must be compared
	slabs      slabs
	kept       keptText
	arena      *Arena // of the caller, nil for new memory
	uris       syntax.ATURIValidator
	issues     []issue.Issue
	truncated  bool        // there are more issues than are collected
	dropped    issue.Issue // takes the place of an issue that is not collected
	purpose    purpose
	lost       bool // the value does not hold all of the input: see ErrIncomplete
}

// start makes d ready to decode b. It keeps from earlier inputs only memory, and guesses that save time.
func (d *Decoder) start(ctx context.Context, b []byte, options DecodeOptions) {
	d.b, d.s = b, unsafe.String(unsafe.SliceData(b), len(b))
	d.i, d.json, d.dead, d.wrong, d.member, d.depth = 0, options.Encoding == JSON, false, false, false, 0
	d.quiet, d.discard, d.ended, d.truncated, d.lost = false, false, false, false, false
	d.kept.share = options.Share
	d.purpose = options.purpose
	d.ctx = ctx
	d.resumeChecks()
	d.memory = options.Memory
	if d.memory <= 0 {
		d.memory = BaseMemory + MemoryPerByte*int64(len(b))
	}
	// The margin is for what spend does not count: text that is kept or unescaped, issues, guesses about JSON.
	d.budget = d.memory - min(d.memory/2, BaseMemory/2+4*int64(len(b)))
	d.most.scratch, d.most.unsorted, d.most.transcoded, d.most.extras = 0, 0, 0, 0
	d.slabs.epoch++
	d.slabs.expect = 0
	if d.json {
		d.i = byteOrderMark(d.s)
		if d.guess == nil {
			d.guess = new(jsonGuess)
		}
	}
}

// release drops the references to the decoded value, and memory that few values need.
func (d *Decoder) release() {
	d.b, d.s, d.ctx = nil, "", nil
	d.root, d.issues = nil, nil
	if cap(d.scratch) > maxScratch {
		d.scratch = nil
	}
	if cap(d.unsorted) > maxScratch {
		d.unsorted = nil
	}
	if cap(d.transcoded) > maxScratch/16 {
		d.transcoded = nil
	}
	if cap(d.extras) > maxScratch/64 {
		d.extras = nil
	}
}

// maxScratch is the most memory in bytes that a decoder in the pool keeps for each purpose.
const maxScratch = 1 << 20

// checkEvery is how many bytes are decoded between two checks of the context. They take a few milliseconds at most.
const checkEvery = 128 << 10

// resumeChecks sets the offset at which poll must be called next.
func (d *Decoder) resumeChecks() {
	switch {
	case d.truncated:
		d.check = 0
	case d.ctx != nil:
		d.check = d.i + checkEvery
	default:
		d.check = math.MaxInt
	}
}

// poll stops decoding when there are too many issues, or when the context has ended. Every loop and every recursion
// calls it at its head once it has reached offset d.check. Nothing is half read there, so that no other code needs to
// handle a report or an allocation that ends decoding.
func (d *Decoder) poll() {
	switch {
	case d.dead:
	case d.truncated:
		d.stop()
	case d.ctx != nil && d.ctx.Err() != nil:
		d.ended = true
		d.stop()
	default:
		d.resumeChecks()
	}
}

// finish reports data after the value and returns the issues as an error, or nil if there are none.
func (d *Decoder) finish() error {
	if d.ended {
		if d.root != nil {
			d.root.markIncomplete()
		}
		return d.ctx.Err()
	}
	if !d.dead {
		if d.json {
			d.skipSpace()
		}
		if d.i != len(d.b) {
			d.fail("data after the value")
		}
	}
	if len(d.issues) == 0 {
		return nil
	}
	if d.lost && d.root != nil {
		d.root.markIncomplete()
	}
	if err := d.findPaths(); err != nil {
		return err
	}
	return &issue.Error{Issues: d.issues, Truncated: d.truncated}
}

// report appends an issue about the value at offset, for the caller to fill in. It does not stop decoding: at the
// limit of issues, further ones are dropped until the next poll stops.
func (d *Decoder) report(offset int, rule issue.Rule) *issue.Issue {
	if d.quiet {
		return &d.dropped
	}
	return d.collect(offset, rule)
}

func (d *Decoder) collect(offset int, rule issue.Rule) *issue.Issue {
	if !holds(rule) {
		d.lost = true
	}
	if len(d.issues) == MaxIssues { // a bound on memory and time, not only on the report
		d.truncated, d.lost = true, true
		d.resumeChecks()
		return &d.dropped
	}
	d.issues = append(d.issues, issue.Issue{Rule: rule, Offset: offset})
	return &d.issues[len(d.issues)-1]
}

func (d *Decoder) reportLimit(offset int, rule issue.Rule, limit, got int64) {
	found := d.report(offset, rule)
	found.Limit, found.Got = limit, got
}

// fail reports that the input is not well-formed at the current offset, and ends decoding.
func (d *Decoder) fail(why string) { d.failBy(issue.RuleSyntax, why) }

func (d *Decoder) failBy(rule issue.Rule, why string) {
	if !d.dead {
		d.collect(d.i, rule).Want = why
		d.stop()
	}
}

func (d *Decoder) stop() {
	d.dead = true
	d.i = len(d.b)
}

// mismatch reports that the value here is not of the wanted type, and skips it.
func (d *Decoder) mismatch(want string) {
	d.wrong = true
	if d.dead {
		return
	}
	if d.json {
		if d.skipSpace(); d.i == len(d.b) {
			d.fail("unexpected end")
			return
		}
	}
	if d.optional {
		d.pass()
		return
	}
	d.report(d.i, issue.RuleType).Want = want
	d.skip()
}

// Object starts reading the next object, whose fields are listed in f. Unknown fields are stored in extra; if extra is
// nil, they are skipped unchecked.
// If the next value is not an object, Object reports that, and the first call of [Decoder.Next] ends the object.
func (d *Decoder) Object(c *Cursor, f *Fields, extra *Map) {
	c.fields, c.extra = f, extra
	if d.member || f.wide || d.depth == 0 {
		d.objectState(c)
	}
	if i := d.i; !d.json && uint(i) < uint(len(d.b)) && d.depth < MaxDepth && i < d.check {
		if n := d.b[i] - 0xa0; n < 24 {
			c.offset, c.left = int32(i), int32(n)
			d.i = i + 1
			d.depth++
			return
		}
	}
	if d.json {
		d.objectJSON(c)
	} else {
		d.objectCBOR(c)
	}
}

// objectState handles cases that few objects need.
func (d *Decoder) objectState(c *Cursor) {
	if d.member {
		c.state |= cursorMember
		d.member = false
	}
	if c.fields.wide {
		c.state |= cursorSlow
	}
	if d.depth == 0 {
		d.root = c.extra
	}
}

// Next moves to the object's next field that is in its table and returns the field's number. The caller
// must decode the field's value before it calls Next again. At the end of the object, Next reports the required fields
// that are missing and returns a negative number.
//
// Next is the hot path: the canonical order of DAG-CBOR lets it search for the key only among the fields after
// the last one, and it usually is the first of them.
func (d *Decoder) Next(c *Cursor) int {
	d.wrong = false
	if d.json {
		if d.reads != nil {
			return d.nextRead(c)
		}
		return d.nextJSON(c)
	}
	if c.left == 0 && c.state == 0 && c.complete() {
		c.state = cursorDone
		d.depth--
		return -1
	}
	i := d.i
	if b := d.b; c.left > 0 && i+32 <= len(b) && c.state&cursorSlow == 0 {
		n := int(b[i]) - 0x60
		if uint(n-1) < longestFast {
			text := (*[24]byte)(b[i+1:])
			first := binary.LittleEndian.Uint64(text[:]) & wordMask[n&31]
			list := c.fields.list
			for q := int(c.next); uint(q) < uint(len(list)); q++ {
				if list[q].matches(text, n, first) {
					c.next, c.prev = uint16(q+1), 0
					c.seen |= 1 << (q & 63)
					c.left--
					d.i = i + 1 + n
					return q
				}
			}
		}
	}
	return d.nextCBOR(c)
}

// end closes the object and reports the required fields that it lacks.
func (d *Decoder) end(c *Cursor) int {
	if c.state&cursorDone != 0 {
		d.wrong = true // it was not an object: see DecodeNullable
		return -1
	}
	if c.state&cursorExtra != 0 {
		d.keepExtras(c)
	}
	c.state |= cursorDone
	c.left = 0
	d.depth--
	if c.state&cursorNoObject != 0 {
		d.wrong = true
	} else if !d.dead && !c.complete() {
		for q := range c.fields.list {
			if d.requires(&c.fields.list[q]) && !d.met(c, q) {
				d.report(int(c.offset), issue.RuleRequired).Path = c.fields.list[q].name
			}
		}
	}
	if c.fields.wide {
		delete(d.wide, c.offset)
	}
	return -1
}

// Present returns v, the scalar that was just decoded, as an Opt; it is unset if the scalar had the wrong type.
func Present[T comparable](d *Decoder, v T) Opt[T] {
	if d.wrong {
		return Opt[T]{}
	}
	return Some(v)
}

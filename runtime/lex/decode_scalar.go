package lex

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// NoLimit is the maximum to pass for a length that the lexicon does not limit.
const NoLimit = int(^uint(0) >> 1)

// Min and Max are the limits to pass for an integer that the lexicon does not limit.
const (
	Min int64 = -1 << 63
	Max int64 = 1<<63 - 1
)

// Bool reads a boolean.
func (d *Decoder) Bool() bool { return d.r.Bool() }

// BoolConst reads a boolean that the lexicon fixes to want, and reports any other.
func (d *Decoder) BoolConst(want bool) bool {
	at := d.r.At
	v := d.Bool()
	if !d.r.Wrong && v != want {
		d.reportConst(at, strconv.FormatBool(v), strconv.FormatBool(want))
	}
	return v
}

// Int reads an integer, and reports it if it is not in the range min to max, which are [Min] and [Max] where the
// lexicon sets no limit.
func (d *Decoder) Int(min, max int64) int64 { return d.r.Int(min, max) }

// IntRules are the constraints of an integer that [Decoder.Int] does not cover.
type IntRules struct {
	// Minimum and Maximum limit the integer. They are [Min] and [Max] where there is no limit.
	Minimum, Maximum int64
	// Enum lists the values that are allowed; nil allows all.
	Enum []int64
	// Const says that the lexicon declares a constant; Enum then holds just that.
	Const bool
}

// IntWith reads an integer, and reports it if it breaks r.
func (d *Decoder) IntWith(r *IntRules) int64 {
	at := d.r.At
	v := d.Int(r.Minimum, r.Maximum)
	if d.r.Wrong || r.Enum == nil || slices.Contains(r.Enum, v) {
		return v
	}
	if r.Const {
		d.reportConst(at, strconv.FormatInt(v, 10), strconv.FormatInt(r.Enum[0], 10))
	} else {
		found := d.r.Report(at, issue.RuleEnum)
		found.Found, found.Want = strconv.FormatInt(v, 10), strings.Trim(fmt.Sprint(r.Enum), "[]")
	}
	return v
}

func (d *Decoder) reportConst(at int, found, want string) {
	i := d.r.Report(at, issue.RuleConst)
	i.Found, i.Want = found, want
}

// String reads a string, and reports it if its length is not minLength to maxLength bytes of UTF-8. These are 0 and
// [NoLimit] where the lexicon sets no limit.
func (d *Decoder) String(minLength, maxLength int) string { return d.r.String(minLength, maxLength) }

// RecordType reads the $type of a record, and reports it if it is not nsid, the record's collection.
func (d *Decoder) RecordType(nsid string) {
	at := d.r.At
	if s, ok := d.r.Text(); ok && s != nsid {
		d.r.Lost = true // the encoder writes nsid
		d.reportConst(at, excerpt(s), excerpt(nsid))
	}
}

// Null reads the next value if it is null, and returns whether it was.
func (d *Decoder) Null() bool { return d.r.Null() }

// Bytes reads a byte string, and reports it if its length is not min to max bytes. The result is nil only if the next
// value is not a byte string.
func (d *Decoder) Bytes(min, max int) Bytes {
	at := d.r.At
	raw, ok := d.r.Bytes()
	if !ok {
		return nil
	}
	d.r.CheckLength(at, len(raw), min, max)
	if d.r.Kept.Share && !d.r.JSON {
		return d.r.Data[d.r.At-len(raw) : d.r.At : d.r.At]
	}
	return append(make(Bytes, 0, len(raw)), raw...)
}

// CIDLink reads a link.
func (d *Decoder) CIDLink() cid.Link { return d.r.Link() }

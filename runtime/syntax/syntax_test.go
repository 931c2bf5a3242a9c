package syntax_test

import (
	"encoding"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The tables of this package hold the values of the protocol's conformance
// tests, https://github.com/bluesky-social/atproto-interop-tests, and others
// beside them.

// format has the functions of one format, so that all formats are held to the
// same rules.
type format[T text, P unmarshaler[T]] struct {
	name  string
	parse func(string) (T, error)
	valid func(string) bool
	// rule says again what is valid, as plainly as can be.
	rule func(string) bool
	// methods calls the methods of a value that may not be valid; it may be nil.
	methods func(t *testing.T, v T, valid bool)
}

type text interface {
	~string
	fmt.Stringer
	encoding.TextMarshaler
}

type unmarshaler[T any] interface {
	*T
	encoding.TextUnmarshaler
}

// fault is a string that is not of a format, and what is to be said about it.
type fault struct {
	input  string
	offset int
	reason string
}

// check holds for every string, valid or not.
func (f format[T, P]) check(t *testing.T, s string) {
	t.Helper()
	v, err := f.parse(s)
	if valid := f.valid(s); valid != (err == nil) {
		t.Fatalf("%q is valid: %t, but the parser's error is %v", s, valid, err)
	}
	if want := f.rule(s); want != (err == nil) {
		t.Fatalf("%q is valid by the rule: %t, but the parser's error is %v", s, want, err)
	}
	if f.methods != nil {
		f.methods(t, T(s), err == nil)
	}
	const before = "before"
	unmarshaled := T(before)
	unmarshalErr := P(&unmarshaled).UnmarshalText([]byte(s))
	if err == nil {
		if v.String() != s {
			t.Errorf("%q became %q", s, v.String())
		}
		if marshaled, err := v.MarshalText(); err != nil || string(marshaled) != s {
			t.Errorf("%q was marshaled as %q, error %v", s, marshaled, err)
		}
		if unmarshalErr != nil || unmarshaled != v {
			t.Errorf("%q was unmarshaled as %q, error %v", s, string(unmarshaled), unmarshalErr)
		}
		return
	}
	if v != "" {
		t.Errorf("%q gave %q beside the error %v", s, string(v), err)
	}
	if unmarshaled != before {
		t.Errorf("unmarshaling %q failed and left %q", s, string(unmarshaled))
	}
	if unmarshalErr == nil || unmarshalErr.Error() != err.Error() {
		t.Errorf("unmarshaling %q: error %v, want %v", s, unmarshalErr, err)
	}
	var fault *syntax.Error
	switch {
	case !errors.As(err, &fault):
		t.Errorf("%q: the error is a %T", s, err)
	case fault.Format != f.name:
		t.Errorf("%q: the error is about a %s, want a %s", s, fault.Format, f.name)
	case fault.Offset < 0 || fault.Offset > len(s):
		t.Errorf("%q: offset %d is not in the string", s, fault.Offset)
	case fault.Reason == "":
		t.Errorf("%q: the error has no reason", s)
	case len(s) <= 64 && fault.Input != s, len(s) > 64 && len(fault.Input) > 64+len("…"):
		t.Errorf("%q: the error has the input %q", s, fault.Input)
	}
}

func (f format[T, P]) testValid(t *testing.T, inputs []string) {
	t.Helper()
	for _, input := range inputs {
		if _, err := f.parse(input); err != nil {
			t.Error(err)
		}
		if n := testing.AllocsPerRun(5, func() { _, _ = f.parse(input) }); n != 0 {
			t.Errorf("parsing %q takes %v allocations, want 0", input, n)
		}
		f.check(t, input)
	}
}

func (f format[T, P]) testInvalid(t *testing.T, faults []fault) {
	t.Helper()
	for _, want := range faults {
		_, err := f.parse(want.input)
		var got *syntax.Error
		if !errors.As(err, &got) {
			t.Errorf("%q: error %v, want: %s", want.input, err, want.reason)
			continue
		}
		if got.Offset != want.offset || got.Reason != want.reason {
			t.Errorf("%q: %s (offset %d), want: %s (offset %d)", want.input, got.Reason, got.Offset, want.reason, want.offset)
		}
		f.check(t, want.input)
	}
}

func (f format[T, P]) fuzz(fuzz *testing.F, valid []string, invalid []fault) {
	for _, s := range valid {
		fuzz.Add(s)
	}
	for _, fault := range invalid {
		fuzz.Add(fault.input)
	}
	fuzz.Fuzz(func(t *testing.T, s string) { f.check(t, s) })
}

func TestErrorText(t *testing.T) {
	_, err := syntax.ParseATURI("at://did:plc:asdf123/com.example")
	const want = `syntax: invalid at-uri "at://did:plc:asdf123/com.example": NSID has fewer than three segments (offset 32)`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestErrorCutsInput(t *testing.T) {
	for _, test := range []struct{ name, input, want string }{
		{"64 bytes", strings.Repeat("é", 32), strings.Repeat("é", 32)},
		{"65 bytes", strings.Repeat("é", 32) + "e", strings.Repeat("é", 32) + "…"},
		{"within a character", strings.Repeat("日", 22), strings.Repeat("日", 21) + "…"},
		{"not UTF-8", strings.Repeat("\xbf", 100), strings.Repeat("\xbf", 64) + "…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := syntax.ParseHandle(test.input)
			var fault *syntax.Error
			if !errors.As(err, &fault) {
				t.Fatalf("error %v, want a *syntax.Error", err)
			}
			if fault.Input != test.want {
				t.Errorf("input %q, want %q", fault.Input, test.want)
			}
		})
	}
}

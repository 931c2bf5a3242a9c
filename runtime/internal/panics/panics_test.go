package panics_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
)

func TestCatch(t *testing.T) {
	for _, test := range []struct {
		name  string
		f     func() error
		value any // of the panic; nil if there is none
		text  string
	}{
		{"nil", func() error { return nil }, nil, ""},
		{"an error", func() error { return io.EOF }, nil, "EOF"},
		{"a panic", func() error { panic("so") }, "so", "panic: so"},
		{"a panic with an error", func() error { panic(io.EOF) }, io.EOF, "panic: EOF"},
	} {
		err := panics.Catch(test.f)
		if err != nil && err.Error() != test.text || err == nil && test.text != "" {
			t.Errorf("%s: %v, want %q", test.name, err, test.text)
		}
		caught, ok := errors.AsType[*panics.Error](err)
		if ok != (test.value != nil) || ok && (caught.Value != test.value || !strings.Contains(string(caught.Stack), "TestCatch")) {
			t.Errorf("%s: %+v", test.name, caught)
		}
		if is := test.value == io.EOF || test.text == "EOF"; errors.Is(err, io.EOF) != is {
			t.Errorf("%s: %v is EOF: %v", test.name, err, !is)
		}
		func() {
			defer func() {
				if value := recover(); value != test.value {
					t.Errorf("%s: Resume panicked with %v", test.name, value)
				}
			}()
			if got := panics.Resume(err); got != err {
				t.Errorf("%s: Resume returned %v", test.name, got)
			}
			if test.value != nil {
				t.Errorf("%s: Resume did not panic", test.name)
			}
		}()
	}
}

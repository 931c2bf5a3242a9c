package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// textWriter is a writer of text for people. All that the command prints passes through one, unless it is in a format
// for programs: what servers and records say cannot move the cursor, change the terminal's settings or reorder text.
// Characters that a terminal acts upon, or that are not seen, become visible escapes; newlines and tabs stay, since the
// command's own text has them. What is not the command's own goes through [oneLine] or [printf] first, which escape
// those, too.
//
// It is safe for concurrent use.
type textWriter struct {
	mu    sync.Mutex
	w     io.Writer // for text
	exact io.Writer // for formats of programs, and to find out whether it is a terminal
	held  []byte    // the beginning of a character whose end has not come yet
	buf   []byte
}

func newTextWriter(w io.Writer) *textWriter { return &textWriter{w: w, exact: w} }

// Write writes p, made visible. It counts the bytes of p.
func (t *textWriter) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := append(t.held, p...)
	whole := len(text)
	for whole > 0 && whole > len(text)-utf8.UTFMax && !utf8.RuneStart(text[whole-1]) {
		whole--
	}
	if whole > 0 && !utf8.FullRune(text[whole-1:]) {
		whole--
	} else {
		whole = len(text)
	}
	t.buf = appendVisible(t.buf[:0], string(text[:whole]), true)
	t.held = append([]byte(nil), text[whole:]...)
	if _, err := t.w.Write(t.buf); err != nil {
		return 0, err
	}
	return len(p), nil
}

// flush writes what is left of a character that was never completed.
func (t *textWriter) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.held) > 0 {
		t.w.Write(appendVisible(nil, string(t.held), true))
		t.held = nil
	}
}

// redirect makes t write to w until the function that it returns is called: above a progress bar.
func (t *textWriter) redirect(w io.Writer) (back func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.w
	t.w = w
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.w = before
	}
}

// exact returns the writer behind w, for formats that programs read.
func exact(w io.Writer) io.Writer {
	if t, ok := w.(*textWriter); ok {
		return t.exact
	}
	return w
}

// appendVisible appends s to b with escapes in place of what is not seen or acts upon a terminal. Newlines and tabs are
// kept if layout is set. The escapes are those of JSON, and \x and two digits for a byte that is not UTF-8, so that
// JSON stays the same JSON.
func appendVisible(b []byte, s string, layout bool) []byte {
	plain := 0 // from here on s has not been appended
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case r == utf8.RuneError && size == 1:
			b = fmt.Appendf(append(b, s[plain:i]...), `\x%02x`, s[i])
		case layout && (r == '\n' || r == '\t') || !invisible(r):
			i += size
			continue
		default:
			b = appendEscape(append(b, s[plain:i]...), r)
		}
		i += size
		plain = i
	}
	return append(b, s[plain:]...)
}

func appendEscape(b []byte, r rune) []byte {
	switch r {
	case '\n':
		return append(b, `\n`...)
	case '\t':
		return append(b, `\t`...)
	case '\r':
		return append(b, `\r`...)
	}
	for _, unit := range utf16.AppendRune(nil, r) {
		b = fmt.Appendf(b, `\u%04x`, unit)
	}
	return b
}

// invisible reports whether r is a control of the sets C0 and C1, DEL, a separator of lines, or a format character, such
// as those that turn the direction of text round. Scripts need the joiners and the signs that enclose numbers.
func invisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) &&
		!unicode.In(r, unicode.Join_Control, unicode.Prepended_Concatenation_Mark)
}

// oneLine returns s, which is not the command's own text, so that it can be printed: on one line, and visible.
func oneLine(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || invisible(r) }) {
		return s
	}
	return string(appendVisible(nil, s, false))
}

// printf is fmt.Fprintf for text with arguments that may come from anywhere: those that are text, or print as text, are
// put in by [oneLine].
func printf(w io.Writer, format string, args ...any) error {
	for i, arg := range args {
		switch arg := arg.(type) {
		case nil, int, int64, bool:
		case string:
			args[i] = oneLine(arg)
		default:
			args[i] = oneLine(fmt.Sprint(arg))
		}
	}
	_, err := fmt.Fprintf(w, format, args...)
	return err
}

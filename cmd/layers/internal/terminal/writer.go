// Package terminal reads from and writes to the terminal: text that cannot contain escape sequences, input that ends
// with a context, and progress bars.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Writer is a writer of text for people. The command writes everything through one, except output in formats for
// programs, so that text from servers and records cannot move the cursor, change the terminal's settings or reorder text.
// It replaces characters that a terminal acts upon, or that are invisible, by visible escapes. Newlines and tabs stay,
// since the command's own text has them; [OneLine] and [Printf] escape those, too, in text from elsewhere.
//
// It is safe for concurrent use, after the calls of SetQuiet and SetPlain.
type Writer struct {
	mu    sync.Mutex
	w     io.Writer // for text
	exact io.Writer // for formats that programs read, and to find out whether it is a terminal
	held  []byte    // the first bytes of a character that is not complete yet
	buf   []byte
	quiet bool
	plain bool
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w, exact: w} }

// Write writes p with escapes. It returns the number of bytes of p, not of the escaped text.
func (t *Writer) Write(p []byte) (int, error) {
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

// SetQuiet makes t omit notes and progress bars.
func (t *Writer) SetQuiet() { t.quiet = true }

// SetPlain makes t omit colors.
func (t *Writer) SetPlain() { t.plain = true }

// Flush writes the bytes of a character that was never completed.
func (t *Writer) Flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.held) > 0 {
		t.w.Write(appendVisible(nil, string(t.held), true))
		t.held = nil
	}
}

// redirect makes t write to w, such as the area above a progress bar, until the returned function is called.
func (t *Writer) redirect(w io.Writer) (back func()) {
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

// Exact returns the writer that w writes to, without escapes, for formats that programs read.
func Exact(w io.Writer) io.Writer {
	if t, ok := w.(*Writer); ok {
		return t.exact
	}
	return w
}

// appendVisible appends s to b, and replaces characters that are invisible or that a terminal acts upon by escapes.
// Newlines and tabs are kept if layout is set. The escapes are those of JSON, so that JSON keeps its meaning, and \x with
// two digits for a byte that is not UTF-8.
func appendVisible(b []byte, s string, layout bool) []byte {
	plain := 0 // s[plain:] has not been appended yet
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

// invisible reports whether r is a control character (C0, C1 or DEL), a line or paragraph separator, or a format
// character, such as those that reverse the direction of text. Joiners and signs that enclose numbers are allowed, since
// some scripts need them.
func invisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) &&
		!unicode.In(r, unicode.Join_Control, unicode.Prepended_Concatenation_Mark)
}

// Color reports whether text on w may have colors: if w is a terminal that can show them, unless the flag --no-color or
// the environment variable NO_COLOR says otherwise (https://no-color.org).
func Color(w io.Writer) bool {
	t, ok := w.(*Writer)
	return ok && !t.plain && IsTerminal(t.exact) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// Alert writes text, such as the command's name before an error, in red if w may have colors. The text must come from
// the command itself, since it is not escaped.
func Alert(w io.Writer, text string) {
	if !Color(w) {
		io.WriteString(w, text)
		return
	}
	t := w.(*Writer)
	t.mu.Lock()
	defer t.mu.Unlock()
	io.WriteString(t.w, "\x1b[1;31m"+text+"\x1b[0m")
}

// OneLine returns s, text that does not come from the command itself, in a form that is safe to print: on one line, with
// escapes.
func OneLine(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || invisible(r) }) {
		return s
	}
	return string(appendVisible(nil, s, false))
}

// Printf is fmt.Fprintf for arguments of any origin: those that are text, or print as text, are escaped by [OneLine].
func Printf(w io.Writer, format string, args ...any) error {
	for i, arg := range args {
		switch arg := arg.(type) {
		case nil, int, int64, bool:
		case string:
			args[i] = OneLine(arg)
		default:
			args[i] = OneLine(fmt.Sprint(arg))
		}
	}
	_, err := fmt.Fprintf(w, format, args...)
	return err
}

// Note is [Printf] for informative messages, such as what was done, how many records there were, or why the command
// waits. With --quiet it prints nothing.
func Note(w io.Writer, format string, args ...any) error {
	if t, ok := w.(*Writer); ok && t.quiet {
		return nil
	}
	return Printf(w, format, args...)
}

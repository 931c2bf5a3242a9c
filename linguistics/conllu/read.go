package conllu

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/internal/quote"
)

// The limits of a file.
const (
	// MaxLine is the length of the longest line, with its line feed, in bytes.
	MaxLine = 1 << 20
	// MaxSentence is the size of the largest sentence with its comments, in bytes.
	MaxSentence = 16 << 20
)

// SyntaxError says that a sentence or a file is malformed, and where.
type SyntaxError struct {
	// Line is the number of the line, from 1.
	Line int
	// Column is the place in the line, in characters from 1.
	Column int
	// Name is the name of the CoNLL-U column, such as "HEAD", or "" if the error is not about a column.
	Name string
	// Problem says what is wrong.
	Problem string
}

// Error returns a text with the place and the problem.
func (e *SyntaxError) Error() string {
	if e.Name != "" {
		return fmt.Sprintf("line %d, column %d (%s): %s", e.Line, e.Column, e.Name, e.Problem)
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Problem)
}

// Read yields the sentences of a file, one at a time. Instead of a malformed sentence it yields a [*SyntaxError] for
// each of its errors, up to 100, and then continues with the next sentence. Any other error is that of r, and ends the
// loop.
//
// A file that is not valid CoNLL-U as a whole also causes a *SyntaxError, which ends the loop: its lines end with CR
// LF, it begins with a byte order mark, it defines other columns than the ten (CoNLL-U Plus), its last sentence is not
// followed by an empty line, or a line or a sentence exceeds the limits. Read checks what is needed to read and write a
// sentence without loss: the columns, the order of the numbers, that heads exist, and the form of FEATS and DEPS. It
// does not check whether the annotation makes sense: a file that passes level 1 of the Universal Dependencies validator
// is accepted if FEATS, HEAD and DEPS have the form that the format describes.
func Read(r io.Reader) iter.Seq2[*Sentence, error] {
	return func(yield func(*Sentence, error) bool) {
		p := &parser{lines: bufio.NewReaderSize(r, 64<<10), yield: yield}
		p.run()
	}
}

// Validate checks that [Read] would accept the result of [Sentence.Append] as one sentence. The error joins the errors
// that Read would yield, with lines counted from the first line of the sentence.
func (s *Sentence) Validate() error {
	var errs []error
	sentences := 0
	p := &parser{lines: bufio.NewReader(bytes.NewReader(s.Append(nil))), yield: func(_ *Sentence, err error) bool {
		if sentences++; err != nil {
			errs = append(errs, err)
		}
		return true
	}}
	p.run()
	if len(errs) == 0 && sentences != 1 {
		errs = append(errs, &SyntaxError{Line: 1, Column: 1, Problem: "a column or a comment contains a line feed"})
	}
	return errors.Join(errs...)
}

// maxErrors is the most errors that are reported for one sentence.
const maxErrors = 100

// parser reads one file.
type parser struct {
	lines *bufio.Reader
	yield func(*Sentence, error) bool
	line  int // the number of the line that was read last

	// sentence is the current sentence, or nil between sentences. The fields below are about it.
	sentence *Sentence
	starts   []rowStart // of its rows
	size     int        // in bytes, without line feeds
	words    int
	errors   []*SyntaxError // up to maxErrors
	failed   int            // the number of all errors
}

// rowStart is the number of a row's line, and the byte offsets in the line at which its columns begin.
type rowStart struct {
	line    int
	columns [10]int
}

// run reads the file to its end, or until yield returns false.
func (p *parser) run() {
	for {
		text, err := p.next()
		var syntax *SyntaxError
		switch {
		case errors.Is(err, io.EOF):
			if p.sentence != nil {
				p.yield(nil, &SyntaxError{Line: p.line, Column: 1, Problem: "the file ends within a sentence: an empty line must follow the last row"})
			}
			return
		case errors.As(err, &syntax):
			p.yield(nil, syntax)
			return
		case err != nil:
			p.yield(nil, err)
			return
		}
		if text == "" {
			if !p.end() {
				return
			}
			continue
		}
		if p.sentence == nil {
			p.sentence = &Sentence{Line: p.line}
			p.starts, p.size, p.words = p.starts[:0], 0, 0
		}
		if p.size += len(text); p.size > MaxSentence {
			p.yield(nil, &SyntaxError{Line: p.line, Column: 1, Problem: fmt.Sprintf("the sentence is larger than %d bytes", MaxSentence)})
			return
		}
		if text[0] == '#' {
			p.comment(text)
		} else {
			p.row(text)
		}
	}
}

// next returns the next line without its line feed. It returns an error if the last line has no line feed.
func (p *parser) next() (string, error) {
	var line []byte
	for {
		part, err := p.lines.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > MaxLine {
			return "", &SyntaxError{Line: p.line + 1, Column: 1, Problem: fmt.Sprintf("the line is longer than %d bytes", MaxLine)}
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			return "", err
		}
		p.line++
		if err != nil {
			return "", &SyntaxError{Line: p.line, Column: utf8.RuneCount(line) + 1, Problem: "the last line has no line feed at its end"}
		}
		break
	}
	line = line[:len(line)-1]
	if p.line == 1 && bytes.HasPrefix(line, []byte("\xef\xbb\xbf")) {
		return "", &SyntaxError{Line: 1, Column: 1, Problem: "the file begins with a byte order mark"}
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return "", &SyntaxError{Line: p.line, Column: utf8.RuneCount(line), Problem: "the line ends with CR LF: lines must end with LF only"}
	}
	text := string(line)
	if named, ok := namedColumns(text); ok && p.line == 1 && !slices.Equal(named, columns[:]) {
		return "", &SyntaxError{Line: 1, Column: 1, Problem: "the file defines its own columns (CoNLL-U Plus), which is not supported: only the ten of CoNLL-U in their order are"}
	}
	return text, nil
}

// namedColumns returns the columns that line names, if it is the first line of a CoNLL-U Plus file.
func namedColumns(line string) (columns []string, ok bool) {
	name, value, found := strings.Cut(strings.TrimPrefix(line, "#"), "=")
	return strings.Fields(value), found && strings.HasPrefix(line, "#") && strings.TrimSpace(name) == "global.columns"
}

// fail adds an error of the current sentence. text is the line with the number line, at the offset of the error in it,
// in bytes, and name the name of the CoNLL-U column or "".
func (p *parser) fail(line int, text string, at int, name, format string, args ...any) {
	if p.failed++; p.failed > maxErrors {
		return
	}
	p.errors = append(p.errors, &SyntaxError{line, utf8.RuneCountInString(text[:at]) + 1, name, fmt.Sprintf(format, args...)})
}

// comment adds a comment to the current sentence.
func (p *parser) comment(text string) {
	if len(p.starts) > 0 {
		p.fail(p.line, text, 0, "", "a comment must be before the sentence's first row")
	}
	if i := invalidUTF8(text); i >= 0 {
		p.fail(p.line, text, i, "", "the text is not valid UTF-8")
	}
	p.sentence.Comments = append(p.sentence.Comments, text[1:])
}

// row parses a row. The method end checks what depends on later rows.
func (p *parser) row(text string) {
	start := rowStart{line: p.line}
	var column [10]string
	n, at, eleventh := 0, 0, 0
	for part := range strings.SplitSeq(text, "\t") {
		if n < len(column) {
			column[n], start.columns[n] = part, at
		} else if n == len(column) {
			eleventh = at
		}
		n++
		at += len(part) + 1
	}
	if n != len(column) {
		switch {
		case strings.TrimSpace(text) == "":
			p.fail(p.line, text, 0, "", "the line has only spaces: a sentence must end with an empty line")
		case n > len(column):
			p.fail(p.line, text, eleventh, "", "the row must have 10 columns separated by tabs, but has %d", n)
		default:
			p.fail(p.line, text, len(text), "", "the row must have 10 columns separated by tabs, but has %d", n)
		}
		return
	}
	for i, value := range column {
		fail := func(at int, format string, args ...any) {
			p.fail(p.line, text, start.columns[i]+at, columns[i], format, args...)
		}
		spaces := i == 1 || i == 2 || i == 9
		switch at := strings.IndexByte(value, ' '); {
		case value == "":
			fail(0, "the column is empty: write _ if there is no value")
		case invalidUTF8(value) >= 0:
			fail(invalidUTF8(value), "the text is not valid UTF-8")
		case strings.IndexByte(value, '\r') >= 0:
			fail(strings.IndexByte(value, '\r'), "the column contains a carriage return")
		case at >= 0 && !spaces:
			fail(at, "the column contains a space")
		case at == 0 || strings.HasSuffix(value, " "):
			fail(max(strings.LastIndexByte(value, ' '), 0), "the column begins or ends with a space")
		}
	}
	id, err := ParseID(column[0])
	if err != nil {
		p.fail(p.line, text, 0, columns[0], "%v", err)
	}
	p.sentence.Rows = append(p.sentence.Rows, Row{id, column[1], column[2], column[3], column[4], column[5], column[6], column[7], column[8], column[9]})
	p.starts = append(p.starts, start)
	if id.IsWord() && err == nil {
		p.words++
	}
}

// end checks the current sentence as a whole, yields it or its errors, and reports whether the loop continues.
func (p *parser) end() bool {
	s := p.sentence
	switch {
	case s == nil:
		return p.yield(nil, &SyntaxError{Line: p.line, Column: 1, Problem: "unexpected empty line: no sentence precedes it"})
	case len(p.starts) == 0 && p.failed == 0:
		p.fail(p.line, "", 0, "", "the sentence has comments but no rows")
	case p.failed == 0:
		p.checkRows(s)
	}
	p.sentence = nil
	if p.failed == 0 {
		return p.yield(s, nil)
	}
	found, failed := p.errors, p.failed
	p.errors, p.failed = nil, 0
	for i, err := range found {
		if i == len(found)-1 && failed > len(found) {
			err.Problem += fmt.Sprintf("; and %d more errors in this sentence", failed-len(found))
		}
		if !p.yield(nil, err) {
			return false
		}
	}
	return true
}

// checkRows checks what involves more than one column or row.
func (p *parser) checkRows(s *Sentence) {
	// after is the ID of the last word or empty node, and covered the last word of the last range.
	after, covered, open := ID{}, 0, ID{} // open is a range whose first word is next
	empty := map[ID]bool{}
	for i := range s.Rows {
		id := s.Rows[i].ID
		if id.IsEmpty() {
			empty[id] = true
		}
		fail := func(column int, format string, args ...any) { p.failer(i)(column, 0, format, args...) }
		switch {
		case id.IsRange():
			switch {
			case id.Word != after.Word+1:
				fail(0, "the range %s must come just before its first word, %d", id, id.Word)
			case id.Word <= covered:
				fail(0, "the range %s overlaps the one before it", id)
			case id.Last > p.words:
				fail(0, "the range %s ends after the last word, %d", id, p.words)
			}
			covered, open = max(covered, id.Last), id
		case id.IsEmpty():
			if open.IsRange() {
				fail(0, "the empty node %s must come before the range %s", id, open)
			} else if id.Word != after.Word || id.Empty != after.Empty+1 {
				fail(0, "the empty node %s cannot follow %s", id, after)
			}
			after = id
		default:
			if id.Word != after.Word+1 {
				fail(0, "word %d follows word %d", id.Word, after.Word)
			}
			after, open = id, ID{}
		}
	}
	if p.words == 0 {
		p.failer(0)(0, 0, "the sentence has no words")
	}
	if p.failed > 0 {
		return
	}
	for i := range s.Rows {
		p.checkColumns(&s.Rows[i], p.failer(i), empty)
	}
}

// checkColumns checks the columns of a row, given the empty nodes of the sentence. fail adds an error at a byte offset
// in a column.
func (p *parser) checkColumns(r *Row, fail func(column, at int, format string, args ...any), empty map[ID]bool) {
	id := r.ID
	if id.IsRange() {
		for column, value := range [...]string{2: r.Lemma, 3: r.UPOS, 4: r.XPOS, 6: r.Head, 7: r.Deprel, 8: r.Deps} {
			if value != None && value != "" {
				fail(column, 0, "a multiword token must have _ here, not %q", clip(value))
			}
		}
	}
	if id.IsEmpty() {
		if r.Head != None {
			fail(6, 0, "an empty node must have _ here, not %q", clip(r.Head))
		}
		if r.Deprel != None {
			fail(7, 0, "an empty node must have _ here, not %q", clip(r.Deprel))
		}
	}
	at := 0
	for item := range items(r.Feats) {
		if name, value, found := strings.Cut(item, "="); !found || name == "" || value == "" {
			fail(5, at, "%q is not a feature of the form Name=Value", clip(item))
		}
		at += len(item) + 1
	}
	if id.IsWord() && r.Head != None {
		if head, ok := number(r.Head); !ok {
			fail(6, 0, "%q is not a number", clip(r.Head))
		} else if head > p.words {
			fail(6, 0, "the head %d does not exist: the last word is %d", head, p.words)
		}
	}
	at = 0
	for item := range items(r.Deps) {
		text, relation, found := strings.Cut(item, ":")
		head, err := ParseID(text)
		switch {
		case !found || relation == "" || err != nil || head.IsRange():
			fail(8, at, "%q is not an edge of the form HEAD:RELATION", clip(item))
		case head.IsEmpty() && !empty[head], head.IsWord() && head.Word > p.words:
			fail(8, at, "the head %s does not exist", head)
		}
		at += len(item) + 1
	}
}

// failer returns a function that adds an error of a row, at a byte offset in a column.
func (p *parser) failer(row int) func(column, at int, format string, args ...any) {
	return func(column, at int, format string, args ...any) {
		start := &p.starts[row]
		text := string(p.sentence.Rows[row].appendColumns(nil, column+1))
		p.fail(start.line, text, start.columns[column]+at, columns[column], format, args...)
	}
}

// appendColumns appends the first n columns, each with a tab after it.
func (r *Row) appendColumns(b []byte, n int) []byte {
	all := [...]string{r.ID.String(), r.Form, r.Lemma, r.UPOS, r.XPOS, r.Feats, r.Head, r.Deprel, r.Deps, r.Misc}
	for _, value := range all[:n] {
		b = append(b, value...)
		b = append(b, '\t')
	}
	return b
}

// invalidUTF8 returns the index of the first byte that is not part of valid UTF-8, or -1.
func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return -1
}

// clip shortens a quoted column for a message.
func clip(s string) string { return quote.Cut(s, 60) }

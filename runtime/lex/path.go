package lex

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/issue"
)

// findPaths sets each issue's Path to the JSON pointer to its offset. Decoding records only offsets, so that values
// without issues cost nothing for paths; one walk through the input finds all of them. The error is that of the context.
func (d *Decoder) findPaths() error {
	slices.SortStableFunc(d.issues, func(a, b issue.Issue) int { return a.Offset - b.Offset })
	w := pathFinder{issues: d.issues}
	w.d.s, w.d.b, w.d.json, w.d.ctx, w.d.quiet = d.s, d.b, d.json, d.ctx, true
	w.d.resumeChecks()
	if d.json {
		w.d.i = byteOrderMark(d.s)
		w.walkJSON()
	} else {
		w.walkCBOR()
	}
	if w.d.ended {
		return d.ctx.Err()
	}
	w.reach(len(d.s) + 1)
	return nil
}

// pathFinder walks through input that may be broken anywhere. Where it cannot continue, the remaining issues get the
// path that it reached.
type pathFinder struct {
	d      Decoder       // for its reading of tokens
	issues []issue.Issue // those that have no path yet
	path   []step
	made   string // the path of the last issue, while it is still the path
}

// step is one step of a path: a key, or the number of an item.
type step struct {
	key  string
	item int // -1 for a key
}

// reach sets the path of the issues up to offset to the current path.
func (w *pathFinder) reach(offset int) {
	for len(w.issues) > 0 && w.issues[0].Offset <= offset {
		if w.made == "" {
			w.made = w.pointer()
		}
		if i := &w.issues[0]; i.Rule == issue.RuleRequired { // Path is the name of the field
			i.Path = shortPath(w.made + "/" + escapePointer(i.Path))
		} else {
			i.Path = w.made
		}
		w.issues = w.issues[1:]
	}
}

// pointer returns the path as a JSON pointer.
func (w *pathFinder) pointer() string {
	var b []byte
	for _, s := range w.path {
		b = append(b, '/')
		if s.item >= 0 {
			b = strconv.AppendInt(b, int64(s.item), 10)
		} else {
			b = append(b, escapePointer(shortText(s.key, longestStep, 0))...)
		}
	}
	return shortPath(string(b))
}

// The limits of a path's length in bytes: each of many issues keeps one, and input can make a path as long as itself.
const (
	longestStep = 128
	longestPath = 1 << 10
)

func shortPath(path string) string { return shortText(path, longestPath/2, longestPath/2) }

// shortText returns s if it has at most first+last bytes. Otherwise it returns about the first bytes and the last bytes,
// with "…" between them.
func shortText(s string, first, last int) string {
	if len(s) <= first+last {
		return s
	}
	for first > 0 && !utf8.RuneStart(s[first]) {
		first--
	}
	last = len(s) - last
	for last < len(s) && !utf8.RuneStart(s[last]) {
		last++
	}
	return s[:first] + "…" + s[last:]
}

// enter appends a step to the path and walks the value there. It returns false if the walk cannot continue.
func (w *pathFinder) enter(s step, at int) bool {
	w.path, w.made = append(w.path, s), ""
	w.reach(at)
	ok := false
	if w.d.json {
		ok = w.walkJSON()
	} else {
		ok = w.walkCBOR()
	}
	if ok {
		w.path, w.made = w.path[:len(w.path)-1], ""
	}
	return ok
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func escapePointer(step string) string { return pointerEscapes.Replace(step) }

func (w *pathFinder) walkCBOR() bool {
	d := &w.d
	if d.i >= d.check {
		d.poll()
	}
	w.reach(d.i)
	if len(w.issues) == 0 || len(w.path) > MaxDepth+1 || d.ended {
		return false
	}
	major, n := d.header()
	switch major {
	case majorBytes, majorText:
		if n > uint64(len(d.b)-d.i) {
			return false
		}
		d.i += int(n)
	case majorArray:
		for i := range n {
			if !w.enter(step{"", int(i)}, d.i) {
				return false
			}
		}
	case majorMap:
		for range n {
			at := d.i
			if at >= len(d.b) || d.b[at]>>5 != majorText {
				return false
			}
			key, ok := d.textCBOR()
			if !ok || !w.enter(step{key, -1}, at) {
				return false
			}
		}
	case majorTag: // one that holds another is reported where it begins, and not walked through
		if d.i < len(d.b) && d.b[d.i]>>5 == majorBytes {
			return w.walkCBOR()
		}
		return false
	}
	return !d.dead
}

func (w *pathFinder) walkJSON() bool {
	d := &w.d
	if d.i >= d.check {
		d.poll()
	}
	open := d.skipSpace()
	w.reach(d.i)
	if len(w.issues) == 0 || len(w.path) > MaxDepth+1 || d.ended {
		return false
	}
	if open != '{' && open != '[' {
		d.skipJSON()
		return !d.dead
	}
	d.i++
	for i := 0; ; i++ {
		c := d.skipSpace()
		if c == open+2 {
			d.i++
			return true
		}
		if i > 0 {
			if c != ',' {
				return false
			}
			d.i++
			c = d.skipSpace()
		}
		s, at := step{"", i}, d.i
		if open == '{' {
			if c != '"' {
				return false
			}
			s.item = -1
			s.key, _ = d.textJSON()
			if d.colon(); d.dead {
				return false
			}
		}
		if !w.enter(s, at) {
			return false
		}
	}
}

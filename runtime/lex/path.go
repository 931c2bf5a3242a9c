package lex

import (
	"slices"
	"strconv"
	"strings"
)

// findPaths gives each issue the JSON pointer to its offset. Decoding notes offsets only, so that
// values without issues pay nothing for paths; one walk through the input finds them all.
func findPaths(s string, json bool, issues []Issue) {
	slices.SortStableFunc(issues, func(a, b Issue) int { return a.Offset - b.Offset })
	w := pathFinder{issues: issues}
	w.d.s, w.d.json = s, json
	w.d.b = []byte(s)
	if json {
		w.d.i = byteOrderMark(s)
		w.walkJSON()
	} else {
		w.walkCBOR()
	}
	w.reach(len(s) + 1)
	for i := range issues {
		if name := issues[i].missing; name != "" {
			issues[i].Path += "/" + escapePointer(name)
		}
	}
}

// pathFinder walks through input that may be broken anywhere; where it cannot go on, the issues that
// are left get the place that it reached.
type pathFinder struct {
	d      Decoder // for its reading of tokens
	issues []Issue // those that have no path yet
	path   []byte
	depth  int
}

// reach gives the current path to the issues up to offset.
func (w *pathFinder) reach(offset int) {
	for len(w.issues) > 0 && w.issues[0].Offset <= offset {
		w.issues[0].Path = string(w.path)
		w.issues = w.issues[1:]
	}
}

// enter appends a step to the path for as long as walk runs; false when the walk cannot go on.
func (w *pathFinder) enter(step string, at int, walk func() bool) bool {
	n := len(w.path)
	w.path = append(w.path, '/')
	w.path = append(w.path, escapePointer(step)...)
	w.reach(at)
	if !walk() {
		return false
	}
	w.path = w.path[:n]
	return true
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func escapePointer(step string) string { return pointerEscapes.Replace(step) }

func (w *pathFinder) walkCBOR() bool {
	d := &w.d
	w.reach(d.i)
	if len(w.issues) == 0 || w.depth > MaxDepth {
		return false
	}
	w.depth++
	defer func() { w.depth-- }()
	major, n := d.header()
	switch major {
	case majorBytes, majorText:
		if n > uint64(len(d.b)-d.i) {
			return false
		}
		d.i += int(n)
	case majorArray:
		for i := range n {
			if !w.enter(strconv.FormatUint(i, 10), d.i, w.walkCBOR) {
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
			if !ok || !w.enter(key, at, w.walkCBOR) {
				return false
			}
		}
	case majorTag:
		return w.walkCBOR()
	}
	return !d.dead
}

func (w *pathFinder) walkJSON() bool {
	d := &w.d
	open := d.skipSpace()
	w.reach(d.i)
	if len(w.issues) == 0 || w.depth > MaxDepth {
		return false
	}
	if open != '{' && open != '[' {
		d.skipJSON()
		return !d.dead
	}
	w.depth++
	defer func() { w.depth-- }()
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
		step, at := strconv.Itoa(i), d.i
		if open == '{' {
			if c != '"' {
				return false
			}
			step, _ = d.textJSON()
			if d.colon(); d.dead {
				return false
			}
		}
		if !w.enter(step, at, w.walkJSON) {
			return false
		}
	}
}

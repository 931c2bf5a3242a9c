package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/linguistics/draw"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Record returns the section of any record: a tree of its fields, in the order in which they are stored. The record may
// be a [lex.Map].
func Record(uri syntax.ATURI, record lex.Encodable) draw.Section {
	return draw.Section{Title: string(uri), Tree: fields(record)}
}

// Media returns the section for a media record: the record's description of its file. The file itself is not read.
func Media(entry *rec.Entry[media.Media]) draw.Section {
	m := entry.Value
	s := section{draw.Section{Title: title(m.Title.Or(""), string(m.Kind))}}
	s.fact("record", entry.URI)
	s.fact("description", m.Description.Or(""))
	if blob, ok := m.Blob.Get(); ok {
		s.fact("blob", blob.Ref.String())
		s.fact("media type", blob.MimeType)
		if blob.Size >= 0 {
			s.fact("size", bytesOf(blob.Size))
		}
	}
	s.fact("external URI", m.ExternalURI.Or(""))
	// What the record says about the file outside of the blob is stated only where it differs from the blob.
	blob, _ := m.Blob.Get()
	if v := m.MimeType.Or(""); v != blob.MimeType {
		s.fact("declared type", v)
	}
	if v, ok := m.FileSizeBytes.Get(); ok && v != blob.Size {
		s.fact("declared size", bytesOf(v))
	}
	if v, ok := m.DurationMs.Get(); ok {
		s.fact("duration", clock(v))
	}
	s.fact("languages", strings.Join(m.Languages, ", "))
	s.fact("excerpt of", m.ParentMediaRef.Or(""))
	if v, ok := m.StartOffsetMs.Get(); ok {
		s.fact("from", clock(v))
	}
	s.fact("license", license(m.Licensing))
	s.fact("created", m.CreatedAt)
	s.Tree = fields(m, "$type", "title", "kind", "description", "blob", "externalUri", "mimeType", "fileSizeBytes", "durationMs", "languages",
		"parentMediaRef", "startOffsetMs", "createdAt")
	return s.Section
}

// section is a section under construction.
type section struct{ draw.Section }

// fact adds a fact, unless its value is empty.
func (s *section) fact(name string, value any) {
	if text := fmt.Sprint(value); text != "" {
		s.Facts = append(s.Facts, draw.Fact{Name: name, Value: text})
	}
}

// title returns a name followed by its kind in parentheses, or only one of the two if the other is "".
func title(name, kind string) string {
	switch {
	case name == "":
		return kind
	case kind == "":
		return name
	}
	return name + " (" + kind + ")"
}

// clock returns a time in milliseconds as seconds, or as minutes and seconds.
func clock(ms int64) string {
	seconds := fmt.Sprintf("%d.%03d s", ms/1000, ms%1000)
	if ms >= 60_000 {
		seconds = fmt.Sprintf("%d:%02d.%03d", ms/60_000, ms/1000%60, ms%1000)
	}
	return seconds
}

// count returns a number with a noun, in the plural unless n is 1.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprint(n, " ", noun, "s")
}

func bytesOf(n int64) string { return fmt.Sprintf("%d bytes", n) }

// license returns the licenses in one line, or "" if l is nil.
func license(l *layers.Licensing) string {
	if l == nil {
		return ""
	}
	if v, ok := l.Expression.Get(); ok {
		return v
	}
	var all []string
	for _, ref := range l.Licenses {
		all = append(all, string(ref.Spdx))
	}
	return strings.Join(all, ", ")
}

// fields returns the fields of a record as the nodes of a tree, without those named in except.
func fields(v lex.Encodable, except ...string) []draw.Node {
	data, err := lex.EncodeIncomplete(v)
	var m lex.Map
	if err == nil {
		err = lex.DecodeCBOR(data, &m)
	}
	if err != nil {
		return []draw.Node{{Name: "the record cannot be shown", Value: err.Error()}}
	}
	left := draw.MaxNodes - draw.MaxDepth - 1 // at each depth, one node may say how many are missing
	return mapNodes(m, &left, 0, except)
}

// mapNodes returns the fields of an object as nodes. left is how many more nodes are made.
func mapNodes(m lex.Map, left *int, depth int, except []string) (out []draw.Node) {
	n := 0
	for name, v := range m.All() {
		n++
		if slices.Contains(except, name) {
			continue
		}
		if *left <= 0 {
			return append(out, draw.Node{Name: "… and " + count(m.Len()-n+1, "more field")})
		}
		out = append(out, node(name, v, left, depth))
	}
	return out
}

// node returns the node of a value, whose children are its fields or items. It has no children beyond draw.MaxDepth,
// and fewer if left, the number of nodes that may be made, is too small.
func node(name string, v lex.Value, left *int, depth int) draw.Node {
	*left--
	out := draw.Node{Name: name}
	switch v.Kind() {
	case lex.KindMap, lex.KindArray:
		if depth+1 >= draw.MaxDepth {
			out.Value = "… (too deep)"
			return out
		}
		if m, ok := v.Map(); ok {
			if out.Children = mapNodes(m, left, depth+1, nil); m.Len() == 0 {
				out.Value = "{}"
			}
			return out
		}
		n := 0
		for item := range v.Items() {
			if n++; *left <= 0 {
				continue
			}
			out.Children = append(out.Children, node(fmt.Sprint(n), item, left, depth+1))
		}
		if more := n - len(out.Children); more > 0 {
			out.Children = append(out.Children, draw.Node{Name: "… and " + count(more, "more item")})
		}
		if n == 0 {
			out.Value = "[]"
		}
	case lex.KindText:
		text, _ := v.Text()
		if out.Value = text; text == "" {
			out.Value = `""`
		}
	case lex.KindBytes:
		data, _ := v.Bytes()
		out.Value = bytesOf(int64(len(data)))
	default:
		out.Value = v.String()
	}
	return out
}

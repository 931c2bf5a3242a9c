package lexicon

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
)

// width is the length at which lines of text are wrapped, in bytes.
const width = 88

// Print writes the definition as text for people.
func (d *Def) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  (%s", d.Name, d.Type)
	if d.Key != "" {
		fmt.Fprintf(&b, ", record key: %s", d.Key)
	}
	b.WriteString(")\n")
	wrap(&b, "", d.Description)
	section(&b, "", d.Fields)
	section(&b, "parameters", d.Parameters)
	section(&b, "input", d.Input)
	section(&b, "output", d.Output)
	if len(d.Errors) > 0 {
		fmt.Fprintf(&b, "\nerrors: %s\n", strings.Join(d.Errors, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// section writes a title, unless it is "", and a list of fields. It writes nothing if there are no fields.
func section(b *strings.Builder, title string, fields []Field) {
	if len(fields) == 0 {
		return
	}
	b.WriteString("\n")
	if title != "" {
		b.WriteString(title + ":\n")
	}
	longest := 0
	for _, f := range fields {
		longest = max(longest, len(f.Name))
	}
	for _, f := range fields {
		line := f.Type
		if f.Required {
			line += ", required"
		}
		if f.Nullable {
			line += ", nullable"
		}
		var known string
		for _, limit := range f.Limits {
			if strings.HasSuffix(limit.Name, "knownValues") || strings.HasSuffix(limit.Name, "enum") {
				known = listed(limit)
			} else {
				line += ", " + limit.Name + " " + cmp.Or(listedValue(limit.Value), string(limit.Value))
			}
		}
		fmt.Fprintf(b, "  %-*s  %s\n", longest, f.Name, line)
		wrap(b, strings.Repeat(" ", longest+6), f.Description)
		wrap(b, strings.Repeat(" ", longest+6), known)
	}
}

// listed returns the values of limit, which is known values or an enum, after words that say which.
func listed(limit Member) string {
	name := "known values"
	if strings.HasSuffix(limit.Name, "enum") {
		name = "one of"
	}
	return name + ": " + listedValue(limit.Value)
}

// listedValue returns a list of strings as text without quotes, or "" if value is not a list of strings.
func listedValue(value json.RawMessage) string {
	var values []string
	if json.Unmarshal(value, &values) != nil {
		return ""
	}
	for i, v := range values {
		values[i] = strings.TrimPrefix(v, names.Own)
	}
	return strings.Join(values, ", ")
}

// wrap writes text, unless it is empty, in lines that begin with indent.
func wrap(b *strings.Builder, indent, text string) {
	at := 0
	for _, word := range strings.Fields(text) {
		if at > 0 && len(indent)+at+1+len(word) > width {
			b.WriteString("\n")
			at = 0
		}
		if at == 0 {
			b.WriteString(indent + word)
			at = len(word)
			continue
		}
		b.WriteString(" " + word)
		at += 1 + len(word)
	}
	if at > 0 {
		b.WriteString("\n")
	}
}

package decode

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// Extra holds the fields of an object that its lexicon does not name.
type Extra struct {
	Absent     bool    // there is no object; the Extra exists only for the mark Incomplete
	Entries    []Entry // in canonical order
	Incomplete bool    // the object that has these extra fields lost data when it was decoded
}

// Entry is a field: Key is its name, and Raw its value as canonical DAG-CBOR.
type Entry struct{ Key, Raw string }

// MarkIncomplete sets the field Incomplete of *e, which it allocates if it is nil.
func MarkIncomplete(e **Extra) {
	if *e == nil {
		*e = &Extra{Absent: true}
	}
	(*e).Incomplete = true
}

// unknownField stores the field whose key was just read among the object's extra fields, or skips it if the object
// keeps none. It does not store the $type of a union's member, because the encoder writes that itself, unless the $type
// ends in [MainSuffix], which the encoder would not write.
func (r *Reader) unknownField(c *Cursor, key string) {
	if c.extra == nil {
		r.Pass()
		return
	}
	at := r.key
	raw := r.Raw()
	switch {
	case r.Dead:
		return
	case key == "$link" || key == "$bytes":
		r.noObject(c)
		return
	case key == "$type":
		if c.state&cursorMember != 0 {
			if !strings.HasSuffix(raw, MainSuffix) {
				return
			}
			r.ReportMain(int(c.offset), raw)
		}
		if typ, _ := dagcbor.TextOf(raw); typ == "" || typ == "blob" {
			r.noObject(c)
		}
	}
	if c.state&cursorExtra == 0 {
		c.state |= cursorExtra
		c.extras = int32(len(r.extras))
	}
	r.Use(&r.mostExtras, len(r.extras)+1, int(unsafe.Sizeof(extraEntry{})))
	if r.JSON {
		r.Spend(len(raw))
		raw = r.Kept.Copy(raw, r.Data) // from the scratch space
	} else {
		raw = r.Keep(raw)
	}
	r.extras = append(r.extras, extraEntry{Entry{r.Keep(key), raw}, int32(at)})
}

// extraEntry is an extra field of an object that is still being read.
type extraEntry struct {
	Entry
	at int32 // the offset of the key
}

// keepExtras puts the object's extra fields into its Extra, in canonical order. They may be in any order in the input,
// and are sorted only once, at the object's end.
func (r *Reader) keepExtras(c *Cursor) {
	extras := r.extras[c.extras:]
	less := func(a, b extraEntry) int { return dagcbor.Compare(a.Key, b.Key) }
	if !slices.IsSortedFunc(extras, less) {
		slices.SortStableFunc(extras, less)
	}
	if *c.extra == nil {
		*c.extra = new(Extra)
	}
	r.Spend(input.Allocated(len(extras)*int(unsafe.Sizeof(Entry{}))) + input.Allocated(int(unsafe.Sizeof(Extra{}))))
	entries := make([]Entry, 0, len(extras))
	for i, e := range extras {
		if i > 0 && e.Key == extras[i-1].Key {
			r.reportDuplicate(int(e.at), e.Key)
		} else {
			entries = append(entries, e.Entry)
		}
	}
	(*c.extra).Entries = entries
	clear(extras) // so that the decoder does not keep the value in memory
	r.extras = r.extras[:c.extras]
}

// noObject reports that the object that is being decoded is not an object in the data model: it is a link, bytes, a
// blob or malformed.
func (r *Reader) noObject(c *Cursor) {
	if c.state&cursorNoObject == 0 {
		c.state |= cursorNoObject
		r.Report(int(c.offset), issue.RuleType).Want = "object"
	}
}

func (r *Reader) reportDuplicate(at int, key string) {
	gaveAway := func(i issue.Issue) bool { return i.Offset == at && i.Rule == issue.RuleSyntax }
	if len(r.Issues) < input.MaxIssues && slices.ContainsFunc(r.Issues, gaveAway) {
		return // DAG-CBOR: the order of keys gave it away
	}
	r.Report(at, issue.RuleSyntax).Want = "duplicate key " + input.Excerpt(key)
}

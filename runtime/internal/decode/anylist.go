package decode

import (
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// AnyList implements lex.Decoder.AnyList: it reads a JSON object with one array, in a field of any name.
func (r *Reader) AnyList(cursor, array func()) {
	if !r.JSON {
		r.Mismatch("list in JSON")
		return
	}
	at := r.At
	var c Cursor
	if r.objectJSON(&c); c.state&cursorDone != 0 {
		return
	}
	name, null := "", false
	for r.separator(&c) {
		key, _ := jsontext.Text(&r.Input)
		jsontext.Colon(&r.Input)
		switch next := jsontext.Space(&r.Input); {
		case key == "cursor":
			cursor()
		case next == '[' && name != "":
			r.Report(r.At, issue.RuleType).Want = "list: the response has two arrays, " + input.Excerpt(name) + " and " + input.Excerpt(key)
			r.Pass()
		case next == '[':
			name = key
			array()
		default:
			null = null || next == 'n'
			r.Pass()
		}
	}
	r.close(&c)
	if name == "" && !null && !r.Dead {
		r.Report(at, issue.RuleType).Want = "list: the response has no array"
	}
}

package pds_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// faultyPages returns the pages of T's collection in a corpus, whose records are of every kind: on each page, the second
// does not match its CID, the third has none, the fourth has a field of the wrong type, the fifth is no object, the sixth
// has escapes.
func faultyPages[T any, P lex.RecordPointer[T]](c *corpus.Corpus) (all pages) {
	for page := range c.ListRecords(string(P(new(T)).RecordType()), 20) {
		page = slices.Clone(page)
		at := bytes.LastIndex(page, []byte(`,"cursor":`))
		more := at >= 0
		if !more {
			at = len(page) - 1
		}
		page = page[:at:at]
		items := bytes.Split(bytes.TrimSuffix(page, []byte("]")), []byte(`{"uri":`))
		change := func(i int, old, new string) {
			if i < len(items) {
				items[i] = bytes.Replace(items[i], []byte(old), []byte(new), 1)
			}
		}
		change(2, `"createdAt":"2`, `"createdAt":"1`)
		change(3, `"cid":`, `"other":`)
		change(4, `"createdAt":"`, `"createdAt":1,"x":"`)
		change(6, `"$type":"pub`, `"$type":"p\u0075b`)
		page = append(bytes.Join(items, []byte(`{"uri":`)), ']')
		page = bytes.Replace(page, []byte(`"records":[`), []byte(`"records":[7,`), 1)
		if more {
			page = fmt.Appendf(page, `,"cursor":"%d"`, len(all)+1)
		}
		all = append(all, append(page, '}'))
		if !more {
			break
		}
	}
	return all
}

func reuseClient(t *testing.T, all pages) *pds.Client {
	t.Helper()
	client, err := pds.New(pds.WithCaller(all))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// shown is all that a turn of the loop says, as text of its own.
func shown[T any, P lex.RecordPointer[T]](t *testing.T, entry *rec.Entry[T], err error) string {
	t.Helper()
	if failure, ok := errors.AsType[*rec.Failure](err); ok {
		return fmt.Sprintf("%s %v", failure.Envelope, failure.Issues)
	}
	if err != nil {
		t.Fatal(err)
	}
	value, err := lex.EncodeCBOR(P(entry.Value))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %s %s %x", entry.URI, entry.CID, entry.Trust, value)
}

// TestReuse compares lists in memory that is used again with others, record for record.
func TestReuse(t *testing.T) {
	c := corpus.New(1000)
	t.Run("annotationLayer", func(t *testing.T) { testReuse[annotation.AnnotationLayer](t, c) })
	t.Run("expression", func(t *testing.T) { testReuse[expression.Expression](t, c) })
}

func testReuse[T any, P lex.RecordPointer[T]](t *testing.T, c *corpus.Corpus) {
	client := reuseClient(t, faultyPages[T, P](c))
	did := syntax.AtIdentifier(c.DID())
	collection := P(new(T)).RecordType()
	typed := func(options *pds.ListOptions) (all []string, failures []*rec.Failure) {
		for entry, err := range pds.List[T, P](t.Context(), client, did, options) {
			all = append(all, shown[T, P](t, entry, err))
			if failure, ok := errors.AsType[*rec.Failure](err); ok {
				failures = append(failures, failure)
			}
		}
		return all, failures
	}
	raw := func(options *pds.ListOptions) (all []string, failures []*rec.Failure) {
		for e, err := range client.ListRecords(t.Context(), did, collection, options) {
			if rec.Ends(err) {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprintf("%s %s %s %v %x %v", e.URI, e.CID, e.Trust, e.Encoding, e.Data, err))
			if failure, ok := errors.AsType[*rec.Failure](err); ok {
				failures = append(failures, failure)
			}
		}
		return all, failures
	}
	for name, list := range map[string]func(*pds.ListOptions) ([]string, []*rec.Failure){"List": typed, "ListRecords": raw} {
		var cursors, wantCursors []string
		want, wantFailures := list(&pds.ListOptions{Checkpoint: func(cursor string) { wantCursors = append(wantCursors, cursor) }})
		if len(want) < 100 || len(wantFailures) < 10 || len(wantFailures) > len(want)/4 {
			t.Fatalf("%s: %d records, %d failures: not what the test needs", name, len(want), len(wantFailures))
		}
		for _, overwrite := range []bool{false, true} {
			cursors = nil
			got, failures := list(&pds.ListOptions{
				Reuse: true, Overwrite: overwrite,
				Checkpoint: func(cursor string) { cursors = append(cursors, cursor) },
			})
			if len(got) != len(want) {
				t.Fatalf("%s: %d records, want %d", name, len(got), len(want))
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%s, overwrite %v: record %d is\n%.1000s, want\n%.1000s", name, overwrite, i, got[i], want[i])
				}
			}
			// The loop has ended, and cursors and failures are still what they were.
			if text, want := fmt.Sprintf("%+v", texts(failures)), fmt.Sprintf("%+v", texts(wantFailures)); text != want {
				t.Errorf("%s, overwrite %v: failures are\n%.1000s, want\n%.1000s", name, overwrite, text, want)
			}
			if !slices.Equal(cursors, wantCursors) || len(cursors) == 0 {
				t.Errorf("%s, overwrite %v: cursors are %q, want %q", name, overwrite, cursors, wantCursors)
			}
		}
	}
}

func texts(failures []*rec.Failure) (all []string) {
	for _, f := range failures {
		all = append(all, fmt.Sprintf("%s %s %v", f.Envelope, f.CID, f.Issues))
	}
	return all
}

// TestOverwrite holds that a record which is used after the loop's next turn shows: it is never what it was.
func TestOverwrite(t *testing.T) {
	c := corpus.New(1000)
	all := faultyPages[annotation.AnnotationLayer](c)
	for i, page := range all {
		all[i] = bytes.ReplaceAll(page, []byte(`"other":`), []byte(`"cid":`)) // an item without a CID has memory of its own
	}
	client := reuseClient(t, all)
	did := syntax.AtIdentifier(c.DID())
	options := &pds.ListOptions{Reuse: true, Overwrite: true}
	n := 0
	var last *rec.Entry[annotation.AnnotationLayer]
	before := ""
	show := func() string { // after it was overwritten, there is nothing to encode
		if last.Value == nil {
			return ""
		}
		value, _ := lex.EncodeIncomplete(last.Value)
		return string(value)
	}
	check := func() {
		if last != nil && (show() == before || last.Value != nil && strings.HasPrefix(string(last.URI), "at:")) {
			t.Fatalf("record %d is still what it was: %s", n, last.URI)
		}
		n++
	}
	for entry, err := range pds.List[annotation.AnnotationLayer](t.Context(), client, did, options) {
		if rec.Ends(err) {
			t.Fatal(err)
		}
		check()
		if last = entry; err == nil {
			before = show()
		}
	}
	check()
	if n < 100 {
		t.Fatalf("%d records", n)
	}
	var kept rec.Envelope
	var data []byte
	for e, err := range client.ListRecords(t.Context(), did, annotation.NSIDAnnotationLayer, options) {
		if rec.Ends(err) {
			t.Fatal(err)
		}
		if kept.Data != nil && (bytes.Equal(kept.Data, data) || strings.HasPrefix(string(kept.URI), "at:")) {
			t.Fatalf("%s is still what it was", kept.URI)
		}
		if kept = (rec.Envelope{}); err == nil {
			kept, data = e, bytes.Clone(e.Data)
		}
	}
}

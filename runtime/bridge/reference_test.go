package bridge_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/bridge"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const (
	oldCID = "bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae"
	newCID = "bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
)

var collections = bridge.Collections{"com.example.note": "com.example.memo"}

// TestReferences finds and redirects references, with the CIDs beside them, and nothing else.
func TestReferences(t *testing.T) {
	for _, test := range []struct{ name, old, references, new string }{
		{"a string", `{"re": "at://alice.test/com.example.note/a"}`,
			"/re refers to at://alice.test/com.example.note/a, now at://alice.test/com.example.memo/a", `{"re": "at://alice.test/com.example.memo/a"}`},
		{"a collection", `{"re": "at://alice.test/com.example.note"}`,
			"/re refers to at://alice.test/com.example.note, now at://alice.test/com.example.memo", `{"re": "at://alice.test/com.example.memo"}`},
		{"a strong reference", `{"re": {"$type": "com.atproto.repo.strongRef", "uri": "at://alice.test/com.example.note/a", "cid": "` + oldCID + `"}}`,
			"/re/uri refers to at://alice.test/com.example.note/a, now at://alice.test/com.example.memo/a",
			`{"re": {"$type": "com.atproto.repo.strongRef", "uri": "at://alice.test/com.example.memo/a", "cid": "` + newCID + `"}}`},
		{"a link beside", `{"uri": "at://alice.test/com.example.note/a", "cid": {"$link": "` + oldCID + `"}}`,
			"/uri refers to at://alice.test/com.example.note/a, now at://alice.test/com.example.memo/a",
			`{"uri": "at://alice.test/com.example.memo/a", "cid": {"$link": "` + newCID + `"}}`},
		{"a CID of something else", `{"re": "at://alice.test/com.example.note/a", "cid": "` + oldCID + `"}`,
			"/re refers to at://alice.test/com.example.note/a, now at://alice.test/com.example.memo/a", `{"re": "at://alice.test/com.example.memo/a", "cid": "` + oldCID + `"}`},
		{"deep", `{"a/b": [[{"c": ["x", "at://alice.test/com.example.note/a"]}], "at://alice.test/com.example.note/b"]}`,
			"/a~1b/0/0/c/1 refers to at://alice.test/com.example.note/a, now at://alice.test/com.example.memo/a\n" +
				"/a~1b/1 refers to at://alice.test/com.example.note/b, now at://alice.test/com.example.memo/b",
			`{"a/b": [[{"c": ["x", "at://alice.test/com.example.memo/a"]}], "at://alice.test/com.example.memo/b"]}`},
		{"those that stay", `{"uri": "at://bob.test/com.example.note/a", "cid": "` + oldCID + `", "re": "at://alice.test/com.example.note/b"}`,
			"/re refers to at://alice.test/com.example.note/b, now at://alice.test/com.example.memo/b\n" +
				"/uri refers to at://bob.test/com.example.note/a, now at://bob.test/com.example.memo/a",
			`{"uri": "at://bob.test/com.example.note/a", "cid": "` + oldCID + `", "re": "at://alice.test/com.example.memo/b"}`},
		{"none", `{"$type": "com.example.note", "a": "at://alice.test/com.example.memo/a", "b": "at://alice.test", "c": "see at://alice.test/com.example.note/a", "d": 1,
			"e": "at://alice.test/com.example.note/a?b", "at://alice.test/com.example.note/a": null}`, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.new == "" {
				test.new = test.old
			}
			old := parse(t, test.old)
			list, err := bridge.References(&old, collections)
			var lines []string
			for _, r := range list {
				lines = append(lines, r.String())
			}
			if got := strings.Join(lines, "\n"); err != nil || got != test.references {
				t.Errorf("the references are\n%s, %v, want\n%s", got, err, test.references)
			}
			got, err := bridge.Redirect(&old, collections, func(r bridge.Reference) (syntax.CID, bool) {
				return newCID, r.From.Authority() == "alice.test"
			})
			if err != nil || !got.Equal(parse(t, test.new)) {
				t.Errorf("redirected it is %s, %v", got, err)
			}
			if !old.Equal(parse(t, test.old)) {
				t.Error("the old record was modified")
			}
		})
	}
	strong := parse(t, `{"re": {"uri": "at://alice.test/com.example.note/a", "cid": "`+oldCID+`"}}`)
	_, err := bridge.Redirect(&strong, collections, func(r bridge.Reference) (syntax.CID, bool) {
		if r.CID != oldCID {
			t.Errorf("the CID is %s", r.CID)
		}
		return "", true
	})
	if want := `/re/uri: the CID "" of at://alice.test/com.example.memo/a`; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestReferencesMove lists the references in a record that is upgraded among what moves, where they are afterwards.
func TestReferencesMove(t *testing.T) {
	r := &bridge.Record{Collection: "com.example.note", Old: newNote, New: newNote, Collections: collections, Fields: []bridge.Field{{Name: "parent", Rule: bridge.Prepend("parents")}}}
	got, moves, err := r.Upgrade(parse(t, `{"parent": {"uri": "at://alice.test/com.example.note/a"}, "re": "at://alice.test/com.example.note/b"}`))
	want := "/parent to /parents/0, /re refers to at://alice.test/com.example.note/b, now at://alice.test/com.example.memo/b, " +
		"/parents/0/uri refers to at://alice.test/com.example.note/a, now at://alice.test/com.example.memo/a"
	if err != nil || moves.String() != want || fmt.Sprint(moves.Drop()) != "[/parent]" {
		t.Errorf("%q, %v, drops %s", moves, err, moves.Drop())
	}
	if last := moves[len(moves)-1]; last.From != "/parent/uri" || last.To != "/parents/0/uri" {
		t.Errorf("the reference is at %s, from %s", last.To, last.From)
	}
	if !got.Equal(parse(t, `{"parents": [{"uri": "at://alice.test/com.example.note/a"}], "re": "at://alice.test/com.example.note/b"}`)) {
		t.Errorf("it becomes %s", got)
	}
	// References alone do not make a record an old one.
	if _, _, err := r.Upgrade(parse(t, `{"re": "at://alice.test/com.example.note/b"}`)); err == nil {
		t.Error("a record without old fields is upgraded")
	}
}

// TestManyReferences checks that time is linear in their number.
func TestManyReferences(t *testing.T) {
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, `"f%d": "at://alice.test/com.example.note/a", `, i)
	}
	old := parse(t, "{"+b.String()+`"z": 1}`)
	count := 0
	got, err := bridge.Redirect(&old, collections, func(bridge.Reference) (syntax.CID, bool) {
		count++
		return "", true
	})
	if left, _ := bridge.References(lex.Encodable(got), collections); err != nil || count != 20_000 || len(left) != 0 {
		t.Errorf("%d redirected, %d left, %v", count, len(left), err)
	}
}

package pds_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// listed says what a list gave: URIs, "!URI" for a failure, and the error that ended it.
func listed(records iter.Seq2[rec.Envelope, error]) (got []string, ended error) {
	for e, err := range records {
		switch failure, ok := err.(*rec.Failure); {
		case ok && failure.URI != e.URI:
			got = append(got, fmt.Sprintf("?%s %s", failure.URI, e.URI))
		case ok:
			got = append(got, "!"+string(failure.URI))
		case ended != nil:
			got = append(got, "more behind an error")
		case err != nil:
			ended = err
		default:
			got = append(got, string(e.URI))
		}
	}
	return got, ended
}

// listedTyped is listed for entries.
func listedTyped[T any](records iter.Seq2[*rec.Entry[T], error]) (got []string, ended error) {
	return listed(func(yield func(rec.Envelope, error) bool) {
		for entry, err := range records {
			var e rec.Envelope
			if failure, ok := err.(*rec.Failure); ok {
				e = failure.Envelope
			} else if err == nil {
				e.URI = entry.URI
			}
			if !yield(e, err) {
				return
			}
		}
	})
}

func uris(items ...item) (all []string) {
	for _, i := range items {
		all = append(all, string(i.URI))
	}
	return all
}

func TestListRecords(t *testing.T) {
	all := items(t)
	client, s, d := serve(t, answers{methodList: sayPages(map[string]string{
		"":  page("b", all[:3]...),
		"b": page("c"), // an empty page in the middle
		"c": page("d", all[3:5]...),
		"d": page("", all[5:]...),
	})})
	for _, repo := range []syntax.AtIdentifier{actor, handle} {
		got, err := listed(client.ListRecords(t.Context(), repo, layers, nil))
		if diff := cmp.Diff(uris(all...), got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	got, err := listedTyped(pds.List[annotation.AnnotationLayer](t.Context(), client, actor, nil))
	if diff := cmp.Diff(uris(all...), got); diff != "" || err != nil {
		t.Errorf("typed: %v (-want +got):\n%s", err, diff)
	}
	if s.asked() != 12 || d.lookups() != 1 {
		t.Errorf("%d requests, %d look-ups", s.asked(), d.lookups())
	}
	query := s.requests[0].URL.Query()
	if query.Get("repo") != string(account) || query.Get("collection") != string(layers) || query.Get("limit") != "100" ||
		query.Has("cursor") || query.Has("reverse") {
		t.Errorf("asked with %v", query)
	}
}

// TestListEntries checks what is in the entries and envelopes of a list.
func TestListEntries(t *testing.T) {
	all := items(t)
	client, _, _ := serve(t, answers{methodList: sayJSON(page("", all...))})
	i := 0
	for e, err := range client.ListRecords(t.Context(), actor, layers, nil) {
		if err != nil || e.CID.String() != all[i].CID || e.Trust != rec.Hashed || e.Encoding != lex.CBOR || string(e.Data) != string(all[i].block(t)) {
			t.Errorf("%s: %s %s, %v", e.URI, e.CID, e.Trust, err)
		}
		i++
	}
	i = 0
	for entry, err := range pds.List[annotation.AnnotationLayer](t.Context(), client, actor, nil) {
		if err != nil {
			t.Fatal(err)
		}
		block, err := lex.EncodeCBOR(entry.Value)
		if err != nil || entry.CID.String() != all[i].CID || entry.Trust != rec.Hashed || string(block) != string(all[i].block(t)) {
			t.Errorf("%s: %s %s, %v", entry.URI, entry.CID, entry.Trust, err)
		}
		i++
	}
}

func TestListOptions(t *testing.T) {
	all := items(t)
	client, s, _ := serve(t, answers{methodList: sayPages(map[string]string{"b": page("c", all[0]), "c": page("", all[1])})})
	got, err := listed(client.ListRecords(t.Context(), actor, layers, &pds.ListOptions{Cursor: "b", PageSize: 7, Reverse: true}))
	if diff := cmp.Diff(uris(all[:2]...), got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, r := range s.requests {
		if query := r.URL.Query(); query.Get("limit") != "7" || query.Get("reverse") != "true" || len(query["cursor"]) != 1 {
			t.Errorf("asked with %v", query)
		}
	}
	for _, size := range []int{-1, 101} {
		if got, err := listed(client.ListRecords(t.Context(), actor, layers, &pds.ListOptions{PageSize: size})); err == nil || got != nil {
			t.Errorf("pages of %d: %v, %v", size, got, err)
		}
	}
	if s.asked() != 2 {
		t.Errorf("%d requests", s.asked())
	}
}

// TestListLazy checks when pages are fetched, and when the loop is told that it can continue after them.
func TestListLazy(t *testing.T) {
	all := items(t)
	client, s, _ := serve(t, answers{methodList: sayPages(map[string]string{
		"": page("b", all[0], all[1]), "b": page("c", all[2], all[3]), "c": page("d", all[4]), "d": page(""),
	})})
	var events []string
	options := &pds.ListOptions{Checkpoint: func(cursor string) { events = append(events, "at "+cursor) }}
	record := func(uri syntax.ATURI) {
		for i := range all {
			if all[i].URI == uri {
				events = append(events, fmt.Sprintf("%d of %d requests", i, s.asked()))
			}
		}
	}
	list := client.ListRecords(t.Context(), actor, layers, options)
	if s.asked() != 0 {
		t.Error("a request before the loop")
	}
	for e, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		record(e.URI)
	}
	want := []string{
		"0 of 1 requests", "1 of 1 requests", "at b", "2 of 2 requests", "3 of 2 requests", "at c", "4 of 3 requests", "at d",
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// A loop that ends in the middle, and at the end of a page: what it did last is not known to be done.
	for n, want := range map[int][]string{3: {"at b"}, 2: nil, 4: {"at b"}} {
		events = nil
		before := s.asked()
		for entry, err := range pds.List[annotation.AnnotationLayer](t.Context(), client, actor, options) {
			if err != nil {
				t.Fatal(err)
			}
			if n--; n == 0 {
				_ = entry
				break
			}
		}
		if diff := cmp.Diff(want, events); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if asked := s.asked() - before; asked != 1+len(want) {
			t.Errorf("%d requests", asked)
		}
	}
}

// TestListTwice checks that a list can be gone through again, and by several goroutines at the same time.
func TestListTwice(t *testing.T) {
	all := items(t)
	client, _, _ := serve(t, answers{methodList: sayPages(map[string]string{"": page("b", all[:5]...), "b": page("", all[5:]...)})})
	plain := client.ListRecords(t.Context(), handle, layers, nil)
	typed := pds.List[annotation.AnnotationLayer](t.Context(), client, handle, nil)
	var running sync.WaitGroup
	for range 3 {
		running.Go(func() {
			for range 2 {
				got, err := listed(plain)
				if diff := cmp.Diff(uris(all...), got); diff != "" || err != nil {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
				got, err = listedTyped(typed)
				if diff := cmp.Diff(uris(all...), got); diff != "" || err != nil {
					t.Errorf("typed: %v (-want +got):\n%s", err, diff)
				}
			}
		})
	}
	running.Wait()
}

// TestListFailures checks that a bad record spoils neither its page nor the others.
func TestListFailures(t *testing.T) {
	all := items(t)
	bad := func(i int, value string) item {
		b := all[i]
		if value != "" {
			b.Value = []byte(value)
		}
		return b
	}
	swapped := bad(1, "")
	swapped.CID = all[0].CID
	malformed := bad(2, "")
	malformed.CID = "Qm"
	noCID := bad(3, "")
	noCID.CID = ""
	list := `{"records":[` + strings.Join([]string{
		all[0].json(),
		swapped.json(),
		malformed.json(),
		bad(4, `1.5`).json(),
		bad(5, `{"a":1,"a":2}`).json(),
		bad(6, `"\ud800"`).json(),
		bad(7, `null`).json(),
		fmt.Sprintf(`{"uri":%q}`, all[8].URI),
		bad(9, `{"$type":"pub.layers.annotation.annotationLayer"}`).json(),
		noCID.json(),
		all[3].json(),
	}, ",") + `],"took":0.5,"cursor":null}`
	client, s, _ := serve(t, answers{methodList: sayJSON(list)})
	want := uris(all[0], all[1], all[2], all[4], all[5], all[6], all[7], all[8], all[9], all[3], all[3])
	for i := 1; i < 9; i++ {
		want[i] = "!" + want[i]
	}
	got, err := listed(client.ListRecords(t.Context(), actor, layers, nil))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	got, err = listedTyped(pds.List[annotation.AnnotationLayer](t.Context(), client, actor, nil))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("typed: %v (-want +got):\n%s", err, diff)
	}
	if s.asked() != 2 {
		t.Errorf("%d requests", s.asked())
	}
	batch, err := rec.DecodeAll[annotation.AnnotationLayer](t.Context(), client.ListRecords(t.Context(), actor, layers, nil))
	if err != nil || batch.Counts != (rec.Counts{Expected: 11, Decoded: 3, Failed: 8}) {
		t.Errorf("%+v, %v", batch.Counts, err)
	}
	if problem := batch.Failures[0].Issues[0]; problem.Rule != issue.RuleCID || problem.Want != all[0].CID || problem.Found != all[1].CID {
		t.Errorf("%v", problem)
	}
}

// TestListDeep checks that a record is as deep as a record may be, and not as an answer may be.
func TestListDeep(t *testing.T) {
	all := items(t)[:4]
	nested := func(depth int) json.RawMessage {
		own := `,"own":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
		return json.RawMessage(strings.TrimSuffix(string(all[0].Value), "}") + own)
	}
	all[1].Value = nested(lex.MaxDepth)
	all[1].CID = cid.Of(cid.DagCBOR, all[1].block(t)).String()
	all[2].Value = nested(1000)
	client, _, _ := serve(t, answers{methodList: sayJSON(page("", all...))})
	want := uris(all...)
	want[2] = "!" + want[2]
	got, err := listed(client.ListRecords(t.Context(), actor, layers, nil))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	got, err = listedTyped(pds.List[annotation.AnnotationLayer](t.Context(), client, actor, nil))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("typed: %v (-want +got):\n%s", err, diff)
	}
}

// TestListTypedFailures checks that a record with issues has all of them, and its bytes.
func TestListTypedFailures(t *testing.T) {
	all := items(t)[:3]
	all[1].Value = []byte(`{"$type":"pub.layers.annotation.annotationLayer","expression":"at://x","kind":"k","createdAt":"2024-01-01T00:00:00Z","annotations":[{}]}`)
	block := all[1].block(t)
	all[1].CID = cid.Of(cid.DagCBOR, block).String()
	client, _, _ := serve(t, answers{methodList: sayJSON(page("", all...))})
	got, err := listed(client.ListRecords(t.Context(), actor, layers, nil))
	if diff := cmp.Diff(uris(all...), got); diff != "" || err != nil {
		t.Errorf("untyped: %v (-want +got):\n%s", err, diff)
	}
	n := 0
	for entry, err := range pds.List[annotation.AnnotationLayer](t.Context(), client, actor, nil) {
		if n++; n != 2 {
			if err != nil || entry.URI != all[n-1].URI {
				t.Errorf("record %d: %v", n, err)
			}
			continue
		}
		failure, ok := err.(*rec.Failure)
		if !ok || entry != nil {
			t.Fatalf("%v, %v", entry, err)
		}
		if len(failure.Issues) < 2 || failure.Trust != rec.Hashed || failure.CID.String() != all[1].CID || string(failure.Data) != string(block) {
			t.Errorf("%+v", failure)
		}
	}
	if n != 3 {
		t.Errorf("%d records", n)
	}
}

// TestListAnswers is about answers that end a list. What is wrong with one item is in tests/lists.
func TestListAnswers(t *testing.T) {
	all := items(t)
	for _, test := range []struct {
		name  string
		pages map[string]string
		want  []string
		text  string
	}{
		{"a cursor that came before", map[string]string{"": page("b", all[0]), "b": page("c", all[1]), "c": page("b", all[2])}, uris(all[:3]...), `"b"`},
		{"the same cursor for ever", map[string]string{"": page("b"), "b": page("b")}, nil, "pagination loop"},
		{"no records", map[string]string{"": `{}`}, nil, "/records"},
		{"null answer", map[string]string{"": `null`}, nil, "object"},
		{"records of another type", map[string]string{"": `{"records":{}}`}, nil, "/records"},
		{"cursor of another type", map[string]string{"": `{"records":[],"cursor":5}`}, nil, "/cursor"},
		{"cut off", map[string]string{"": page("", all[0])[:300]}, nil, "syntax"},
		{"an error at the second page", map[string]string{"": page("x", all[0])}, uris(all[0]), "unknown cursor"},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, _, _ := serve(t, answers{methodList: sayPages(test.pages)})
			got, err := listed(client.ListRecords(t.Context(), actor, layers, nil))
			typed, typedErr := listedTyped(pds.List[annotation.AnnotationLayer](t.Context(), client, actor, nil))
			for _, err := range []error{err, typedErr} {
				if err == nil || !strings.Contains(err.Error(), test.text) {
					t.Errorf("error %v, want %q", err, test.text)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !slices.Equal(got, typed) {
				t.Errorf("typed: %v", typed)
			}
		})
	}
}

// TestListMoves checks that a list goes on when the repository moves in the middle of it.
func TestListMoves(t *testing.T) {
	all := items(t)
	old := newServer(t, answers{methodList: func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("cursor") == "" {
			sayJSON(page("b", all[0]))(w, r)
			return
		}
		refuse(400, "RepoDeactivated", "")(w, r)
	}})
	now := newServer(t, answers{methodList: sayPages(map[string]string{"b": page("", all[0], all[1])})})
	d := newDirectory(t, old.URL, now.URL)
	got, err := listed(newClient(t, d).ListRecords(t.Context(), handle, layers, nil))
	if diff := cmp.Diff(uris(all[0], all[0], all[1]), got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestListKeepsAccount checks that a list by handle stays with the account that had it at the beginning.
func TestListKeepsAccount(t *testing.T) {
	all := items(t)
	client, s, d := serve(t, answers{methodList: sayPages(map[string]string{"": page("b", all[0]), "b": page("", all[1])})})
	for range client.ListRecords(t.Context(), handle, layers, nil) {
		d.mu.Lock()
		d.dids = []syntax.DID{"did:plc:ewvi7nxzyoun6zhxrhs64oiz"}
		d.mu.Unlock()
		client.Directory().Purge(handle)
	}
	if s.asked() != 2 || s.requests[1].FormValue("repo") != string(account) {
		t.Errorf("%d requests, the last for %s", s.asked(), s.requests[1].FormValue("repo"))
	}
}

func TestListCancelled(t *testing.T) {
	all := items(t)
	client, s, _ := serve(t, answers{methodList: sayPages(map[string]string{"": page("b", all[0]), "b": page("", all[1])})})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var ended error
	for _, err := range client.ListRecords(ctx, actor, layers, nil) {
		cancel()
		ended = err
	}
	if !errors.Is(ended, context.Canceled) || s.asked() != 1 {
		t.Errorf("%v, %d requests", ended, s.asked())
	}
}

func TestListRepos(t *testing.T) {
	c := items(t)[0].CID
	answer := sayPages(map[string]string{
		"": `{"cursor":"b","repos":[
			{"did":"did:plc:ewvi7nxzyoun6zhxrhs64oiz","head":"` + c + `","rev":"3l3famgxlzxwf","active":true},
			{"did":"not a did","head":"` + c + `","rev":"3l3famgxlzxwf","active":true},
			{"did":"did:web:a.test","head":"","rev":"","active":false,"status":"deactivated","more":[1.5]}]}`,
		"b": `{"repos":[5,{"did":"did:web:b.test","head":"x","rev":"y"},{"did":"did:web:c.test","status":"takendown"}]}`,
	})
	host := newServer(t, answers{"com.atproto.sync.listRepos": answer, "com.atproto.sync.listReposByCollection": answer})
	client := newClient(t, newDirectory(t, host.URL))
	head, err := cid.Parse(c)
	if err != nil {
		t.Fatal(err)
	}
	want := []pds.RepoStatus{
		{DID: "did:plc:ewvi7nxzyoun6zhxrhs64oiz", Head: head, Rev: "3l3famgxlzxwf", Active: true},
		{},
		{DID: "did:web:a.test", Status: "deactivated"},
		{},
		{DID: "did:web:b.test", Active: true},
		{DID: "did:web:c.test", Status: "takendown"},
	}
	var got []pds.RepoStatus
	var points []string
	for status, err := range client.ListRepos(t.Context(), host.URL, &pds.ListReposOptions{PageSize: 3, Checkpoint: func(cursor string) { points = append(points, cursor) }}) {
		if failure, ok := err.(*rec.Failure); ok && len(failure.Data) > 0 && failure.Encoding == lex.JSON && len(failure.Issues) > 0 && status == nil {
			status = new(pds.RepoStatus)
		} else if err != nil {
			t.Fatal(err)
		}
		got = append(got, *status)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !slices.Equal(points, []string{"b"}) || host.requests[0].FormValue("limit") != "3" {
		t.Errorf("%v, limit %s", points, host.requests[0].FormValue("limit"))
	}

	var dids []syntax.DID
	for did, err := range client.ListReposByCollection(t.Context(), host.URL, layers, nil) {
		if _, ok := err.(*rec.Failure); err != nil && !ok {
			t.Fatal(err)
		}
		dids = append(dids, did)
	}
	if want := []syntax.DID{want[0].DID, "", want[2].DID, "", want[4].DID, want[5].DID}; !slices.Equal(dids, want) {
		t.Errorf("%v", dids)
	}
	if query := host.requests[2].URL.Query(); query.Get("collection") != string(layers) || query.Get("limit") != "2000" {
		t.Errorf("asked with %v", query)
	}
	for _, err := range client.ListRepos(t.Context(), "nonsense", nil) {
		if err == nil {
			t.Error("no error for a host that is none")
		}
	}
}

func TestListBlobs(t *testing.T) {
	raw := cid.Of(cid.Raw, []byte("blob"))
	client, s, _ := serve(t, answers{"com.atproto.sync.listBlobs": sayPages(map[string]string{
		"":  `{"cids":["` + raw.String() + `","nonsense"],"cursor":"b"}`,
		"b": `{"cids":[null,"` + raw.String() + `"]}`,
	})})
	var running sync.WaitGroup
	blobs := client.ListBlobs(t.Context(), handle, &pds.ListBlobsOptions{Since: "3l3famgxlzxwf"})
	for range 2 {
		running.Go(func() {
			good, bad := 0, 0
			for c, err := range blobs {
				_, failed := err.(*rec.Failure)
				switch {
				case err == nil && c == raw:
					good++
				case failed && !c.Defined():
					bad++
				default:
					t.Errorf("%s, %v", c, err)
				}
			}
			if good != 2 || bad != 2 {
				t.Errorf("%d good, %d bad", good, bad)
			}
		})
	}
	running.Wait()
	query := s.requests[0].URL.Query()
	if query.Get("since") != "3l3famgxlzxwf" || query.Get("did") != string(account) || query.Get("limit") != "1000" {
		t.Errorf("asked with %v", query)
	}
}

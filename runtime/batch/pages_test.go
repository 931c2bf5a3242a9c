package batch_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/tests/author"
)

// page is what a proxy answers with in place of the server.
type page struct {
	status          int
	mediaType, body string
}

func (p page) String() string { return fmt.Sprintf("%d %s %s", p.status, p.mediaType, p.body) }

var pages = func() (all []page) {
	for _, status := range []int{200, 204, 400, 401, 403, 404, 408, 410, 413, 429, 502, 503, 524} {
		for _, body := range []page{
			{mediaType: "text/html", body: "<html><h1>not here</h1></html>"},
			{mediaType: "text/html", body: `{"error":"RecordNotFound"}`},
			{mediaType: "application/json", body: `{"message":"no Route matched with those values"}`},
			{mediaType: "application/json", body: `{"error":"Not Found","status":404}`},
			{mediaType: "application/json", body: `{}`},
			{mediaType: "application/json"},
			{},
		} {
			body.status = status
			all = append(all, body)
		}
	}
	return all
}()

// proxied is an account at a server behind a proxy, reached without a network.
type proxied struct {
	*testAccount
	// answer returns what the proxy does with a request: nil, pass it on; otherwise it answers itself, once the server has
	// carried the request out if done says so. A page of status 0 is an answer that is lost.
	answer func(lookUp bool) (p *page, done bool)
}

func (p *proxied) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	incoming := r.Clone(r.Context())
	if incoming.Body == nil {
		incoming.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	answer, done := p.answer(r.Method == http.MethodGet)
	if answer == nil || done {
		p.PDS.ServeHTTP(w, incoming)
	}
	if answer == nil {
		return w.Result(), nil
	}
	if answer.status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	w = httptest.NewRecorder()
	w.Header()["Content-Type"] = []string{answer.mediaType}
	w.WriteHeader(answer.status)
	io.WriteString(w, answer.body)
	return w.Result(), nil
}

func (p *proxied) account(t *testing.T) write.Client { return p.through(t, p) }

// through returns the account, reached through a transport.
func (p *proxied) through(t *testing.T, transport http.RoundTripper) write.Client {
	client, err := author.Connect("https://pds.test", p.Token, network.Network{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	return remote{client, p.DID()}
}

// pageKey is the key of the record that all is about.
const pageKey = "3l3famgxlzxwf"

type pageAction struct {
	name   string
	before int // membership, or 0 for none
	keep   bool
	do     func(t *testing.T, a write.Client, j *batch.Journal, attempts int) error
}

// records returns what is there before, by path.
func (a pageAction) records(t *testing.T) map[string]string {
	if a.before == 0 {
		return nil
	}
	return map[string]string{collection + "/" + pageKey: jsonOf(t, membership(a.before))}
}

// pageActions are the operations: what is there before, and whether the record of membership(1) is to be there in the end.
var pageActions = []pageAction{
	{"create", 0, true, func(t *testing.T, a write.Client, _ *batch.Journal, _ int) error {
		_, err := write.Create(t.Context(), a, membership(1), &write.CreateOptions{RecordKey: pageKey})
		return err
	}},
	{"put, new", 0, true, func(t *testing.T, a write.Client, _ *batch.Journal, _ int) error {
		_, err := write.Put(t.Context(), a, pageKey, membership(1), nil)
		return err
	}},
	{"put", 2, true, func(t *testing.T, a write.Client, _ *batch.Journal, _ int) error {
		_, err := write.Put(t.Context(), a, pageKey, membership(1), nil)
		return err
	}},
	{"delete", 1, false, func(t *testing.T, a write.Client, _ *batch.Journal, _ int) error {
		return write.Delete(t.Context(), a, uriOf(collection, pageKey), nil)
	}},
	{"apply create", 0, true, applyOne(batch.Op{Action: batch.ActionCreate, RecordKey: pageKey, Record: membership(1)})},
	{"apply update", 2, true, applyOne(batch.Op{Action: batch.ActionUpdate, RecordKey: pageKey, Record: membership(1)})},
	{"apply put", 2, true, applyOne(batch.Op{Action: batch.ActionPut, RecordKey: pageKey, Record: membership(1)})},
	{"apply delete", 1, false, applyOne(batch.Op{Action: batch.ActionDelete, RecordKey: pageKey, Collection: collection})},
}

func applyOne(op batch.Op) func(*testing.T, write.Client, *batch.Journal, int) error {
	return func(t *testing.T, a write.Client, j *batch.Journal, attempts int) error {
		_, err := batch.Apply(t.Context(), a, batch.Ops(op), &batch.ApplyOptions{Lookup: lookup, Journal: j, Attempts: attempts})
		return err
	}
}

// TestPages puts a proxy's pages in the place of answers. None of them says anything: not that a record is not there, not
// that a write was carried out or was refused.
func TestPages(t *testing.T) {
	lostAnswer := &page{}
	for _, phase := range []struct {
		name string
		// answer stands for all requests; n counts the writes that came so far, this one included.
		answer func(p *page, lookUp bool, n int) (*page, bool)
		// sent says that the write reaches the server, blind that nobody can know whether it did.
		sent, blind bool
	}{
		{"always", func(p *page, _ bool, _ int) (*page, bool) { return p, false }, false, true},
		{"to the write, before the server", func(p *page, lookUp bool, n int) (*page, bool) {
			if lookUp {
				return nil, false
			}
			return p, false
		}, false, false},
		{"to the write, after the server", func(p *page, lookUp bool, n int) (*page, bool) {
			if lookUp {
				return nil, false
			}
			return p, true
		}, true, false},
		{"to the look after a page, before the server", func(p *page, lookUp bool, n int) (*page, bool) {
			if lookUp && n == 0 {
				return nil, false
			}
			return p, false
		}, false, true},
		{"to the look after a lost answer, before the server", func(p *page, lookUp bool, n int) (*page, bool) {
			switch {
			case lookUp && n == 0:
				return nil, false
			case lookUp:
				return p, false
			}
			return lostAnswer, false
		}, false, true},
		{"to the look after a lost answer, after the server", func(p *page, lookUp bool, n int) (*page, bool) {
			switch {
			case lookUp && n == 0:
				return nil, false
			case lookUp:
				return p, false
			}
			return lostAnswer, true
		}, true, true},
	} {
		for _, action := range pageActions {
			t.Run(action.name+", "+phase.name, func(t *testing.T) {
				pds := newPDS(t)
				for _, p := range pages {
					pds.Reset(t, action.records(t))
					before := pds.Get(pageKey)
					n := 0
					proxy := &proxied{testAccount: pds, answer: func(lookUp bool) (*page, bool) {
						if !lookUp {
							n++
						}
						return phase.answer(&p, lookUp, n)
					}}
					path := filepath.Join(t.TempDir(), "journal")
					j := openJournal(t, path)
					err := action.do(t, proxy.account(t), j, 1)
					j.Close()
					after, want := pds.Get(pageKey), ""
					if action.keep {
						want = jsonOf(t, membership(1))
					}
					switch {
					case n > 1:
						t.Errorf("%v: sent %d times", p, n)
					case after != want && after != before:
						t.Errorf("%v: the record is %s", p, after)
					case phase.sent != (after == want):
						t.Errorf("%v: the record is %s, err %v", p, after, err)
					case phase.sent && !phase.blind && err != nil:
						t.Errorf("%v: it was done, and can be seen: %v", p, err)
					case (!phase.sent || phase.blind) && err == nil:
						t.Errorf("%v: success", p)
					case errors.Is(err, write.ErrTooLarge):
						t.Errorf("%v: counts as the server's word: %v", p, err)
					case n > 0 && phase.blind != errors.Is(err, write.ErrUnknown):
						t.Errorf("%v: blind %v: %v", p, phase.blind, err)
					}
					// What the journal says is true.
					j = openJournal(t, path)
					if done, _ := j.Progress(); done > 0 && err != nil {
						t.Errorf("%v: %d done, says the journal: %v", p, done, err)
					}
					j.Close()
					// The proxy goes away, and the same again gets it done, once.
					proxy.answer = func(bool) (*page, bool) { return nil, false }
					j = openJournal(t, path)
					if err := action.do(t, proxy.account(t), j, 1); err != nil || pds.Get(pageKey) != want {
						t.Errorf("%v, and again: %v, %s", p, err, pds.Get(pageKey))
					}
					j.Close()
					if times := pds.Writes()[collection+"/"+pageKey]; times != 1 {
						t.Errorf("%v: written %d times", p, times)
					}
				}
			})
		}
	}
}

// TestPagesPass has a proxy that restarts: a batch waits until it is back.
func TestPagesPass(t *testing.T) {
	for _, action := range pageActions {
		if !strings.HasPrefix(action.name, "apply") {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			pds := newPDS(t)
			for _, p := range pages {
				if p.status < 400 {
					continue // a page that passes for an answer ends the batch: what it is nobody knows
				}
				for _, done := range []bool{false, true} {
					pds.Reset(t, action.records(t))
					n := 0
					proxy := &proxied{testAccount: pds, answer: func(lookUp bool) (*page, bool) {
						if n++; n == 1 && lookUp || n == 4 || n == 3 && !lookUp {
							return &p, done && !lookUp
						}
						return nil, false
					}}
					err := action.do(t, proxy.account(t), nil, 0)
					if times := pds.Writes()[collection+"/"+pageKey]; err != nil || times != 1 {
						t.Errorf("%s, %v, done %v: %v, written %d times", action.name, p, done, err, times)
					}
				}
			}
		})
	}
}

// TestLargePage has a proxy that takes less than the server, and says so in its own way: a batch is sent in pieces.
func TestLargePage(t *testing.T) {
	pds, ops := mixed(t)
	small := &page{413, "text/html", "<h1>413 Request Entity Too Large</h1>"}
	proxy := &proxied{testAccount: pds, answer: func(bool) (*page, bool) { return nil, false }}
	transport := small413{proxy, small}
	result, err := batch.Apply(t.Context(), proxy.through(t, transport), batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup, Progress: func(p batch.Progress) {
		if p.Wait > 0 {
			t.Errorf("waits for %v because of %v", p.Wait, p.Err)
		}
	}})
	if err != nil || result.Written != len(ops) {
		t.Errorf("%+v, %v", result, err)
	}
	checkMixed(t, pds, ops)
}

// small413 refuses bodies of more than 2,000 bytes with a page.
type small413 struct {
	*proxied
	page *page
}

func (s small413) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.ContentLength > 2000 {
		s.proxied.answer = func(bool) (*page, bool) { return s.page, false }
		defer func() { s.proxied.answer = func(bool) (*page, bool) { return nil, false } }()
	}
	return s.proxied.RoundTrip(r)
}

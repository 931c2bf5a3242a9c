package pds_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
	"github.com/layers-pub/layers-go/tests/corpus"
)

const (
	methodRepo  = "com.atproto.sync.getRepo"
	methodProof = "com.atproto.sync.getRecord"
)

func TestGetRepo(t *testing.T) {
	client, s, _ := serve(t, answers{methodRepo: sayArchive(archive(t))})
	for _, who := range []syntax.AtIdentifier{actor, handle} {
		r, err := client.GetRepo(t.Context(), who, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Trust() != rec.Signed || r.Commit().DID != account {
			t.Errorf("%s: trust %s, commit of %s", who, r.Trust(), r.Commit().DID)
		}
		n := 0
		for record, err := range r.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if cid.Of(cid.DagCBOR, record.Data) != record.CID {
				t.Errorf("%s", record.CID)
			}
			n++
		}
		if n != small.Records() {
			t.Errorf("%d records", n)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if query := s.requests[0].URL.Query(); query.Get("did") != string(account) || query.Has("since") {
		t.Errorf("asked with %v", query)
	}
}

func TestGetRepoOptions(t *testing.T) {
	a := archive(t)
	client, s, _ := serve(t, answers{methodRepo: sayArchive(a)})
	r, err := client.GetRepo(t.Context(), actor, &pds.RepoOptions{Since: "3l3famgxlzxwf", MaxSize: int64(len(a))})
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if since := s.requests[0].FormValue("since"); since != "3l3famgxlzxwf" {
		t.Errorf("since %q", since)
	}
	for name, options := range map[string]*pds.RepoOptions{
		"MaxSize": {MaxSize: int64(len(a)) - 1},
		"Archive": {Archive: []repo.Option{repo.WithMaxSize(int64(len(a)) - 1)}},
	} {
		if _, err := client.GetRepo(t.Context(), actor, options); !errors.Is(err, repo.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestGetRepoInflation: an archive that inflates too much is an error, however large a repository may be.
func TestGetRepoInflation(t *testing.T) {
	a := archive(t)
	zipped := func(parts ...[]byte) http.HandlerFunc {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		for _, part := range parts {
			w.Write(part)
		}
		w.Close()
		return func(out http.ResponseWriter, r *http.Request) {
			out.Header().Set("Content-Encoding", "gzip")
			sayArchive(b.Bytes())(out, r)
		}
	}
	client, _, _ := serve(t, answers{methodRepo: zipped(a)})
	r, err := client.GetRepo(t.Context(), actor, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	client, _, _ = serve(t, answers{methodRepo: zipped(a, make([]byte, 256<<20))})
	if _, err := client.GetRepo(t.Context(), actor, nil); !errors.Is(err, xrpc.ErrInflation) {
		t.Error(err)
	}
	body, err := client.GetRepoCAR(t.Context(), actor, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if n, err := io.Copy(io.Discard, body); !errors.Is(err, xrpc.ErrInflation) || n > 16<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// revisionOf returns that of the corpus' archive.
func revisionOf(t *testing.T) repo.Revision {
	t.Helper()
	r, err := repo.FromBytes(t.Context(), archive(t))
	if err != nil {
		t.Fatal(err)
	}
	return r.Revision()
}

// TestGetRepoRevision is about servers that go back in time, or ahead of it.
func TestGetRepoRevision(t *testing.T) {
	at := revisionOf(t)
	other := cid.Of(cid.DagCBOR, []byte("another commit"))
	later := at.Rev.Add(time.Microsecond)
	early := func() time.Time { return at.Rev.Time().Add(-repo.MaxClockSkew - time.Microsecond) }
	for _, test := range []struct {
		name    string
		options pds.RepoOptions
		is      error
	}{
		{"nothing known", pds.RepoOptions{}, nil},
		{"a newer one", pds.RepoOptions{Known: repo.Revision{Rev: at.Rev.Add(-time.Microsecond), CID: other}}, nil},
		{"the same", pds.RepoOptions{Known: at}, repo.ErrUnchanged},
		{"another of the same rev", pds.RepoOptions{Known: repo.Revision{Rev: at.Rev, CID: other}}, repo.ErrForkedRevision},
		{"an older one", pds.RepoOptions{Known: repo.Revision{Rev: later, CID: other}}, repo.ErrOlderRevision},
		{"older than Since", pds.RepoOptions{Since: later}, repo.ErrOlderRevision},
		{"Since itself", pds.RepoOptions{Since: at.Rev}, repo.ErrUnchanged},
		{"Since, and known", pds.RepoOptions{Since: at.Rev, Known: repo.Revision{Rev: at.Rev, CID: other}}, repo.ErrForkedRevision},
		{"of the future", pds.RepoOptions{Now: early}, repo.ErrFutureRevision},
	} {
		client, _, _ := serve(t, answers{methodRepo: sayArchive(archive(t))})
		for _, any := range []bool{false, true} {
			options := test.options
			options.AnyRevision = any
			r, err := client.GetRepo(t.Context(), actor, &options)
			if taken := any || test.is == nil; taken != (err == nil) || !taken && (!errors.Is(err, test.is) || !strings.Contains(err.Error(), string(account))) {
				t.Errorf("%s, AnyRevision %v: %v, want %v", test.name, any, err, test.is)
			}
			if err == nil {
				r.Close()
			}
		}
	}
}

// TestProofOfTheFuture holds that a proof from a time that has not come is an error, and that the caller who wants
// it all the same has it.
func TestProofOfTheFuture(t *testing.T) {
	uri := items(t)[0].URI
	record := repo.Record{Collection: uri.Collection(), RecordKey: uri.RecordKey(), Data: items(t)[0].block(t)}
	var future bytes.Buffer
	commit := repo.Commit{DID: account, Rev: "jzzzzzzzzzzzz"}
	sign := func(b []byte) ([]byte, error) { return corpus.Sign(b), nil }
	if _, err := repo.Build(t.Context(), &future, commit, []repo.Record{record}, sign, repo.OrderTree); err != nil {
		t.Fatal(err)
	}
	client, _, _ := serve(t, answers{methodProof: sayArchive(future.Bytes())})
	p, err := client.GetRecordProof(t.Context(), uri)
	if !errors.Is(err, repo.ErrFutureRevision) || p == nil || !p.Found || !bytes.Equal(p.Record.Data, record.Data) {
		t.Errorf("%+v, %v", p, err)
	}
	if entry, err := pds.Prove[annotation.AnnotationLayer](t.Context(), client, uri); !errors.Is(err, repo.ErrFutureRevision) || entry != nil {
		t.Errorf("%+v, %v", entry, err)
	}
}

// TestUnchanged is about servers that have no commit after Since: the one that they name as the last must be
// the known one.
func TestUnchanged(t *testing.T) {
	at := revisionOf(t)
	var empty bytes.Buffer
	w, err := car.NewWriter(&empty, at.CID)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	other := cid.Of(cid.DagCBOR, []byte("another commit"))
	client, _, _ := serve(t, answers{methodRepo: sayArchive(empty.Bytes())})
	for _, test := range []struct {
		known cid.CID
		is    error
	}{{cid.CID{}, repo.ErrUnchanged}, {at.CID, repo.ErrUnchanged}, {other, repo.ErrOlderRevision}} {
		_, err := client.GetRepo(t.Context(), actor, &pds.RepoOptions{Since: at.Rev, Known: repo.Revision{Rev: at.Rev, CID: test.known}})
		if !errors.Is(err, test.is) || errors.Is(err, repo.ErrUnchanged) != (test.is == repo.ErrUnchanged) || !strings.Contains(err.Error(), at.CID.String()) {
			t.Errorf("known %s: %v, want %v", test.known, err, test.is)
		}
	}
}

// TestSignature is about keys: of a repository, and of a proof.
func TestSignature(t *testing.T) {
	a := archive(t)
	uri := items(t)[0].URI
	right := small.SigningKey()
	other := corpus.New(101)
	otherArchive, err := other.CAR()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		keys    []string // by look-up
		archive []byte
		is      error
		lookups int
	}{
		{"right at once", []string{right}, a, nil, 1},
		{"rotated", []string{otherKey, right}, a, nil, 2},
		{"none at first", []string{noKey, right}, a, nil, 2},
		{"wrong", []string{otherKey}, a, multikey.ErrSignature, 2},
		{"wrong twice", []string{otherKey, otherKey, right}, a, multikey.ErrSignature, 2},
		{"none", []string{noKey}, a, identity.ErrNotFound, 2},
		{"wrong and then none", []string{otherKey, noKey}, a, multikey.ErrSignature, 2},
		{"another account's", []string{right}, otherArchive, repo.ErrDID, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, answers{methodRepo: sayArchive(test.archive), methodProof: sayArchive(test.archive)})
			check := func(what string, d *directory, err error) {
				t.Helper()
				if (test.is == nil) != (err == nil) || !errors.Is(err, test.is) {
					t.Errorf("%s: %v, want %v", what, err, test.is)
				}
				if err != nil && !strings.Contains(err.Error(), string(account)) {
					t.Errorf("%s: the error %v does not say whose it is", what, err)
				}
				if d.lookups() != test.lookups {
					t.Errorf("%s: %d look-ups, want %d", what, d.lookups(), test.lookups)
				}
			}
			directories := func() *directory {
				d := newDirectory(t, s.URL)
				d.keys = slices.Clone(test.keys)
				return d
			}
			d := directories()
			r, err := newClient(t, d).GetRepo(t.Context(), actor, nil)
			check("GetRepo", d, err)
			if err == nil {
				if r.Trust() != rec.Signed {
					t.Errorf("trust %s", r.Trust())
				}
				r.Close()
			}
			d = directories()
			_, err = newClient(t, d).GetRecordProof(t.Context(), uri)
			check("GetRecordProof", d, err)
		})
	}
}

// TestRepoCut cuts an archive at many places: none of them is a repository.
func TestRepoCut(t *testing.T) {
	a := archive(t)
	for _, whole := range []bool{true, false} { // whether HTTP says how long the whole is
		var shown atomic.Int64 // bytes
		client, _, _ := serve(t, answers{methodRepo: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/vnd.ipld.car")
			if whole {
				w.Header().Set("Content-Length", strconv.Itoa(len(a)))
			}
			_, _ = w.Write(a[:shown.Load()])
			if whole {
				panic(http.ErrAbortHandler)
			}
		}})
		for cut := 0; cut < len(a); cut += len(a)/40 + 1 {
			shown.Store(int64(cut))
			r, err := client.GetRepo(t.Context(), actor, nil)
			if err == nil {
				for _, failed := range r.Records(t.Context()) {
					err = failed
				}
				r.Close()
			}
			if err == nil {
				t.Errorf("cut at byte %d of %d: no error", cut, len(a))
			}
			if whole && cut > 0 && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("cut at byte %d: %v", cut, err)
			}
		}
	}
}

func TestGetRepoCAR(t *testing.T) {
	a := archive(t)
	client, _, _ := serve(t, answers{methodRepo: sayArchive(a)})
	body, err := client.GetRepoCAR(t.Context(), handle, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(got, a) || body.Close() != nil {
		t.Errorf("%d of %d bytes, %v", len(got), len(a), err)
	}
	for _, limit := range []int64{int64(len(a)), int64(len(a)) - 1, 1} {
		body, err := client.GetRepoCAR(t.Context(), actor, &pds.RepoCAROptions{MaxSize: limit})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		if fits := limit == int64(len(a)); fits != (err == nil) || !fits && !errors.Is(err, repo.ErrTooLarge) || int64(len(got)) != limit {
			t.Errorf("limit %d: %d bytes, %v", limit, len(got), err)
		}
		body.Close()
	}
	client, _, _ = serve(t, answers{methodRepo: refuse(400, "RepoTakendown", "")})
	if _, err := client.GetRepoCAR(t.Context(), actor, nil); !errors.Is(err, pds.ErrRepoTakendown) {
		t.Errorf("%v", err)
	}
}

func TestGetRecordProof(t *testing.T) {
	client, s, _ := serve(t, answers{methodProof: sayArchive(archive(t))})
	want := items(t)[0]
	byHandle := syntax.ATURI(strings.Replace(string(want.URI), string(account), handle, 1))
	for _, uri := range []syntax.ATURI{want.URI, byHandle} {
		p, err := client.GetRecordProof(t.Context(), uri)
		if err != nil {
			t.Fatal(err)
		}
		e := p.Envelope()
		if !p.Found || e.URI != want.URI || e.CID.String() != want.CID || e.Trust != rec.Signed || !bytes.Equal(e.Data, want.block(t)) {
			t.Errorf("%s: %+v", uri, e)
		}
		entry, err := pds.Prove[annotation.AnnotationLayer](t.Context(), client, uri)
		if err != nil || entry.URI != want.URI || entry.CID != e.CID || entry.Trust != rec.Signed || len(entry.Value.Annotations) == 0 {
			t.Errorf("%s: %+v, %v", uri, entry, err)
		}
	}
	query := s.requests[0].URL.Query()
	if query.Get("did") != string(account) || query.Get("collection") != string(layers) || query.Get("rkey") != string(want.URI.RecordKey()) {
		t.Errorf("asked with %v", query)
	}

	// The tree proves that there is no such record.
	absent := syntax.ATURI("at://" + string(account) + "/" + string(layers) + "/absent")
	p, err := client.GetRecordProof(t.Context(), absent)
	if !errors.Is(err, pds.ErrRecordNotFound) || p == nil || p.Found || p.Commit.DID != account || !strings.Contains(err.Error(), string(absent)) {
		t.Errorf("%+v, %v", p, err)
	}
	var absence *pds.AbsenceError
	if !errors.As(err, &absence) || absence.Trust != rec.Signed || absence.URI != absent {
		t.Errorf("how far it is proven: %+v", absence)
	}
	if entry, err := pds.Prove[annotation.AnnotationLayer](t.Context(), client, absent); !errors.Is(err, pds.ErrRecordNotFound) || entry != nil {
		t.Errorf("%+v, %v", entry, err)
	}
}

func TestProofAnswers(t *testing.T) {
	a := archive(t)
	uri := items(t)[0].URI
	flipped := bytes.Clone(a)
	flipped[len(a)/2] ^= 1
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		is     error
	}{
		{"RecordNotFound", refuse(400, "RecordNotFound", ""), pds.ErrRecordNotFound},
		{"404", refuse(404, "NotFound", ""), pds.ErrRecordNotFound},
		{"RepoNotFound", refuse(400, "RepoNotFound", ""), pds.ErrRepoNotFound},
		{"cut off", sayArchive(a[:len(a)/2]), nil},
		{"altered", sayArchive(flipped), nil},
		{"too large", sayArchive(append(bytes.Clone(a), make([]byte, repo.MaxProofSize)...)), repo.ErrTooLarge},
		{"nothing", sayArchive(nil), nil},
		{"not an archive", sayArchive([]byte("<html>")), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, _, _ := serve(t, answers{methodProof: test.answer})
			if p, err := client.GetRecordProof(t.Context(), uri); err == nil || test.is != nil && !errors.Is(err, test.is) || p != nil {
				t.Errorf("%v, %v", p, err)
			}
		})
	}
}

func TestDescribeRepo(t *testing.T) {
	answer := `{"did":%q,"handle":"alice.test","handleIsCorrect":true,"collections":["pub.layers.media.media"],"didDoc":{"id":%[1]q,"x":1.5},"more":{}}`
	client, _, _ := serve(t, answers{"com.atproto.repo.describeRepo": sayJSON(fmt.Sprintf(answer, account))})
	d, err := client.DescribeRepo(t.Context(), handle)
	if err != nil {
		t.Fatal(err)
	}
	if d.DID != account || d.Handle != handle || !d.HandleIsCorrect || !slices.Equal(d.Collections, []syntax.NSID{"pub.layers.media.media"}) {
		t.Errorf("%+v", d)
	}
	if document, err := identity.ParseDocument(d.Document); err != nil || document.DID != account {
		t.Errorf("document %s: %v", d.Document, err)
	}
	for _, answer := range []string{
		fmt.Sprintf(answer, "did:plc:ewvi7nxzyoun6zhxrhs64oiz"),
		`{"did":"` + string(account) + `","handle":"alice.test"}`,
		`{"did":"` + string(account) + `","handle":"alice.test","collections":["x"]}`,
		`{}`,
	} {
		client, _, _ := serve(t, answers{"com.atproto.repo.describeRepo": sayJSON(answer)})
		if d, err := client.DescribeRepo(t.Context(), actor); err == nil || d != nil {
			t.Errorf("%s: %v, %v", answer, d, err)
		}
	}
}

// TestDescribeRepoLeniently is about answers of servers written in Go, and of those that know no handle.
func TestDescribeRepoLeniently(t *testing.T) {
	for _, rest := range []string{
		`"handle":"alice.test","handleIsCorrect":true,"collections":null`,
		`"handle":"","handleIsCorrect":false,"collections":[],"didDoc":null`,
		`"handle":null,"handleIsCorrect":null,"collections":null`,
		`"handle":"handle.invalid","collections":[],"x":` + strings.Repeat("[", 200) + "1.5" + strings.Repeat("]", 200),
	} {
		client, _, _ := serve(t, answers{"com.atproto.repo.describeRepo": sayJSON(`{"did":"` + string(account) + `",` + rest + `}`)})
		if d, err := client.DescribeRepo(t.Context(), actor); err != nil || d.DID != account || len(d.Collections) != 0 {
			t.Errorf("%s: %+v, %v", rest, d, err)
		}
	}
}

// TestNullLists is about null for an empty list of repositories or of blobs.
func TestNullLists(t *testing.T) {
	client, s, _ := serve(t, answers{
		"com.atproto.sync.listRepos":             sayJSON(`{"repos":null}`),
		"com.atproto.sync.listReposByCollection": sayJSON(`{"repos":null,"cursor":null}`),
		"com.atproto.sync.listBlobs":             sayJSON(`{"cids":null,"cursor":""}`),
	})
	for repo, err := range client.ListRepos(t.Context(), s.URL, nil) {
		t.Errorf("listRepos: %v, %v", repo, err)
	}
	for did, err := range client.ListReposByCollection(t.Context(), s.URL, layers, nil) {
		t.Errorf("listReposByCollection: %v, %v", did, err)
	}
	for c, err := range client.ListBlobs(t.Context(), actor, nil) {
		t.Errorf("listBlobs: %v, %v", c, err)
	}
	if s.asked() != 3 {
		t.Errorf("%d requests", s.asked())
	}
}

func TestGetLatestCommit(t *testing.T) {
	c := items(t)[0].CID
	client, s, _ := serve(t, answers{"com.atproto.sync.getLatestCommit": sayJSON(`{"cid":"` + c + `","rev":"3l3famgxlzxwf"}`)})
	commit, err := client.GetLatestCommit(t.Context(), handle, nil)
	if err != nil || commit.CID.String() != c || commit.Rev != "3l3famgxlzxwf" || s.requests[0].FormValue("did") != string(account) {
		t.Errorf("%+v, %v", commit, err)
	}
	for _, answer := range []string{`{"cid":"` + c + `"}`, `{"cid":"","rev":"3l3famgxlzxwf"}`, `{"cid":"` + c + `","rev":"x"}`} {
		client, _, _ := serve(t, answers{"com.atproto.sync.getLatestCommit": sayJSON(answer)})
		if commit, err := client.GetLatestCommit(t.Context(), actor, nil); err == nil || commit != (pds.LatestCommit{}) {
			t.Errorf("%s: %+v, %v", answer, commit, err)
		}
	}
}

package pds_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/alignment"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/changelog"
	layerscorpus "github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/eprint"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/graph"
	"github.com/layers-pub/layers-go/layers/judgment"
	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/layers/ontology"
	"github.com/layers-pub/layers-go/layers/persona"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/layers/resource"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
	"github.com/layers-pub/layers-go/tests/reference"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

// referenceClient returns a client that finds the accounts of the reference servers.
func referenceClient(t *testing.T, s *reference.Servers) *pds.Client {
	t.Helper()
	directory, err := identity.New(identity.WithNetwork(network.Network{PLC: s.PLC, Handles: s.PDS, AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	client, err := pds.New(pds.WithDirectory(directory), pds.WithXRPC(xrpc.WithPace(0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// sample is a record of the acceptance repository.
type sample struct {
	URI   syntax.ATURI
	Valid bool
	Value json.RawMessage
}

// samples returns of each collection two records that keep to their lexicon and one that does not.
func samples(t *testing.T) []sample {
	t.Helper()
	file, err := os.Open("../../tests/testdata/acceptance.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []sample
	taken := map[string]int{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var s sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		kind := fmt.Sprint(s.URI.Collection(), s.Valid)
		if most := map[bool]int{true: 2, false: 1}[s.Valid]; taken[kind] < most {
			taken[kind]++
			all = append(all, s)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// uploaded returns value with blobs that the server has in place of those that it names.
func uploaded(t *testing.T, a *reference.Account, value json.RawMessage) json.RawMessage {
	t.Helper()
	if !bytes.Contains(value, []byte(`"blob"`)) {
		return value
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			if mimeType, ok := v["mimeType"].(string); ok && v["$type"] == "blob" {
				return a.UploadBlob(t, mimeType, []byte("no magic bytes, "+mimeType))
			}
			for key := range v {
				v[key] = walk(v[key])
			}
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		}
		return v
	}
	out, err := json.Marshal(walk(v))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// written is a record on the server: its CID there, and whether it keeps to its lexicon.
type written struct {
	cid   string
	valid bool
}

// writeSamples writes all samples, with the record keys that they have.
func writeSamples(t *testing.T, a *reference.Account) map[syntax.ATURI]written {
	t.Helper()
	out := map[syntax.ATURI]written{}
	var batch []map[string]any
	var valid []bool
	size := 0
	flush := func() {
		var answer struct {
			Results []struct {
				URI syntax.ATURI
				CID string
			}
		}
		a.Post(t, "com.atproto.repo.applyWrites", map[string]any{"repo": a.DID, "validate": false, "writes": batch}).OK(t, &answer)
		for i, r := range answer.Results {
			out[r.URI] = written{r.CID, valid[i]}
		}
		batch, valid, size = nil, nil, 0
	}
	for _, s := range samples(t) {
		value := uploaded(t, a, s.Value)
		if size += len(value) + 200; size > 140_000 || len(batch) == 200 {
			flush()
			size = len(value) + 200
		}
		batch = append(batch, map[string]any{
			"$type": "com.atproto.repo.applyWrites#create", "collection": s.URI.Collection(), "rkey": s.URI.RecordKey(), "value": value,
		})
		valid = append(valid, s.Valid)
	}
	flush()
	return out
}

// TestReference writes records of all types and reads them back in every way.
func TestReference(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	all := writeSamples(t, a)
	client := referenceClient(t, s)
	r, err := client.GetRepo(t.Context(), syntax.AtIdentifier(a.Handle), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.Trust() != rec.Signed || string(r.Commit().DID) != a.DID {
		t.Errorf("trust %s, commit of %s", r.Trust(), r.Commit().DID)
	}
	whole := map[syntax.ATURI]string{}
	for e, err := range r.Envelopes(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		whole[e.URI] = e.CID.String()
	}
	if len(whole) != len(all) {
		t.Errorf("%d records in the archive, wrote %d", len(whole), len(all))
	}
	x := readBack{client: client, account: a, repo: r, written: all, whole: whole, types: map[syntax.NSID]bool{}}

	readType[alignment.Alignment](t, &x)
	readType[annotation.AnnotationLayer](t, &x)
	readType[annotation.ClusterSet](t, &x)
	readType[changelog.Entry](t, &x)
	readType[layerscorpus.Corpus](t, &x)
	readType[layerscorpus.Membership](t, &x)
	readType[eprint.DataLink](t, &x)
	readType[eprint.Eprint](t, &x)
	readType[expression.Expression](t, &x)
	readType[graph.GraphEdge](t, &x)
	readType[graph.GraphEdgeSet](t, &x)
	readType[graph.GraphNode](t, &x)
	readType[judgment.AgreementReport](t, &x)
	readType[judgment.ExperimentDef](t, &x)
	readType[judgment.JudgmentSet](t, &x)
	readType[media.Media](t, &x)
	readType[ontology.Ontology](t, &x)
	readType[ontology.TypeDef](t, &x)
	readType[persona.Persona](t, &x)
	readType[resource.Collection](t, &x)
	readType[resource.CollectionMembership](t, &x)
	readType[resource.Entry](t, &x)
	readType[resource.Filling](t, &x)
	readType[resource.Template](t, &x)
	readType[resource.TemplateComposition](t, &x)
	readType[segmentation.Segmentation](t, &x)
	for _, known := range records.Types {
		if !x.types[known.NSID] {
			t.Errorf("%s was not read", known.NSID)
		}
	}

	description, err := client.DescribeRepo(t.Context(), syntax.AtIdentifier(a.Handle))
	if err != nil {
		t.Fatal(err)
	}
	collections := map[syntax.NSID]bool{}
	for uri := range all {
		collections[uri.Collection()] = true
	}
	if want := slices.Sorted(maps.Keys(collections)); !slices.Equal(want, slices.Sorted(slices.Values(description.Collections))) {
		t.Errorf("collections %v, want %v", description.Collections, want)
	}
	if string(description.Handle) != a.Handle || !description.HandleIsCorrect || string(description.DID) != a.DID {
		t.Errorf("%+v", description)
	}
	if document, err := identity.ParseDocument(description.Document); err != nil || string(document.DID) != a.DID {
		t.Errorf("document: %v", err)
	}
}

// readBack is what was written, and ways to read it.
type readBack struct {
	client  *pds.Client
	account *reference.Account
	repo    *repo.Repo
	written map[syntax.ATURI]written
	whole   map[syntax.ATURI]string // by archive
	types   map[syntax.NSID]bool
}

// outcome is what came of reading a record: its CID, how far it was verified, and whether it has issues.
type outcome struct {
	cid   string
	trust rec.Trust
	valid bool
}

func (o outcome) String() string { return fmt.Sprintf("%s %s, valid %v", o.cid, o.trust, o.valid) }

// outcomeOf is that of an entry, or of the failure that err is.
func outcomeOf[T any](t *testing.T, entry *rec.Entry[T], err error) (syntax.ATURI, outcome) {
	t.Helper()
	if failure, ok := err.(*rec.Failure); ok && len(failure.Issues) > 0 {
		return failure.URI, outcome{failure.CID.String(), failure.Trust, false}
	} else if err != nil {
		t.Fatal(err)
	}
	return entry.URI, outcome{entry.CID.String(), entry.Trust, true}
}

// readType reads all records of a type by getRecord, listRecords, getRepo and the proof, typed and not.
func readType[T any, P lex.RecordPointer[T]](t *testing.T, x *readBack) {
	t.Helper()
	collection := P(new(T)).RecordType()
	x.types[collection] = true
	hashed, signed := map[syntax.ATURI]outcome{}, map[syntax.ATURI]outcome{}
	for uri, w := range x.written {
		if uri.Collection() == collection {
			hashed[uri] = outcome{w.cid, rec.Hashed, w.valid}
			signed[uri] = outcome{w.cid, rec.Signed, w.valid}
		}
	}
	valid := 0
	for _, w := range hashed {
		if w.valid {
			valid++
		}
	}
	if valid == 0 || valid == len(hashed) {
		t.Fatalf("%s: %d samples, %d of them valid", collection, len(hashed), valid)
	}
	compare := func(how string, want, got map[syntax.ATURI]outcome) {
		t.Helper()
		if !maps.Equal(want, got) {
			t.Errorf("%s: %s:\n got %v\nwant %v", collection, how, got, want)
		}
	}
	ctx := t.Context()
	who := syntax.AtIdentifier(x.account.Handle)

	listed, plain, entries := map[syntax.ATURI]outcome{}, map[syntax.ATURI]outcome{}, map[syntax.ATURI]outcome{}
	for entry, err := range pds.List[T, P](ctx, x.client, who, &pds.ListOptions{PageSize: 3}) {
		uri, o := outcomeOf(t, entry, err)
		listed[uri] = o
	}
	compare("List", hashed, listed)
	for e, err := range x.client.ListRecords(ctx, who, collection, &pds.ListOptions{PageSize: 100, Reverse: true}) {
		if err != nil {
			t.Fatal(err)
		}
		plain[e.URI] = outcome{e.CID.String(), e.Trust, hashed[e.URI].valid}
	}
	compare("ListRecords", hashed, plain)
	for entry, err := range repo.Entries[T, P](ctx, x.repo, nil) {
		uri, o := outcomeOf(t, entry, err)
		entries[uri] = o
	}
	compare("GetRepo", signed, entries)

	got, proved := map[syntax.ATURI]outcome{}, map[syntax.ATURI]outcome{}
	for uri := range hashed {
		if x.whole[uri] != hashed[uri].cid {
			t.Errorf("%s: %s in the archive, want %s", uri, x.whole[uri], hashed[uri].cid)
		}
		entry, err := pds.Get[T, P](ctx, x.client, uri)
		at, o := outcomeOf(t, entry, err)
		got[at] = o
		entry, err = pds.Prove[T, P](ctx, x.client, uri)
		at, o = outcomeOf(t, entry, err)
		proved[at] = o

		byGet, err := x.client.GetRecord(ctx, uri, nil)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := x.client.GetRecordProof(ctx, uri)
		if err != nil {
			t.Fatal(err)
		}
		byProof := proof.Envelope()
		if !bytes.Equal(byGet.Data, byProof.Data) || byGet.CID != byProof.CID || byGet.URI != byProof.URI || byGet.Trust != rec.Hashed || byProof.Trust != rec.Signed {
			t.Errorf("%s: GetRecord %s %s, GetRecordProof %s %s", uri, byGet.CID, byGet.Trust, byProof.CID, byProof.Trust)
		}
	}
	compare("Get", hashed, got)
	compare("Prove", signed, proved)
}

// TestReferenceNotFound is about the shapes in which the reference server says that something is not there.
func TestReferenceNotFound(t *testing.T) {
	s := reference.Start(t)
	a, unknown := s.Account(t), s.Account(t)
	client := referenceClient(t, s)
	unknown.Delete(t)
	ctx := t.Context()
	uriOf := func(a *reference.Account) syntax.ATURI {
		return syntax.ATURI("at://" + a.DID + "/" + expression.NSIDExpression + "/3l3famgxlzxwf")
	}
	is := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	_, err := client.GetRecord(ctx, uriOf(a), nil)
	is("GetRecord", err, pds.ErrRecordNotFound)
	proof, err := client.GetRecordProof(ctx, uriOf(a))
	is("GetRecordProof", err, pds.ErrRecordNotFound)
	if proof == nil || proof.Found || string(proof.Commit.DID) != a.DID {
		t.Errorf("proof of absence: %+v", proof)
	}
	for e, err := range client.ListRecords(ctx, syntax.AtIdentifier(a.DID), expression.NSIDExpression, nil) {
		t.Errorf("%s, %v", e.URI, err)
	}

	repos := func(a *reference.Account) map[string]error {
		who := syntax.AtIdentifier(a.DID)
		out := map[string]error{}
		_, out["DescribeRepo"] = client.DescribeRepo(ctx, who)
		_, out["GetLatestCommit"] = client.GetLatestCommit(ctx, who, nil)
		r, err := client.GetRepo(ctx, who, nil)
		if out["GetRepo"] = err; err == nil {
			r.Close()
		}
		body, err := client.GetRepoCAR(ctx, who, nil)
		if out["GetRepoCAR"] = err; err == nil {
			body.Close()
		}
		_, out["GetRecordProof"] = client.GetRecordProof(ctx, uriOf(a))
		for _, err := range client.ListBlobs(ctx, who, nil) {
			out["ListBlobs"] = err
		}
		return out
	}
	list := func(a *reference.Account) (last error) {
		for _, err := range client.ListRecords(ctx, syntax.AtIdentifier(a.DID), expression.NSIDExpression, nil) {
			last = err
		}
		return last
	}
	for what, err := range repos(unknown) {
		is(what+" of a deleted account", err, pds.ErrRepoNotFound)
	}
	is("ListRecords of a deleted account", list(unknown), pds.ErrRepoNotFound)
	_, err = client.GetRecord(ctx, uriOf(unknown), nil)
	is("GetRecord of a deleted account", err, pds.ErrRepoNotFound) // nothing is known of its records

	a.Deactivate(t)
	for what, err := range repos(a) {
		is(what+" of a deactivated account", err, pds.ErrRepoDeactivated)
	}
	is("ListRecords of a deactivated account", list(a), pds.ErrRepoNotFound)
	a.Activate(t)
	a.Takedown(t, true)
	for what, err := range repos(a) {
		is(what+" of an account that was taken down", err, pds.ErrRepoTakendown)
	}
	a.Takedown(t, false)
	for what, err := range repos(a) {
		if (err != nil) != (what == "GetRecordProof") {
			t.Errorf("%s of an account that is back: %v", what, err)
		}
	}
}

// TestReferenceKeyRotates checks that a key that has been replaced is looked up afresh.
func TestReferenceKeyRotates(t *testing.T) {
	s := reference.Start(t)
	for name, read := range map[string]func(*pds.Client, syntax.ATURI) error{
		"GetRepo": func(client *pds.Client, uri syntax.ATURI) error {
			r, err := client.GetRepo(t.Context(), uri.Authority(), nil)
			if err == nil {
				err = r.Close()
			}
			return err
		},
		"GetRecordProof": func(client *pds.Client, uri syntax.ATURI) error {
			_, err := client.GetRecordProof(t.Context(), uri)
			return err
		},
	} {
		a := s.Account(t)
		uri, _ := a.CreateRecord(t, expression.NSIDExpression, "", map[string]any{"id": "1", "kind": "word", "createdAt": "2024-01-01T00:00:00Z"})
		client := referenceClient(t, s)
		before, err := client.Directory().ResolveDID(t.Context(), syntax.DID(a.DID))
		if err != nil {
			t.Fatal(err)
		}
		a.RotateKey(t)
		if err := read(client, syntax.ATURI(uri)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		after, err := client.Directory().ResolveDID(t.Context(), syntax.DID(a.DID))
		if err != nil || before.Key == after.Key {
			t.Errorf("%s: the key is the same, %v", name, err)
		}
	}
}

// TestReferenceMoves checks that an account whose document names another server by now is found there.
func TestReferenceMoves(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	uri, cid := a.CreateRecord(t, expression.NSIDExpression, "", map[string]any{"id": "1", "kind": "word", "createdAt": "2024-01-01T00:00:00Z"})
	gone := newServer(t, nil)
	a.SetPDS(t, gone.URL)
	client := referenceClient(t, s)
	if _, err := client.Directory().ResolveDID(t.Context(), syntax.DID(a.DID)); err != nil {
		t.Fatal(err)
	}
	gone.Close()
	a.SetPDS(t, s.PDS)
	entry, err := pds.Get[expression.Expression](t.Context(), client, syntax.ATURI(uri))
	if err != nil || entry.CID.String() != cid || entry.Value.ID != "1" {
		t.Errorf("%+v, %v", entry, err)
	}
}

// TestReferenceSync is about archives, parts of them, commits and lists of repositories and blobs.
func TestReferenceSync(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	who := syntax.AtIdentifier(a.DID)
	client := referenceClient(t, s)
	ctx := t.Context()
	value := func(n int) map[string]any {
		return map[string]any{"id": fmt.Sprint(n), "kind": "word", "createdAt": "2024-01-01T00:00:00Z"}
	}
	for n := range 20 {
		a.CreateRecord(t, expression.NSIDExpression, fmt.Sprintf("3l3famgxlzx%d2", 2+n%6)+fmt.Sprint(n), value(n))
	}
	before, err := client.GetLatestCommit(ctx, who, nil)
	if err != nil {
		t.Fatal(err)
	}
	uri, cid := a.CreateRecord(t, expression.NSIDExpression, "", value(100))
	after, err := client.GetLatestCommit(ctx, syntax.AtIdentifier(a.Handle), nil)
	if err != nil || after.Rev <= before.Rev || after.CID == before.CID {
		t.Errorf("%+v, then %+v, %v", before, after, err)
	}

	r, err := client.GetRepo(ctx, who, &pds.RepoOptions{Since: before.Rev})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.CommitCID() != after.CID || r.Commit().Rev != after.Rev || r.Trust() != rec.Signed {
		t.Errorf("commit %s, want %+v", r.CommitCID(), after)
	}
	var fresh []string
	for record, err := range r.Records(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		fresh = append(fresh, fmt.Sprintf("at://%s/%s/%s %s", a.DID, record.Collection, record.RecordKey, record.CID))
	}
	if want := []string{uri + " " + cid}; !slices.Equal(fresh, want) {
		t.Errorf("since %s: %v, want %v", before.Rev, fresh, want)
	}

	if _, err := client.GetRepo(ctx, who, &pds.RepoOptions{Since: after.Rev}); !errors.Is(err, repo.ErrUnchanged) {
		t.Errorf("since the last revision: %v", err)
	}

	body, err := client.GetRepoCAR(ctx, who, nil)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := io.ReadAll(body)
	body.Close()
	if err != nil {
		t.Fatal(err)
	}
	opened, err := repo.FromBytes(ctx, archive)
	if err != nil || opened.CommitCID() != after.CID {
		t.Errorf("archive: %v", err)
	}

	var blobs, want []string
	for n := range 3 {
		blob := a.UploadBlob(t, "audio/mpeg", []byte(fmt.Sprint("sound ", n)))
		var ref struct {
			Ref struct {
				Link string `json:"$link"`
			}
		}
		if err := json.Unmarshal(blob, &ref); err != nil {
			t.Fatal(err)
		}
		want = append(want, ref.Ref.Link)
		v := value(200 + n)
		v["mediaBlob"] = blob
		a.CreateRecord(t, expression.NSIDExpression, "", v)
	}
	var points []string
	for c, err := range client.ListBlobs(ctx, who, &pds.ListBlobsOptions{PageSize: 2, Checkpoint: func(cursor string) { points = append(points, cursor) }}) {
		if err != nil {
			t.Fatal(err)
		}
		blobs = append(blobs, c.String())
	}
	slices.Sort(want)
	slices.Sort(blobs)
	if !slices.Equal(blobs, want) || len(points) == 0 {
		t.Errorf("blobs %v, want %v; checkpoints %v", blobs, want, points)
	}
	last, err := client.GetLatestCommit(ctx, who, nil)
	if err != nil {
		t.Fatal(err)
	}
	for c, err := range client.ListBlobs(ctx, who, &pds.ListBlobsOptions{Since: last.Rev}) {
		t.Errorf("blob %s since the last revision, %v", c, err)
	}

	gone := s.Account(t)
	gone.Deactivate(t)
	found := map[string]*pds.RepoStatus{}
	for status, err := range client.ListRepos(ctx, s.PDS, &pds.ListReposOptions{PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		found[string(status.DID)] = status
	}
	if got := found[a.DID]; got == nil || got.Head != last.CID || got.Rev != last.Rev || !got.Active || got.Status != "" {
		t.Errorf("%+v, want %+v", got, last)
	}
	if got := found[gone.DID]; got == nil || got.Active || got.Status != "deactivated" {
		t.Errorf("%+v", got)
	}

	// A relay's method, which a PDS does not have: the server's answer comes through.
	n := 0
	for _, err := range client.ListReposByCollection(ctx, s.PDS, expression.NSIDExpression, nil) {
		if n++; !errors.Is(err, rpc.ErrorName("InvalidRequest")) && !errors.Is(err, rpc.ErrorName("MethodNotImplemented")) {
			t.Errorf("%v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d errors", n)
	}
}

// TestReferenceResume goes on with a list in another client, from the last checkpoint.
func TestReferenceResume(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	for n := range 25 {
		a.CreateRecord(t, expression.NSIDExpression, fmt.Sprintf("key-%02d", n), map[string]any{"id": fmt.Sprint(n), "kind": "word", "createdAt": "2024-01-01T00:00:00Z"})
	}
	for _, reverse := range []bool{false, true} {
		var got []string
		options := &pds.ListOptions{PageSize: 4, Reverse: reverse}
		cursor := ""
		options.Checkpoint = func(c string) { cursor = c }
		n := 0
		for entry, err := range pds.List[expression.Expression](t.Context(), referenceClient(t, s), syntax.AtIdentifier(a.DID), options) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(entry.URI.RecordKey()))
			if n++; n == 10 {
				break
			}
		}
		got = got[:8] // the page that was being worked on is read again
		options.Cursor = cursor
		for entry, err := range pds.List[expression.Expression](t.Context(), referenceClient(t, s), syntax.AtIdentifier(a.DID), options) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(entry.URI.RecordKey()))
		}
		var want []string
		for n := range 25 {
			want = append(want, fmt.Sprintf("key-%02d", n))
		}
		if !reverse {
			slices.Reverse(want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("reverse %v: %s", reverse, strings.Join(got, " "))
		}
	}
}

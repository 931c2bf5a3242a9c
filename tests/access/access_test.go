// Package access tests the SDK against the reference servers from end to end: it writes records through the SDK, and
// reads them back in every way that the SDK has.
package access

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers/alignment"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/changelog"
	"github.com/layers-pub/layers-go/layers/corpus"
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
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/tests/reference"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

// types has a test for each type of records.
var types = map[syntax.NSID]func(*testing.T, *session){
	alignment.NSIDAlignment:           testType[alignment.Alignment],
	annotation.NSIDAnnotationLayer:    testType[annotation.AnnotationLayer],
	annotation.NSIDClusterSet:         testType[annotation.ClusterSet],
	changelog.NSIDEntry:               testType[changelog.Entry],
	corpus.NSIDCorpus:                 testType[corpus.Corpus],
	corpus.NSIDMembership:             testType[corpus.Membership],
	eprint.NSIDDataLink:               testType[eprint.DataLink],
	eprint.NSIDEprint:                 testType[eprint.Eprint],
	expression.NSIDExpression:         testType[expression.Expression],
	graph.NSIDGraphEdge:               testType[graph.GraphEdge],
	graph.NSIDGraphEdgeSet:            testType[graph.GraphEdgeSet],
	graph.NSIDGraphNode:               testType[graph.GraphNode],
	judgment.NSIDAgreementReport:      testType[judgment.AgreementReport],
	judgment.NSIDExperimentDef:        testType[judgment.ExperimentDef],
	judgment.NSIDJudgmentSet:          testType[judgment.JudgmentSet],
	media.NSIDMedia:                   testType[media.Media],
	ontology.NSIDOntology:             testType[ontology.Ontology],
	ontology.NSIDTypeDef:              testType[ontology.TypeDef],
	persona.NSIDPersona:               testType[persona.Persona],
	resource.NSIDCollection:           testType[resource.Collection],
	resource.NSIDCollectionMembership: testType[resource.CollectionMembership],
	resource.NSIDEntry:                testType[resource.Entry],
	resource.NSIDFilling:              testType[resource.Filling],
	resource.NSIDTemplate:             testType[resource.Template],
	resource.NSIDTemplateComposition:  testType[resource.TemplateComposition],
	segmentation.NSIDSegmentation:     testType[segmentation.Segmentation],
}

// session is an account that is logged in, and the client that reads.
type session struct {
	account *auth.Client
	repos   *pds.Client
	samples map[syntax.NSID][]json.RawMessage
}

func newSession(t *testing.T) *session {
	t.Helper()
	servers := reference.Start(t)
	account := servers.Account(t)
	directory, err := identity.New(identity.WithNetwork(network.Network{PLC: servers.PLC, Handles: servers.PDS, AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	s := new(session)
	if s.repos, err = pds.New(pds.WithDirectory(directory)); err != nil {
		t.Fatal(err)
	}
	s.account, err = auth.Login(t.Context(), syntax.AtIdentifier(account.Handle), account.AppPassword(t), auth.WithDirectory(directory))
	if err != nil {
		t.Fatal(err)
	}
	s.samples = readSamples(t)
	return s
}

// readSamples returns the valid records of the acceptance archive, whose blobs nobody has.
func readSamples(t *testing.T) map[syntax.NSID][]json.RawMessage {
	t.Helper()
	file, err := os.Open("../testdata/acceptance.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	samples := map[syntax.NSID][]json.RawMessage{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var line struct {
			URI   syntax.ATURI
			Valid bool
			Value json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Valid && !bytes.Contains(line.Value, []byte(`"blob"`)) && len(line.Value) < 100_000 {
			samples[line.URI.Collection()] = append(samples[line.URI.Collection()], line.Value)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return samples
}

// TestRecords writes and reads records of every type.
func TestRecords(t *testing.T) {
	s := newSession(t)
	for _, rt := range records.Types {
		t.Run(string(rt.NSID), func(t *testing.T) {
			test := types[rt.NSID]
			if test == nil {
				t.Fatal("no test for this type")
			}
			test(t, s)
		})
	}
}

// testType creates, reads in all four ways, changes and deletes records of type T.
func testType[T any, P lex.RecordPointer[T]](t *testing.T, s *session) {
	ctx := t.Context()
	collection := P(new(T)).RecordType()
	samples := s.samples[collection]
	if len(samples) == 0 {
		t.Fatal("no valid record of this type in the acceptance archive")
	}
	samples = samples[:min(len(samples), 3)] // TestPullAll has the others
	options := &write.CreateOptions{Lookup: records.Lookup, Clock: syntax.NewTIDClock()}
	written := map[syntax.ATURI]cid.CID{}
	for _, sample := range samples {
		record := P(new(T))
		if err := lex.DecodeJSON(sample, record); err != nil {
			t.Fatal(err)
		}
		ref, err := write.Create(ctx, s.account, record, options)
		if err != nil {
			t.Fatal(err)
		}
		if cbor, err := lex.JSONToCBOR(sample); err != nil || cid.Of(cid.DagCBOR, cbor) != ref.CID {
			t.Fatalf("%s: the record was written as %s, %v", ref.URI, ref.CID, err)
		}
		written[ref.URI] = ref.CID
	}
	checkAll[T, P](t, s, written)

	// Change one: add a field that no lexicon names, and see that it is guarded.
	var uri syntax.ATURI
	for uri = range written {
		break
	}
	entry, err := pds.Get[T, P](ctx, s.repos, uri)
	if err != nil {
		t.Fatal(err)
	}
	fields := fieldsOf(t, P(entry.Value))
	more, err := lex.ValueOf("kept")
	if err != nil {
		t.Fatal(err)
	}
	fields.Set("fieldOfTheFuture", more)
	changed := P(new(T))
	if err := fields.Decode(changed); err != nil {
		t.Fatal(err)
	}
	ref, err := write.Put(ctx, s.account, uri.RecordKey(), changed, &write.PutOptions{Lookup: records.Lookup, Swap: lex.ValueOrNull(entry.CID)})
	if err != nil || ref.CID == entry.CID {
		t.Fatal(ref, err)
	}
	written[uri] = ref.CID
	if _, err := write.Put(ctx, s.account, uri.RecordKey(), P(entry.Value), &write.PutOptions{Lookup: records.Lookup}); err == nil {
		t.Error("a put that loses a field was carried out")
	}
	checkAll[T, P](t, s, written)

	for uri, c := range written {
		if err := write.Delete(ctx, s.account, uri, &write.DeleteOptions{Swap: c}); err != nil {
			t.Error(err)
		}
	}
	for entry, err := range pds.List[T, P](ctx, s.repos, syntax.AtIdentifier(s.account.DID()), nil) {
		t.Error("not deleted:", entry, err)
	}
}

// fieldsOf returns all fields of a record.
func fieldsOf(t *testing.T, record lex.Record) lex.Map {
	t.Helper()
	cbor, err := lex.EncodeCBOR(record)
	if err != nil {
		t.Fatal(err)
	}
	var fields lex.Map
	if err := lex.DecodeCBOR(cbor, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

// checkAll reads the records of type T by getRecord, listRecords, getRepo and the proof.
func checkAll[T any, P lex.RecordPointer[T]](t *testing.T, s *session, want map[syntax.ATURI]cid.CID) {
	t.Helper()
	ctx := t.Context()
	got, listed, pulled, proven := map[syntax.ATURI]cid.CID{}, map[syntax.ATURI]cid.CID{}, map[syntax.ATURI]cid.CID{}, map[syntax.ATURI]cid.CID{}
	add := func(to map[syntax.ATURI]cid.CID, trust rec.Trust, entry *rec.Entry[T], err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
			return
		}
		if entry.Trust != trust {
			t.Errorf("%s is %s, not %s", entry.URI, entry.Trust, trust)
		}
		to[entry.URI] = entry.CID
	}
	for uri := range want {
		entry, err := pds.Get[T, P](ctx, s.repos, uri)
		add(got, rec.Hashed, entry, err)
		entry, err = pds.Prove[T, P](ctx, s.repos, uri)
		add(proven, rec.Signed, entry, err)
	}
	did := syntax.AtIdentifier(s.account.DID())
	for entry, err := range pds.List[T, P](ctx, s.repos, did, &pds.ListOptions{PageSize: 2}) {
		add(listed, rec.Hashed, entry, err)
	}
	r, err := s.repos.GetRepo(ctx, did, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for entry, err := range repo.Entries[T, P](ctx, r, nil) {
		add(pulled, rec.Signed, entry, err)
	}
	for name, have := range map[string]map[syntax.ATURI]cid.CID{"getRecord": got, "listRecords": listed, "getRepo": pulled, "proof": proven} {
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestBlobs uploads a blob under each lexicon's rules, puts it into a record, and downloads it.
func TestBlobs(t *testing.T) {
	s := newSession(t)
	ctx := t.Context()
	data := "once upon a time. " + strings.Repeat("and then, ", 10_000)
	uploaded, err := blob.Upload(ctx, s.account, strings.NewReader(data), "text/plain", &blob.UploadOptions{Rules: persona.PersonaGuidelinesBlobRules})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blob.Upload(ctx, s.account, strings.NewReader(data), "text/plain", &blob.UploadOptions{Rules: media.MediaBlobRules}); issue.Of(err) == nil {
		t.Errorf("text was uploaded for media: %v", err)
	}
	var record persona.Persona
	if err := lex.DecodeJSON(s.samples[persona.NSIDPersona][0], &record); err != nil {
		t.Fatal(err)
	}
	record.GuidelinesBlob = lex.Some(uploaded)
	ref, err := write.Create(ctx, s.account, &record, nil)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := pds.Prove[persona.Persona](ctx, s.repos, ref.URI)
	if err != nil {
		t.Fatal(err)
	}
	stored, _ := entry.Value.GuidelinesBlob.Get()
	got, mimeType, err := blob.Get(ctx, s.repos, s.account.DID(), stored, nil)
	if err != nil || string(got) != data || !strings.HasPrefix(mimeType, "text/plain") {
		t.Errorf("%d bytes of %s, %v", len(got), mimeType, err)
	}
	var listed []string
	for c, err := range s.repos.ListBlobs(ctx, syntax.AtIdentifier(s.account.DID()), nil) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, c.String())
	}
	if !slices.Equal(listed, []string{uploaded.Ref.String()}) {
		t.Errorf("listed blobs: %v", listed)
	}
}

// TestPullAll writes all valid records in one batch, pulls the repository and accounts for it.
func TestPullAll(t *testing.T) {
	s := newSession(t)
	ctx := context.WithoutCancel(t.Context())
	var ops []batch.Op
	for _, rt := range records.Types {
		for _, sample := range s.samples[rt.NSID] {
			record := rt.New()
			if err := lex.DecodeJSON(sample, record); err != nil {
				t.Fatal(err)
			}
			ops = append(ops, batch.Op{Action: batch.ActionCreate, Record: record})
		}
	}
	batch.AssignKeys(ops, syntax.NewTIDClock(), records.Lookup)
	for range 2 { // the second time does nothing
		if _, err := batch.Apply(ctx, s.account, batch.Ops(ops...), &batch.ApplyOptions{Lookup: records.Lookup}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.repos.GetRepo(ctx, syntax.AtIdentifier(s.account.DID()), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := records.Decode(ctx, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	var total rec.Counts
	for _, account := range all.Counts {
		total.Add(account)
	}
	if want := (rec.Counts{Expected: len(ops), Decoded: len(ops)}); total != want {
		t.Errorf("%+v, want %+v", total, want)
	}
}

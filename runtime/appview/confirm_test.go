package appview_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/corpus"
	"github.com/layers-pub/layers-go/tests/reference"
)

// repository serves the archive of a corpus as the proof of each of its records, and the account's document as a
// directory does. It returns a client that reads there, and one record.
func repository(t testing.TB) (*pds.Client, rec.Envelope) {
	t.Helper()
	return repositoryWith(t, corpus.New(100).SigningKey())
}

// repositoryWith is repository with a key in the document that need not be the account's.
func repositoryWith(t testing.TB, key string) (*pds.Client, rec.Envelope) {
	t.Helper()
	small := corpus.New(100)
	archive, err := small.CAR()
	if err != nil {
		t.Fatal(err)
	}
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/xrpc/com.atproto.sync.getRecord" {
			w.Header().Set("Content-Type", "application/vnd.ipld.car")
			w.Write(archive)
			return
		}
		json.NewEncoder(w).Encode(object{
			"id":                 small.DID(),
			"verificationMethod": []any{object{"id": "#atproto", "type": "Multikey", "controller": small.DID(), "publicKeyMultibase": key}},
			"service":            []any{object{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": server.URL}},
		})
	}))
	t.Cleanup(server.Close)
	directory, err := identity.New(identity.WithNetwork(network.Network{PLC: server.URL, AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	c, err := pds.New(pds.WithDirectory(directory))
	if err != nil {
		t.Fatal(err)
	}
	r, err := repo.FromBytes(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range r.Envelopes(t.Context()) {
		if err == nil && e.URI.Collection() == annotation.NSIDAnnotationLayer {
			e.Trust = rec.Claimed
			return c, e
		}
	}
	t.Fatal("no record")
	return nil, rec.Envelope{}
}

// A claim is raised to what was signed; the bytes are those of the repository, whatever was claimed.
func TestConfirm(t *testing.T) {
	c, right := repository(t)
	other := cid.Of(cid.DagCBOR, []byte("\xa0"))
	for _, test := range []struct {
		name   string
		change func(*rec.Envelope)
		want   error
		there  bool
	}{
		{"right", func(*rec.Envelope) {}, nil, true},
		{"other bytes", func(e *rec.Envelope) { e.Data = []byte("\xa0") }, nil, true},
		{"other bytes, in JSON", func(e *rec.Envelope) { e.Data, e.Encoding = []byte("{}"), lex.JSON }, nil, true},
		{"another CID", func(e *rec.Envelope) { e.CID = other }, appview.ErrDiffers, true},
		{"no CID", func(e *rec.Envelope) { e.CID = cid.CID{} }, appview.ErrDiffers, true},
		{"no such record", func(e *rec.Envelope) { e.URI = e.URI[:len(e.URI)-13] + "3zzzzzzzzzzzz" }, pds.ErrRecordNotFound, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := right
			test.change(&e)
			got, err := appview.Confirm(t.Context(), c, e)
			if !errors.Is(err, test.want) {
				t.Fatalf("error %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), string(e.URI)) {
				t.Errorf("the error names no record: %v", err)
			}
			if !test.there {
				return
			}
			if got.URI != right.URI || got.CID != right.CID || string(got.Data) != string(right.Data) || got.Encoding != lex.CBOR || got.Trust != rec.Signed {
				t.Errorf("%+v", got)
			}
			if test.want == appview.ErrDiffers && (!strings.Contains(err.Error(), right.CID.String()) || !strings.Contains(err.Error(), e.CID.String())) {
				t.Errorf("the error does not name both: %v", err)
			}
		})
	}
	if _, err := appview.Confirm(t.Context(), c, rec.Envelope{URI: "at://did:plc:abc"}); err == nil {
		t.Error("a URI that is not a record's is no error")
	}
}

func TestConfirmEntry(t *testing.T) {
	c, right := repository(t)
	id := syntax.CID(right.CID.String())
	entry, err := appview.ConfirmEntry[annotation.AnnotationLayer](t.Context(), c, right.URI, id)
	if err != nil || entry.Trust != rec.Signed || entry.CID != right.CID || entry.Value.CreatedAt == "" {
		t.Errorf("%+v, error %v", entry, err)
	}
	entry, err = appview.ConfirmEntry[annotation.AnnotationLayer](t.Context(), c, right.URI, "bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee")
	if !errors.Is(err, appview.ErrDiffers) || entry == nil || entry.CID != right.CID {
		t.Errorf("%+v, error %v", entry, err)
	}
	if _, err = appview.ConfirmEntry[media.Media](t.Context(), c, right.URI, id); err == nil {
		t.Error("a record of another collection is no error")
	}
}

// What is not the account's, or not whole, confirms nothing.
func TestConfirmForged(t *testing.T) {
	c, right := repository(t)
	archive, err := corpus.New(100).CAR()
	if err != nil {
		t.Fatal(err)
	}
	record := bytes.Index(archive, right.Data)
	flipped := slices.Clone(archive)
	flipped[record+len(right.Data)/2] ^= 1
	for name, archive := range map[string][]byte{"the record": flipped, "the end": archive[:record+1], "all": nil} {
		forged, err := pds.New(pds.WithDirectory(c.Directory()), pds.WithCaller(callerFunc(func(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
			response.Body = io.NopCloser(bytes.NewReader(archive))
			return nil
		})))
		if err != nil {
			t.Fatal(err)
		}
		got, err := appview.Confirm(t.Context(), forged, right)
		if err == nil || errors.Is(err, appview.ErrDiffers) || errors.Is(err, pds.ErrRecordNotFound) || got.Trust != rec.Claimed {
			t.Errorf("%s: %+v, error %v", name, got, err)
		}
	}
	c, right = repositoryWith(t, "zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N")
	if got, err := appview.Confirm(t.Context(), c, right); !errors.Is(err, multikey.ErrSignature) || got.Trust != rec.Claimed {
		t.Errorf("another key: %+v, error %v", got, err)
	}
}

// expressionRecord returns a record in JSON.
func expressionRecord(t testing.TB, text string) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(expression.Expression{
		ID: "x", Kind: expression.ExpressionKindDocument, Text: lex.Some(text), CreatedAt: "2026-01-01T00:00:00Z",
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// An appview that has indexed the records of the reference server, and has fallen behind: its records are confirmed,
// or found to be stale, gone, or forged.
func TestReferenceConfirm(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	directory, err := identity.New(identity.WithNetwork(network.Network{PLC: servers.PLC, Handles: servers.PDS, AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	repos, err := pds.New(pds.WithDirectory(directory))
	if err != nil {
		t.Fatal(err)
	}
	var views []string
	for _, key := range []string{"3l3famgxlzxwf", "3l3famgxlzxwg", "3l3famgxlzxwh", "3l3famgxlzxwi"} {
		value := expressionRecord(t, key)
		uri, c := account.CreateRecord(t, expression.NSIDExpression, key, value)
		views = append(views, fmt.Sprintf(`{"uri":%q,"cid":%q,"value":%s}`, uri, c, value))
	}
	account.PutRecord(t, expression.NSIDExpression, "3l3famgxlzxwg", expressionRecord(t, "new"))
	account.DeleteRecord(t, expression.NSIDExpression, "3l3famgxlzxwh")
	lie := expressionRecord(t, "never said")
	data, err := lex.JSONToCBOR(lie)
	if err != nil {
		t.Fatal(err)
	}
	views[3] = fmt.Sprintf(`{"uri":"at://%s/%s/3l3famgxlzxwi","cid":%q,"value":%s}`, account.DID, expression.NSIDExpression, cid.Of(cid.DagCBOR, data), lie)
	handleView := strings.Replace(views[0], account.DID, account.Handle, 1)

	view := answers(t, map[string]string{"": `{"records":[` + strings.Join(append(views, handleView), ",") + `]}`})
	want := []error{nil, appview.ErrDiffers, pds.ErrRecordNotFound, appview.ErrDiffers, nil}
	var got []rec.Envelope
	for e, err := range view.List(t.Context(), query, nil) {
		if err != nil || e.Trust != rec.Claimed {
			t.Fatalf("%+v, error %v", e, err)
		}
		got = append(got, e)
	}
	if len(got) != len(want) {
		t.Fatalf("%d records", len(got))
	}
	for i, e := range got {
		signed, err := appview.Confirm(t.Context(), repos, e)
		if !errors.Is(err, want[i]) {
			t.Errorf("%s: error %v", e.URI, err)
		}
		if err == nil && (signed.Trust != rec.Signed || string(signed.Data) != string(e.Data) || signed.CID != e.CID || string(signed.URI.Authority()) != account.DID) {
			t.Errorf("%+v", signed)
		}
		entry, err := appview.ConfirmEntry[expression.Expression](t.Context(), repos, e.URI, syntax.CID(e.CID.String()))
		if !errors.Is(err, want[i]) {
			t.Errorf("%s: error %v", e.URI, err)
		}
		if i == 1 && (entry == nil || entry.Value.Text.Or("") != "new" || entry.Trust != rec.Signed) {
			t.Errorf("the newer record: %+v", entry)
		}
	}
	account.RotateKey(t)
	if _, err := appview.Confirm(t.Context(), repos, got[0]); err != nil && errors.Is(err, multikey.ErrSignature) {
		t.Errorf("behind a rotation of the key: %v", err)
	}
}

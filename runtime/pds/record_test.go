package pds_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

func TestGetRecord(t *testing.T) {
	want := items(t)[0]
	client, s, _ := serve(t, answers{methodGet: sayJSON(want.json())})
	byHandle := syntax.ATURI(strings.Replace(string(want.URI), string(account), handle, 1))
	for _, uri := range []syntax.ATURI{want.URI, byHandle} {
		e, err := client.GetRecord(t.Context(), uri, nil)
		if err != nil {
			t.Fatal(err)
		}
		if e.URI != want.URI || e.CID.String() != want.CID || e.Trust != rec.Hashed || e.Encoding != lex.CBOR {
			t.Errorf("%s: envelope %s %s %s %d", uri, e.URI, e.CID, e.Trust, e.Encoding)
		}
		if !bytes.Equal(e.Data, want.block(t)) {
			t.Errorf("%s: not the record's bytes", uri)
		}
		entry, err := pds.Get[annotation.AnnotationLayer](t.Context(), client, uri)
		if err != nil {
			t.Fatal(err)
		}
		if entry.URI != want.URI || entry.CID != e.CID || entry.Trust != rec.Hashed || len(entry.Value.Annotations) == 0 {
			t.Errorf("%s: entry %s %s %s", uri, entry.URI, entry.CID, entry.Trust)
		}
	}
	query := s.requests[0].URL.Query()
	if query.Get("repo") != string(account) || query.Get("collection") != string(layers) || query.Get("rkey") != string(want.URI.RecordKey()) || query.Has("cid") {
		t.Errorf("asked with %v", query)
	}
}

func TestGetRecordVersion(t *testing.T) {
	want, other := items(t)[0], items(t)[1]
	client, s, _ := serve(t, answers{methodGet: sayJSON(want.json())})
	c, err := cid.Parse(want.CID)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := client.GetRecord(t.Context(), want.URI, &pds.GetRecordOptions{CID: c}); err != nil || e.CID != c {
		t.Errorf("%s, %v", e.CID, err)
	}
	if query := s.requests[0].URL.Query(); query.Get("cid") != want.CID {
		t.Errorf("asked with %v", query)
	}
	// The server has another version, and says so correctly: it is not what was asked for.
	if c, err = cid.Parse(other.CID); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetRecord(t.Context(), want.URI, &pds.GetRecordOptions{CID: c})
	failure, ok := err.(*rec.Failure)
	if !ok || failure.Issues[0].Rule != issue.RuleCID || failure.Issues[0].Want != other.CID || failure.Issues[0].Found != want.CID {
		t.Errorf("another version: %v", err)
	}
}

// TestGetRecordAnswers is about answers of every shape.
func TestGetRecordAnswers(t *testing.T) {
	want, other := items(t)[0], items(t)[1]
	uri := want.URI
	bad := want
	bad.CID = other.CID
	malformed := want
	malformed.CID = "bafy"
	moved := want
	moved.URI = other.URI
	stranger := want
	stranger.URI = syntax.ATURI(strings.Replace(string(uri), string(account), "did:plc:ewvi7nxzyoun6zhxrhs64oiz", 1))
	float := want
	float.Value = []byte(`{"$type":"pub.layers.annotation.annotationLayer","x":1.5}`)
	noCID := want
	noCID.CID = ""
	extra := `{"took":1.5,"why":{"a":[null],"a":"\ud800"},` + want.json()[1:]

	const (
		found = iota
		notFound
		repoNotFound
		failure // *rec.Failure
		others
	)
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   int
		text   string
	}{
		{"the record", sayJSON(want.json()), found, ""},
		{"fields that are not used", sayJSON(extra), found, ""},
		{"no CID", sayJSON(noCID.json()), found, ""},

		{"400 RecordNotFound", refuse(400, "RecordNotFound", "Could not locate record: "+string(uri)), notFound, string(account)},
		{"404 RecordNotFound", refuse(404, "RecordNotFound", ""), notFound, ""},
		{"404 NotFound", refuse(404, "NotFound", "nope"), others, ""},
		{"404 InvalidRequest", refuse(404, "InvalidRequest", ""), others, ""},
		{"404 NotFound without a word", refuse(404, "NotFound", ""), notFound, ""},
		{"404 of a proxy in JSON", say(404, "application/json", `{"error":"Not Found","status":404}`), others, ""},
		{"404 page", say(404, "text/html", "<html>404</html>"), others, ""},
		{"404 nothing", say(404, "", ""), others, ""},
		{"400 InvalidRequest", refuse(400, "InvalidRequest", "Could not locate record"), repoNotFound, ""},
		{"400 InvalidRequest with the URI", refuse(400, "InvalidRequest", "Could not locate record: "+string(uri)), notFound, ""},
		{"400 without a name", say(400, "application/json", `{"message":"Record not found"}`), others, "400"},
		{"200 {}", sayJSON(`{}`), others, ""},
		{"200 null", sayJSON(`null`), others, ""},
		{"200 without a value", sayJSON(`{"uri":"` + string(uri) + `","cid":"` + want.CID + `"}`), others, ""},
		{"200 with null", sayJSON(`{"uri":"` + string(uri) + `","value":null}`), others, ""},
		{"200 with {}", sayJSON(`{"uri":"` + string(uri) + `","cid":"` + want.CID + `","value":{ }}`), failure, ""},
		{"200 with []", sayJSON(`{"uri":"` + string(uri) + `","value":[]}`), others, ""},
		{"200 without a URI", sayJSON(`{"cid":"` + want.CID + `","value":` + string(want.Value) + `}`), others, ""},
		{"200 with a null URI", sayJSON(`{"uri":null,"value":` + string(want.Value) + `}`), others, ""},
		{"200 nothing", say(200, "application/json", ""), others, ""},

		{"400 RepoNotFound", refuse(400, "RepoNotFound", ""), repoNotFound, ""},
		{"404 RepoNotFound", refuse(404, "RepoNotFound", ""), repoNotFound, ""},
		{"404 repo not found", refuse(404, "NotFound", "Repo not found"), repoNotFound, ""},
		{"400 Could not find repo", refuse(400, "InvalidRequest", "Could not find repo: "+string(account)), repoNotFound, ""},
		{"400 Could not find user", refuse(400, "InvalidRequest", "Could not find user: "+string(account)), repoNotFound, ""},

		{"another CID", sayJSON(bad.json()), failure, want.CID},
		{"a malformed CID", sayJSON(malformed.json()), failure, "bafy"},
		{"a float", sayJSON(float.json()), failure, "/x"},
		{"a lone surrogate", sayJSON(`{"uri":"` + string(uri) + `","value":{"a":"\ud800"}}`), failure, "/a"},

		{"another record", sayJSON(moved.json()), others, string(other.URI)},
		{"another record names both", sayJSON(moved.json()), others, string(uri)},
		{"a record of another account", sayJSON(stranger.json()), others, string(stranger.URI)},
		{"a URI of another type", sayJSON(`{"uri":5,"value":{"a":1}}`), others, "/uri"},
		{"HTML with 200", say(200, "text/html", "<html>hello</html>"), others, "html"},
		{"not JSON with 200", sayJSON(`hello`), others, ""},
		{"cut off", sayJSON(want.json()[:200]), others, ""},
		{"an unknown method", refuse(404, "XRPCNotSupported", ""), others, "XRPCNotSupported"},
		{"500", refuse(500, "InternalServerError", ""), others, "500"},
		{"401", refuse(401, "AuthMissing", ""), others, "AuthMissing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, _, _ := serve(t, answers{methodGet: test.answer})
			e, err := client.GetRecord(t.Context(), uri, nil)
			typed, typedErr := pds.Get[annotation.AnnotationLayer](t.Context(), client, uri)
			for _, err := range []error{err, typedErr} {
				_, failed := err.(*rec.Failure)
				got := others
				switch {
				case err == nil:
					got = found
				case failed:
					got = failure
				case errors.Is(err, pds.ErrRecordNotFound) && !errors.Is(err, pds.ErrRepoNotFound):
					got = notFound
				case errors.Is(err, pds.ErrRepoNotFound) && !errors.Is(err, pds.ErrRecordNotFound):
					got = repoNotFound
				}
				if got != test.want || err != nil && !strings.Contains(err.Error(), test.text) {
					t.Errorf("%d (want %d, and %q): %v", got, test.want, test.text, err)
				}
			}
			switch test.want {
			case found:
				if e.CID.String() != want.CID || typed.CID != e.CID || typed.Trust != e.Trust {
					t.Errorf("CID %s, typed %s, trust %s and %s", e.CID, typed.CID, e.Trust, typed.Trust)
				}
			case failure:
				f := err.(*rec.Failure)
				if f.URI != uri || f.Trust != rec.Served || len(f.Data) == 0 || len(f.Issues) == 0 || e.URI != uri {
					t.Errorf("failure %+v, envelope %+v", f, e)
				}
				if isJSON := f.Data[0] == '{'; isJSON != (f.Encoding == lex.JSON) {
					t.Errorf("encoding %d of %q", f.Encoding, f.Data)
				}
			}
		})
	}
}

// TestGetRecordTrust checks that a record without a CID is not said to match one.
func TestGetRecordTrust(t *testing.T) {
	want := items(t)[0]
	given := want.CID
	want.CID = ""
	client, _, _ := serve(t, answers{methodGet: sayJSON(want.json())})
	if e, err := client.GetRecord(t.Context(), want.URI, nil); err != nil || e.Trust != rec.Served || e.CID.String() != given {
		t.Errorf("%s %s, %v", e.Trust, e.CID, err)
	}
}

func TestGetFailure(t *testing.T) {
	broken := items(t)[0]
	broken.Value = []byte(`{"$type":"pub.layers.annotation.annotationLayer","kind":7,"createdAt":"yesterday","own":{"a":1}}`)
	block := broken.block(t)
	broken.CID = cid.Of(cid.DagCBOR, block).String()
	client, _, _ := serve(t, answers{methodGet: sayJSON(broken.json())})
	if _, err := client.GetRecord(t.Context(), broken.URI, nil); err != nil {
		t.Errorf("untyped: %v", err)
	}
	_, err := pds.Get[annotation.AnnotationLayer](t.Context(), client, broken.URI)
	failure, ok := err.(*rec.Failure)
	if !ok {
		t.Fatal(err)
	}
	if failure.URI != broken.URI || failure.CID.String() != broken.CID || failure.Trust != rec.Hashed || !bytes.Equal(failure.Data, block) {
		t.Errorf("%+v", failure.Envelope)
	}
	rules := map[string]issue.Rule{}
	for _, problem := range failure.Issues {
		rules[problem.Path] = problem.Rule
	}
	if rules["/kind"] != issue.RuleType || rules["/createdAt"] != issue.RuleFormat || rules["/expression"] != issue.RuleRequired {
		t.Errorf("issues %v", failure.Issues)
	}
}

func TestGetURI(t *testing.T) {
	client, s, d := serve(t, nil)
	for _, uri := range []syntax.ATURI{"", "at://" + handle, "at://" + handle + "/" + syntax.ATURI(layers), "https://example.com", "at://" + handle + "/x/y"} {
		_, err := client.GetRecord(t.Context(), uri, nil)
		_, proofErr := client.GetRecordProof(t.Context(), uri)
		if err == nil || proofErr == nil {
			t.Errorf("%q: %v, %v", uri, err, proofErr)
		}
	}
	_, err := pds.Get[expression.Expression](t.Context(), client, items(t)[0].URI)
	_, proofErr := pds.Prove[expression.Expression](t.Context(), client, items(t)[0].URI)
	for _, err := range []error{err, proofErr} {
		if err == nil || !strings.Contains(err.Error(), expression.NSIDExpression) || !strings.Contains(err.Error(), string(layers)) {
			t.Errorf("another collection: %v", err)
		}
	}
	if s.asked() != 0 || d.lookups() != 0 {
		t.Errorf("%d requests, %d look-ups", s.asked(), d.lookups())
	}
}

// TestAbsence: that there is no record is said with how far it is proven, and names the record once.
func TestAbsence(t *testing.T) {
	uri := items(t)[0].URI
	byHandle := syntax.ATURI(strings.Replace(string(uri), string(account), handle, 1))
	refusal := refuse(400, "RecordNotFound", "Could not locate record: "+string(uri))
	client, _, _ := serve(t, answers{methodGet: refusal, methodProof: refusal})
	_, err := client.GetRecord(t.Context(), byHandle, nil)
	_, proofErr := client.GetRecordProof(t.Context(), byHandle)
	for _, err := range []error{err, proofErr} {
		var absence *pds.AbsenceError
		if !errors.As(err, &absence) || absence.Trust != rec.Served || absence.URI != uri || !errors.Is(err, pds.ErrRecordNotFound) {
			t.Errorf("%v", err)
		}
		if strings.Count(err.Error(), string(uri)) != 1 || !strings.Contains(err.Error(), "says http://") {
			t.Errorf("text: %v", err)
		}
	}
	// A page proves nothing.
	for _, page := range []http.HandlerFunc{
		say(404, "text/html", "<html>"), say(200, "text/html", "<html>"), say(200, "application/vnd.ipld.car", ""), say(404, "", ""),
		say(404, "application/json", `{"message":"Not Found"}`), refuse(404, "NotFound", "no such route"),
	} {
		client, _, _ := serve(t, answers{methodGet: page, methodProof: page})
		_, err := client.GetRecord(t.Context(), uri, nil)
		_, proofErr := client.GetRecordProof(t.Context(), uri)
		for _, err := range []error{err, proofErr} {
			if err == nil || errors.Is(err, pds.ErrRecordNotFound) {
				t.Errorf("%v", err)
			}
		}
	}
}

// TestErrorHasAnswer checks that the server's own words stay at hand.
func TestErrorHasAnswer(t *testing.T) {
	client, s, _ := serve(t, answers{methodGet: refuse(400, "RecordNotFound", "it is gone")})
	_, err := client.GetRecord(t.Context(), items(t)[0].URI, nil)
	var answer *xrpc.Error
	if !errors.As(err, &answer) || answer.Status != 400 || answer.Message != "it is gone" || answer.Service != s.URL {
		t.Errorf("%v", err)
	}
	if !errors.Is(err, rpc.ErrorName("RecordNotFound")) {
		t.Errorf("%v is not the name", err)
	}
}

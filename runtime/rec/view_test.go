package rec_test

import (
	"errors"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
)

func TestView(t *testing.T) {
	const uri = "at://did:web:a.test/com.example.sample/1"
	value := `{"text":"a","$type":"com.example.sample"}`
	cbor, err := lex.JSONToCBOR([]byte(value))
	if err != nil {
		t.Fatal(err)
	}
	c := cid.Of(cid.DagCBOR, cbor)
	other := cid.Of(cid.DagCBOR, nil)
	for _, test := range []struct {
		name, view string
		trust      rec.Trust
		encoding   lex.Encoding
		cid        cid.CID
		rule       issue.Rule
	}{
		{"with its CID", `{"uri":"` + uri + `","cid":"` + c.String() + `","value":` + value + `,"more":[1.5,"\ud800"],"$type":""}`, rec.Hashed, lex.CBOR, c, ""},
		{"without one", `{"uri":"` + uri + `","cid":null,"value":` + value + `}`, rec.Served, lex.CBOR, c, ""},
		{"with another", `{"uri":"` + uri + `","cid":"` + other.String() + `","value":` + value + `}`, rec.Served, lex.CBOR, other, issue.RuleCID},
		{"with nonsense for one", `{"uri":"` + uri + `","cid":"x","value":` + value + `}`, rec.Served, lex.CBOR, cid.CID{}, issue.RuleCID},
		{"not of the data model", `{"uri":"` + uri + `","cid":"` + c.String() + `","value":{"a":1.5}}`, rec.Served, lex.JSON, c, issue.RuleType},
		{"without a value", `{"uri":"` + uri + `","cid":"` + c.String() + `"}`, rec.Served, lex.CBOR, c, issue.RuleCID},
	} {
		t.Run(test.name, func(t *testing.T) {
			var v rec.View
			if err := lex.DecodeJSON([]byte(test.view), &v); err != nil {
				t.Fatal(err)
			}
			e, err := v.Envelope(t.Context())
			if e.URI != uri || e.Trust != test.trust || e.Encoding != test.encoding || e.CID != test.cid {
				t.Errorf("got %+v", e)
			}
			if test.rule == "" {
				if err != nil || string(e.Data) != string(cbor) {
					t.Error(err)
				}
				return
			}
			failure, ok := errors.AsType[*rec.Failure](err)
			if !ok || failure.Issues[0].Rule != test.rule || failure.URI != uri || string(failure.Data) != string(e.Data) {
				t.Errorf("got %v", err)
			}
		})
	}
	var none rec.View
	if err := lex.DecodeJSON([]byte("null"), &none); err != nil || none.URI != "" || none.Value.Data != nil {
		t.Errorf("null gives %+v, %v", none, err)
	}
}

// TestOutcome counts each outcome, and says which errors end a sequence.
func TestOutcome(t *testing.T) {
	var got rec.Counts
	for _, o := range []rec.Outcome{rec.Decoded, rec.Failed, rec.Failed, rec.Skipped} {
		got.Count(o)
	}
	if want := (rec.Counts{Expected: 4, Decoded: 1, Failed: 2, Skipped: 1}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	issues := []issue.Issue{{Rule: issue.RuleRequired}}
	for _, test := range []struct {
		decoded bool
		issues  []issue.Issue
		want    rec.Outcome
	}{{true, nil, rec.Decoded}, {false, nil, rec.Skipped}, {true, issues, rec.Failed}, {false, issues, rec.Failed}} {
		if got := rec.OutcomeOf(test.decoded, test.issues); got != test.want {
			t.Errorf("OutcomeOf(%v, %v) = %v, want %v", test.decoded, test.issues, got, test.want)
		}
	}
	for _, test := range []struct {
		err  error
		ends bool
	}{{nil, false}, {new(rec.Failure), false}, {errors.New("broken"), true}} {
		if rec.Ends(test.err) != test.ends {
			t.Errorf("Ends(%v)", test.err)
		}
	}
}

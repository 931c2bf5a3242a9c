// Package clients tests the generated clients with a rpc.Caller that answers without a network.
package clients

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/alignment"
	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/integration"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// caller answers every call with the JSON that answer returns for its parameters, and notes the calls.
type caller struct {
	answer func(params string) (string, error)
	calls  []string
}

func (c *caller) Call(_ context.Context, request *rpc.Request, response *rpc.Response) error {
	c.calls = append(c.calls, string(request.NSID)+"?"+request.Params.Encode())
	text, err := c.answer(request.Params.Encode())
	if err != nil {
		return err
	}
	return lex.DecodeJSON([]byte(text), response.Output)
}

const record = `{"$type":"pub.layers.alignment.alignment","kind":"interlinear","links":[],"createdAt":"2026-01-01T00:00:00Z"}`

func view(key string) string {
	data, err := lex.JSONToCBOR([]byte(record))
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"uri":"at://did:plc:abc/pub.layers.alignment.alignment/%s","cid":"%s","value":%s}`, key, cid.Of(cid.DagCBOR, data), record)
}

func TestGet(t *testing.T) {
	c := caller{answer: func(string) (string, error) { return view("3l3famgxlzxwf"), nil }}
	out, err := alignment.NewClient(&c).GetAlignment(t.Context(), &alignment.GetAlignmentParams{URI: "at://did:plc:abc/a.b.c/d"})
	if err != nil {
		t.Fatal(err)
	}
	if out.Value.Kind != alignment.AlignmentKindInterlinear || !out.Value.Kind.IsKnown() || out.URI.RecordKey() != "3l3famgxlzxwf" {
		t.Errorf("%+v", out)
	}
	if diff := cmp.Diff([]string{"pub.layers.alignment.getAlignment?uri=at%3A%2F%2Fdid%3Aplc%3Aabc%2Fa.b.c%2Fd"}, c.calls); diff != "" {
		t.Error(diff)
	}
}

// serverError is how a transport tells of an error that a server names.
type serverError struct{ name string }

func (e *serverError) Error() string { return e.name }
func (e *serverError) Is(target error) bool {
	name, ok := target.(rpc.ErrorName)
	return ok && string(name) == e.name
}

func TestDeclaredError(t *testing.T) {
	c := caller{answer: func(string) (string, error) { return "", &serverError{"RecordNotFound"} }}
	_, err := alignment.NewClient(&c).GetAlignment(t.Context(), nil)
	if !errors.Is(err, alignment.GetAlignmentErrorRecordNotFound) || errors.Is(err, integration.ApplyLensErrorBadRequest) {
		t.Errorf("%v", err)
	}
}

func TestPages(t *testing.T) {
	pages := map[string]string{
		"expression=x&limit=50":          `{"cursor":"a","records":[` + view("3l3famgxlzxwf") + `,` + view("3l4asuxyu7r7o") + `]}`,
		"expression=x&limit=50&cursor=a": `{"cursor":"b","records":[]}`,
		"expression=x&limit=50&cursor=b": `{"records":[` + view("3liatrxaocx36") + `]}`,
	}
	c := caller{answer: func(params string) (string, error) {
		page, ok := pages[params]
		if !ok {
			return "", fmt.Errorf("no page for %s", params)
		}
		return page, nil
	}}
	params := &alignment.ListAlignmentsParams{Expression: "x"}
	var got []syntax.RecordKey
	for item, err := range alignment.NewClient(&c).ListAlignmentsIter(t.Context(), params) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, item.URI.RecordKey())
	}
	if diff := cmp.Diff([]syntax.RecordKey{"3l3famgxlzxwf", "3l4asuxyu7r7o", "3liatrxaocx36"}, got); diff != "" {
		t.Error(diff)
	}
	if params.Cursor.IsSet() || len(c.calls) != 3 {
		t.Errorf("the caller's parameters changed, or %d calls", len(c.calls))
	}
	pages["expression=x&limit=50&cursor=b"] = "not JSON"
	var failed error
	for item, err := range alignment.NewClient(&c).ListAlignmentsIter(t.Context(), params) {
		if failed != nil || err != nil && item != nil {
			t.Error("the iteration went on behind an error")
		}
		failed = err
	}
	if failed == nil {
		t.Error("a broken page is no error")
	}
}

func TestParams(t *testing.T) {
	for _, test := range []struct {
		params interface{ LexParams() rpc.Params }
		want   string
	}{
		{(*corpus.ListCorporaParams)(nil), "repo=&limit=50"},
		{&corpus.ListCorporaParams{Repo: "did:plc:abc", Languages: []string{"de", "fr"}, Limit: lex.Some(int64(7))}, "repo=did%3Aplc%3Aabc&limit=7&languages=de&languages=fr"},
		{&integration.ApplyLensParams{Fresh: lex.Some(true)}, "uri=&fresh=true"},
		{&integration.ApplyLensParams{}, "uri=&fresh=false"}, // a default is sent,
	} {
		if got := test.params.LexParams().Encode(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestPermissionSet(t *testing.T) {
	if got, want := layers.AuthFull.Scope("did:web:api.example.com#layers_appview"), "include:pub.layers.authFull?aud=did%3Aweb%3Aapi.example.com%23layers_appview"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if p := layers.AuthFull.Permissions; len(p) != 2 || len(p[0].Collection) != 26 || len(p[1].LXM) != 53 || !p[1].InheritAud {
		t.Errorf("%+v", p)
	}
}

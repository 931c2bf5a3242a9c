package lex_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

type output = atproto.RepoDescribeRepoOutput

// answered decodes a server's answer of the type T.
func answered[T any, P interface {
	*T
	lex.Decodable
}](text string, fields ...string) (T, []string) {
	var v T
	var problems []string
	for _, problem := range issue.Of(lex.DecodeJSON([]byte(text), lex.Answer(P(&v), fields...))) {
		problems = append(problems, problem.Path+" "+string(problem.Rule))
	}
	return v, problems
}

// TestAnswer checks what is forgiven in an answer, and what is not.
func TestAnswer(t *testing.T) {
	odd := []string{
		"null", "1.5", "-1e400", `"x"`, `""`, "[]", "[null]", "[[1.5]]", "{}", `{"$link":5}`, `{"$type":""}`, `{"a":1,"a":2}`,
		strings.Repeat("[", 500) + strings.Repeat("]", 500), strings.Repeat(`{"a":`, 500) + "1" + strings.Repeat("}", 500),
	}
	for _, value := range odd { // in fields that are known and not read, unknown, and known twice
		text := `{"did":"did:plc:ewvi7nxzyoun6zhxrhs64oiz","handle":` + value + `,"didDoc":` + value + `,"handleIsCorrect":` + value +
			`,"more":` + value + `,"handle":` + value + `,"collections":null}`
		v, problems := answered[output](text, "did", "collections")
		if diff := cmp.Diff(output{DID: "did:plc:ewvi7nxzyoun6zhxrhs64oiz"}, v, cmp.AllowUnexported(lex.Map{})); diff != "" || problems != nil {
			t.Errorf("%.100s: %v (-want +got):\n%s", text, problems, diff)
		}
		if raw, problems := answered[output](`{"didDoc":`+value+`}`, "didDoc?"); problems != nil || value != "null" && string(raw.DIDDoc.Data) != value {
			t.Errorf("didDoc %.100s: %v, %.100s", value, problems, raw.DIDDoc.Data)
		}
	}

	for _, test := range []struct {
		text   string
		fields string
		want   string // problems
	}{
		{`{}`, "", ""},
		{`{}`, "did collections", "/did required, /collections required"},
		{`{}`, "did? collections?", ""},
		{`{"did":null,"collections":null}`, "did collections", "/did type"},
		{`{"did":null,"collections":null}`, "did? collections", ""},
		{`{"did":"","collections":[]}`, "did collections", "/did format"},
		{`{"did":"","handle":""}`, "did? handle?", ""},
		{`{"did":"x","collections":5}`, "did? collections?", ""},
		{`{"did":5}`, "did?", ""},
		{`{"did":"x"}`, "did", "/did format"},
		{`{"did":5}`, "did", "/did type"},
		{`{"collections":[""]}`, "collections?", ""},
		{`{"collections":[""]}`, "collections", "/collections/0 format"},
		{`{"collections":[""`, "collections?", "/collections/0 format, /collections syntax"},
		{`{"collections":["a.b.c",null]}`, "collections", "/collections/1 type"},
		{`{"collections":{}}`, "collections", "/collections type"},
		{`{"collections":[],"collections":[]}`, "collections", "/collections syntax"},
		{`{"collections":[]`, "collections", " syntax"},
		{`[]`, "", " type"},
		{`null`, "", " type"},
	} {
		_, problems := answered[output](test.text, strings.Fields(test.fields)...)
		if got := strings.Join(problems, ", "); strings.ReplaceAll(got, " required,  required", "/did required, /collections required") != test.want {
			t.Errorf("%s, reading %s: %q, want %q", test.text, test.fields, got, test.want)
		}
	}
}

// TestAnswerUnset checks that none is no value, whatever stands for it.
func TestAnswerUnset(t *testing.T) {
	for _, text := range []string{`{}`, `{"rev":null,"active":null,"status":null}`, `{"rev":"","active":[],"status":1.5}`, `{"rev":"x"}`} {
		v, problems := answered[atproto.SyncGetRepoStatusOutput](text, "rev", "active?", "status")
		if v.Rev.IsSet() || v.Active || v.Status.IsSet() || problems != nil {
			t.Errorf("%s: %+v, %v", text, v, problems)
		}
	}
	v, problems := answered[atproto.SyncGetRepoStatusOutput](`{"x":{"y":tru},"rev":"3jzfcijpj2z2a","status":""}`, "rev", "status")
	if v.Rev != lex.Some(syntax.TID("3jzfcijpj2z2a")) || v.Status.Or("unset") != "" || problems != nil {
		t.Errorf("%+v, %v", v, problems)
	}
}

// TestAnswerWithin checks that fields are read, and forgiven, in the objects, lists and unions of an answer, too, and that
// a blob is read whole.
func TestAnswerWithin(t *testing.T) {
	const created = `{"$type":"com.atproto.repo.applyWrites#createResult","uri":"at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/com.example.note/a",` +
		`"cid":"bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq","validationStatus":1.5}`
	const deleted = `{"$type":"com.atproto.repo.applyWrites#deleteResult","more":[1.5]}`
	v, problems := answered[atproto.RepoApplyWritesOutput](`{"commit":5,"results":[`+created+`,`+deleted+`]}`, "results", "uri", "cid")
	if len(v.Results) != 2 || problems != nil {
		t.Fatalf("%+v, %v", v, problems)
	}
	if r, ok := v.Results[0].(*atproto.RepoApplyWritesCreateResult); !ok || r.CID != "bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq" || r.URI == "" {
		t.Errorf("%+v", v.Results[0])
	}
	for _, results := range []string{`[5]`, `[` + created + `,{"uri":"x"}]`, `[{"$type":"com.atproto.repo.applyWrites#createResult","uri":"x"}]`, `{}`} {
		v, problems := answered[atproto.RepoApplyWritesOutput](`{"results":`+results+`}`, "results", "uri", "cid")
		if v.Results != nil || problems != nil {
			t.Errorf("results %s: %+v, %v", results, v.Results, problems)
		}
	}
	for _, commit := range []string{`{}`, `{"cid":"x","rev":"3jzfcijpj2z2a"}`, `{"cid":null,"rev":null}`} {
		v, problems := answered[atproto.RepoDeleteRecordOutput](`{"commit":`+commit+`}`, "commit", "cid", "rev")
		if v.Commit != nil || problems != nil {
			t.Errorf("commit %s: %+v, %v", commit, v.Commit, problems)
		}
	}
	const file = `{"$type":"blob","ref":{"$link":"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"},"mimeType":"text/plain","size":5}`
	blob, problems := answered[atproto.RepoUploadBlobOutput](`{"blob":`+file+`}`, "blob")
	if text, err := lex.EncodeJSON(&blob.Blob); problems != nil || err != nil || len(text) != len(file) {
		t.Errorf("%s, %v, %v", text, err, problems)
	}
	for _, ref := range []string{"", `"ref":5,`, `"ref":{"$link":5},`} {
		if _, problems := answered[atproto.RepoUploadBlobOutput](`{"blob":{"$type":"blob",`+ref+`"mimeType":"text/plain","size":5}}`, "blob?"); problems == nil {
			t.Errorf("a blob with the ref %s passes", ref)
		}
	}
}

// TestAnswerUnread checks that an answer of which nothing is read is JSON, and an object.
func TestAnswerUnread(t *testing.T) {
	if v, problems := answered[output](`{"did":"did:web:a.test","handle":5}`); problems != nil || v.DID != "" {
		t.Errorf("%+v, %v", v, problems)
	}
	if _, problems := answered[output](`{"did":`); problems == nil {
		t.Error("half an answer passes")
	}
}

// TestAnswerCBOR checks that an answer in DAG-CBOR is decoded as ever.
func TestAnswerCBOR(t *testing.T) {
	var v atproto.RepoCommitMeta
	if err := lex.DecodeCBOR([]byte{0xa0}, lex.Answer(&v)); len(issue.Of(err)) != 2 {
		t.Errorf("%v", err)
	}
}

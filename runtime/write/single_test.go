package write_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

func TestCreate(t *testing.T) {
	pds := newPDS(t)
	clock := syntax.NewTIDClock()
	var last syntax.RecordKey
	for n := range 3 {
		record := membership(n)
		ref, err := write.Create(t.Context(), pds, record, &write.CreateOptions{Lookup: records.Lookup, Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		key := ref.URI.RecordKey()
		if !syntax.ValidTID(string(key)) || key <= last || ref.URI != uriOf(collection, key) || ref.CID != cidOfRecord(t, record) {
			t.Errorf("%+v behind %q", ref, last)
		}
		last = key
		if got := pds.Get(string(key)); got != jsonOf(t, record) {
			t.Errorf("the server has %s", got)
		}
	}
	if diff := cmp.Diff([]string{"createRecord", "createRecord", "createRecord"}, pds.Calls); diff != "" {
		t.Error(diff)
	}
	// No options, no lexicon: a TID all the same.
	if ref, err := write.Create(t.Context(), pds, membership(4), nil); err != nil || !syntax.ValidTID(string(ref.URI.RecordKey())) {
		t.Errorf("%v, %v", ref, err)
	}
}

// The body is what the method's lexicon asks for, and validate has three states.
func TestBodies(t *testing.T) {
	record := membership(1)
	value := jsonOf(t, record)
	const key = "3l3famgxlzxwf"
	for _, test := range []struct {
		name string
		do   func(a write.Client) error
		want string
	}{
		{"create", func(a write.Client) error {
			_, err := write.Create(t.Context(), a, record, &write.CreateOptions{RecordKey: key})
			return err
		}, `{"repo":"` + did + `","rkey":"3l3famgxlzxwf","record":` + value + `,"collection":"pub.layers.corpus.membership"}`},
		{"create, validate", func(a write.Client) error {
			_, err := write.Create(t.Context(), a, record, &write.CreateOptions{RecordKey: key, Validate: lex.Some(true)})
			return err
		}, `{"repo":"` + did + `","rkey":"3l3famgxlzxwf","record":` + value + `,"validate":true,"collection":"pub.layers.corpus.membership"}`},
		{"create, do not validate", func(a write.Client) error {
			_, err := write.Create(t.Context(), a, record, &write.CreateOptions{RecordKey: key, Validate: lex.Some(false)})
			return err
		}, `{"repo":"` + did + `","rkey":"3l3famgxlzxwf","record":` + value + `,"validate":false,"collection":"pub.layers.corpus.membership"}`},
		{"put", func(a write.Client) error {
			_, err := write.Put(t.Context(), a, key, record, nil)
			return err
		}, `{"repo":"` + did + `","rkey":"3l3famgxlzxwf","record":` + value + `,"collection":"pub.layers.corpus.membership","swapRecord":null}`},
		{"put, whatever is there", func(a write.Client) error {
			_, err := write.Put(t.Context(), a, key, record, &write.PutOptions{DropFields: true, Validate: lex.Some(false)})
			return err
		}, `{"repo":"` + did + `","rkey":"3l3famgxlzxwf","record":` + value + `,"validate":false,"collection":"pub.layers.corpus.membership"}`},
		{"delete", func(a write.Client) error { return write.Delete(t.Context(), a, uriOf(collection, key), nil) },
			`{"repo":"` + did + `","rkey":"3l3famgxlzxwf","collection":"pub.layers.corpus.membership"}`},
		{"delete, swap", func(a write.Client) error {
			return write.Delete(t.Context(), a, uriOf(collection, key), &write.DeleteOptions{Swap: cidOfRecord(t, record)})
		}, `{"repo":"` + did + `","rkey":"3l3famgxlzxwf","collection":"pub.layers.corpus.membership","swapRecord":"` + cidOfRecord(t, record).String() + `"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &recorder{testAccount: newPDS(t)}
			if err := test.do(c); err != nil && !strings.Contains(err.Error(), "Unknown lexicon") {
				t.Error(err)
			}
			if c.body != test.want {
				t.Errorf("sent\n%s\nwant\n%s", c.body, test.want)
			}
		})
	}
}

// recorder keeps the body of the last procedure.
type recorder struct {
	*testAccount
	body string
}

func (r *recorder) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	if request.Procedure {
		b, err := lex.EncodeJSON(request.Input)
		if err != nil {
			return err
		}
		r.body = string(b)
	}
	return r.testAccount.Call(ctx, request, response)
}

// What is not valid is not sent, and the error says all that is wrong.
func TestInvalid(t *testing.T) {
	bad := membership(-1)
	bad.CreatedAt, bad.CorpusRef = "yesterday", "x"
	var none *corpus.Membership
	long := membership(1)
	text, err := lex.ValueOf(strings.Repeat("x", 150_000))
	if err != nil {
		t.Fatal(err)
	}
	long.Extra.Set("text", text)
	incomplete := new(corpus.Membership)
	if err := lex.DecodeJSON([]byte(`{"$type":"pub.layers.corpus.membership","ordinal":"three"}`), incomplete); err == nil {
		t.Fatal("no issues")
	}
	at := &write.CreateOptions{Lookup: lookup}
	key := func(k syntax.RecordKey) *write.CreateOptions {
		return &write.CreateOptions{Lookup: lookup, RecordKey: k}
	}
	create := func(record *corpus.Membership, opts *write.CreateOptions) func(write.Client) error {
		return func(a write.Client) error { _, err := write.Create(t.Context(), a, record, opts); return err }
	}
	createUntyped := func(text string, opts *write.CreateOptions) func(write.Client) error {
		return func(a write.Client) error {
			_, err := write.Create(t.Context(), a, untyped(t, text), opts)
			return err
		}
	}
	put := func(rkey syntax.RecordKey, record *corpus.Membership) func(write.Client) error {
		return func(a write.Client) error {
			_, err := write.Put(t.Context(), a, rkey, record, &write.PutOptions{Lookup: lookup})
			return err
		}
	}
	remove := func(uri syntax.ATURI) func(write.Client) error {
		return func(a write.Client) error { return write.Delete(t.Context(), a, uri, nil) }
	}
	for _, test := range []struct {
		name   string
		do     func(write.Client) error
		want   string
		issues []string
	}{
		{"issues", create(bad, at), "write: create at://" + did + "/pub.layers.corpus.membership: lex: /ordinal", []string{"/ordinal minimum", "/corpusRef format", "/createdAt format"}},
		{"issues of a put", put("3l3famgxlzxwf", bad), "write: put at://" + did + "/pub.layers.corpus.membership/3l3famgxlzxwf: lex: /ordinal", []string{"/ordinal minimum", "/corpusRef format", "/createdAt format"}},
		{"nil", create(none, at), "write: create: the record is nil", nil},
		{"put nil", put("3l3famgxlzxwf", nil), "the record is nil", nil},
		{"incomplete", create(incomplete, at), "decoded with issues", nil},
		{"key", create(membership(1), key("self")), `record key "self" in pub.layers.corpus.membership is not a tid`, nil},
		{"key of a put", put("self", membership(1)), `record key "self" in pub.layers.corpus.membership is not a tid`, nil},
		{"no key of a put", put("", membership(1)), "is not a tid", nil},
		{"malformed key", func(a write.Client) error {
			_, err := write.Create(t.Context(), a, membership(1), &write.CreateOptions{RecordKey: "a/b"})
			return err
		}, `record key "a/b"`, nil},
		{"nsid key", createUntyped(`{"$type":"com.example.nsid"}`, at), `is not a nsid`, nil},
		{"size", create(long, at), "too large: 15", nil},
		{"untyped, issues", createUntyped(`{"$type":"pub.layers.corpus.membership","ordinal":-1}`, at), "lex: /corpusRef", []string{"/corpusRef required", "/createdAt required", "/expressionRef required", "/ordinal minimum"}},
		{"untyped, 54 bits", createUntyped(`{"$type":"com.example.any","n":[9007199254740992]}`, at), "over the maximum of 9007199254740991", []string{"/n/0 maximum"}},
		{"untyped, -54 bits", createUntyped(`{"$type":"com.example.any","n":-9007199254740992}`, at), "below the minimum of -9007199254740991", []string{"/n minimum"}},
		{"untyped, an empty blob", createUntyped(`{"$type":"com.example.any","b":{"$type":"blob","mimeType":"a/b","size":0,"ref":{"$link":"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"}}}`, at), "empty", []string{"/b blob"}},
		{"untyped, unknown", createUntyped(`{"$type":"com.example.unknown"}`, at), `no lexicon is known for the collection "com.example.unknown"`, nil},
		{"untyped, no type", createUntyped(`{"a":1}`, &write.CreateOptions{AllowUnknown: true}), "no collection", nil},
		{"delete, another account", remove("at://did:plc:other/pub.layers.corpus.membership/3l3famgxlzxwf"), "not in the repository of the account " + did, nil},
		{"delete, handle", remove("at://example.test/pub.layers.corpus.membership/3l3famgxlzxwf"), "not in the repository of the account " + did, nil},
		{"delete, no record", remove("at://" + did + "/pub.layers.corpus.membership"), "does not name a record", nil},
		{"delete, malformed", remove("at://" + did + "/a b"), "at-uri", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			pds := newPDS(t)
			err := test.do(pds)
			var op *write.Error
			if err == nil || !strings.Contains(err.Error(), test.want) || !errors.As(err, &op) {
				t.Errorf("%v, want %s", err, test.want)
			}
			if pds.Procedures() > 0 || test.issues != nil && len(pds.Calls) > 0 {
				t.Errorf("sent %v", pds.Calls)
			}
			var issues *issue.Error
			var got []string
			if errors.As(err, &issues) {
				for _, problem := range issues.Issues {
					got = append(got, problem.Path+" "+string(problem.Rule))
				}
			}
			if diff := cmp.Diff(test.issues, got); test.issues != nil && diff != "" {
				t.Error(diff)
			}
		})
	}
	if err := create(long, at)(newPDS(t)); !errors.Is(err, write.ErrTooLarge) {
		t.Error(err)
	}
	if _, err := write.Create(t.Context(), newPDS(t), long, &write.CreateOptions{MaxBytes: 153_600}); err != nil {
		t.Error(err)
	}
	if _, err := write.Create(t.Context(), nobody{newPDS(t)}, membership(1), nil); err == nil || !strings.Contains(err.Error(), "no valid DID") {
		t.Error(err)
	}
}

// nobody is an account that was not logged in.
type nobody struct{ *testAccount }

func (nobody) DID() syntax.DID { return "" }

func TestUntyped(t *testing.T) {
	for _, test := range []struct {
		text string
		opts write.CreateOptions
		key  syntax.RecordKey
	}{
		{jsonOf(t, membership(1)), write.CreateOptions{Lookup: lookup}, ""},
		{`{"$type":"com.example.literal","x":[{"$link":"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee"}]}`, write.CreateOptions{Lookup: lookup}, "self"},
		{`{"$type":"com.example.any"}`, write.CreateOptions{Lookup: lookup, RecordKey: "a:b"}, "a:b"},
		{`{"$type":"com.example.nsid"}`, write.CreateOptions{Lookup: lookup, RecordKey: "a.b.c"}, "a.b.c"},
		{`{"$type":"com.example.unknown","n":1}`, write.CreateOptions{AllowUnknown: true, RecordKey: "x"}, "x"},
	} {
		pds := newPDS(t)
		record := untyped(t, test.text)
		ref, err := write.Create(t.Context(), pds, record, &test.opts)
		if err != nil || ref.CID != cidOfRecord(t, record) {
			t.Errorf("%s: %v, %v", test.text, ref, err)
			continue
		}
		if key := ref.URI.RecordKey(); test.key != "" && key != test.key || test.key == "" && !syntax.ValidTID(string(key)) {
			t.Errorf("%s: %s", test.text, ref.URI)
		}
		if ref.URI.Collection() != record.RecordType() {
			t.Error(ref.URI)
		}
	}
	if _, err := write.ParseRecord([]byte(`{"$type":"com.example.any","a":1.5}`)); len(issue.Of(err)) != 1 {
		t.Error(err)
	}
}

// faults are the ways in which a call can fail, and whether it is carried out all the same.
var faults = []struct {
	name string
	err  func() error
	done bool
}{
	{"lost on the way", lost, false},
	{"answer lost", lost, true},
	{"500", func() error { return errInternal }, false},
	{"500, but done", func() error { return errInternal }, true},
	{"502 of a proxy", func() error { return failure(502, "", "") }, true},
	{"an answer that makes no sense", func() error { return failure(200, "", "") }, true},
	{"an error that nobody knows", func() error { return errors.New("?") }, true},
	{"an error that nobody knows, and not done", func() error { return errors.New("?") }, false},
}

// A write whose answer is lost is looked up, and not sent again.
func TestLostAnswer(t *testing.T) {
	const key = "3l3famgxlzxwf"
	for _, action := range []struct {
		name   string
		before bool // there is a record
		do     func(write.Client) (write.Ref, error)
	}{
		{"create", false, func(a write.Client) (write.Ref, error) {
			return write.Create(t.Context(), a, membership(1), &write.CreateOptions{RecordKey: key})
		}},
		{"put, new", false, func(a write.Client) (write.Ref, error) { return write.Put(t.Context(), a, key, membership(1), nil) }},
		{"put", true, func(a write.Client) (write.Ref, error) { return write.Put(t.Context(), a, key, membership(1), nil) }},
		{"delete", true, func(a write.Client) (write.Ref, error) {
			return write.Ref{}, write.Delete(t.Context(), a, uriOf(collection, key), nil)
		}},
	} {
		for _, fault := range faults {
			t.Run(action.name+", "+fault.name, func(t *testing.T) {
				pds := newPDS(t)
				if action.before {
					pds.Put(key, jsonOf(t, membership(0)))
				}
				cause := fault.err()
				pds.Intercept = func(_ int, nsid string, do func() error) error {
					if nsid == "com.atproto.repo.getRecord" {
						return do()
					}
					if fault.done {
						if err := do(); err != nil {
							t.Error(err)
						}
					}
					return cause
				}
				ref, err := action.do(pds)
				if fault.done && err != nil || !fault.done && !errors.Is(err, cause) {
					t.Errorf("%v", err)
				}
				if errors.Is(err, write.ErrUnknown) {
					t.Errorf("it could be known: %v", err)
				}
				if fault.done && action.name != "delete" && ref != (write.Ref{URI: uriOf(collection, key), CID: cidOfRecord(t, membership(1))}) {
					t.Errorf("%v", ref)
				}
				if n := pds.Procedures(); n != 1 {
					t.Errorf("sent %d times", n)
				}
			})
			t.Run(action.name+", "+fault.name+", then the network is gone", func(t *testing.T) {
				pds := newPDS(t)
				if action.before {
					pds.Put(key, jsonOf(t, membership(0)))
				}
				gone := false
				pds.Intercept = func(_ int, nsid string, do func() error) error {
					if gone {
						return lost()
					}
					if nsid == "com.atproto.repo.getRecord" {
						return do()
					}
					gone = true
					if fault.done {
						do()
					}
					return fault.err()
				}
				if _, err := action.do(pds); !errors.Is(err, write.ErrUnknown) && action.name != "delete" || err == nil {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// A caller that does not wait any longer is not kept waiting.
func TestCancelled(t *testing.T) {
	pds := newPDS(t)
	ctx, cancel := context.WithCancel(t.Context())
	pds.Intercept = func(_ int, _ string, do func() error) error {
		do()
		cancel()
		return &xrpc.TransportError{Err: context.Canceled}
	}
	_, err := write.Create(ctx, pds, membership(1), nil)
	if !errors.Is(err, write.ErrUnknown) || !errors.Is(err, context.Canceled) || len(pds.Calls) != 1 {
		t.Errorf("%v, %v", err, pds.Calls)
	}
}

func TestRefused(t *testing.T) {
	for _, refusal := range []error{failure(400, "InvalidRequest", "no"), failure(401, "AuthMissing", ""), failure(403, "Forbidden", ""), failure(429, "RateLimitExceeded", "")} {
		pds := newPDS(t)
		pds.Intercept = func(int, string, func() error) error { return refusal }
		if _, err := write.Create(t.Context(), pds, membership(1), nil); !errors.Is(err, refusal) || len(pds.Calls) != 1 {
			t.Errorf("%v: %v, %v", refusal, err, pds.Calls)
		}
	}
	pds := newPDS(t)
	pds.PDS.Fail(fault.BodyLimit(100))
	if _, err := write.Create(t.Context(), pds, membership(1), nil); !errors.Is(err, write.ErrTooLarge) {
		t.Error(err)
	}
}

func TestCreateExisting(t *testing.T) {
	const key = "3l3famgxlzxwf"
	for _, test := range []struct {
		there *corpus.Membership
		want  error
	}{{membership(1), nil}, {membership(2), write.ErrConflict}} {
		for _, says := range []bool{false, true} {
			pds := newPDS(t)
			if says {
				pds.SayExists()
			}
			c := pds.Put(key, jsonOf(t, test.there))
			ref, err := write.Create(t.Context(), pds, membership(1), &write.CreateOptions{RecordKey: key})
			if !errors.Is(err, test.want) || errors.Is(err, write.ErrUnknown) || err == nil && ref.CID != c {
				t.Errorf("says %v: %v, want %v", says, err, test.want)
			}
			if pds.Commits() != 0 || pds.Get(key) != jsonOf(t, test.there) {
				t.Error("it was written")
			}
			// That there is one is known without seeing it.
			pds.Intercept = func(_ int, nsid string, do func() error) error {
				if nsid == "com.atproto.repo.getRecord" {
					return lost()
				}
				return do()
			}
			want := map[bool]error{true: write.ErrConflict, false: write.ErrUnknown}[says]
			if _, err := write.Create(t.Context(), pds, membership(1), &write.CreateOptions{RecordKey: key}); !errors.Is(err, want) || says && errors.Is(err, write.ErrUnknown) {
				t.Errorf("says %v, not seen: %v, want %v", says, err, want)
			}
		}
	}
}

// The server may change what it is given, and say so.
func TestMismatch(t *testing.T) {
	other := cidOfRecord(t, membership(2))
	for name, answer := range map[string]string{
		"cid": `{"uri":"at://` + did + `/pub.layers.corpus.membership/3l3famgxlzxwf","cid":"` + other.String() + `"}`,
	} {
		pds := newPDS(t)
		pds.Intercept = func(_ int, nsid string, do func() error) error {
			if nsid == "com.atproto.repo.getRecord" {
				return do()
			}
			return nil
		}
		for _, do := range []func(a write.Client) (write.Ref, error){
			func(a write.Client) (write.Ref, error) {
				return write.Create(t.Context(), a, membership(1), &write.CreateOptions{RecordKey: "3l3famgxlzxwf"})
			},
			func(a write.Client) (write.Ref, error) {
				return write.Put(t.Context(), a, "3l3famgxlzxwf", membership(1), nil)
			},
		} {
			ref, err := do(answering{pds, answer})
			if !errors.Is(err, write.ErrCIDMismatch) || ref.CID != other || !strings.Contains(err.Error(), other.String()) {
				t.Errorf("%s: %v, %v", name, ref, err)
			}
		}
	}
	// An answer about another record, or of no sense, proves nothing: the record is looked up.
	for _, answer := range []string{
		`{"uri":"at://` + did + `/pub.layers.corpus.membership/3l3famgxlzxwg","cid":"` + cidOfRecord(t, membership(1)).String() + `"}`,
		`{"uri":"at://` + did + `/pub.layers.corpus.membership/3l3famgxlzxwf","cid":"x"}`,
		`{}`, `[]`, `{"uri":1,"cid":2}`,
	} {
		pds := newPDS(t)
		ref, err := write.Create(t.Context(), answering{pds, answer}, membership(1), &write.CreateOptions{RecordKey: "3l3famgxlzxwf"})
		if err != nil || ref.CID != cidOfRecord(t, membership(1)) || len(pds.Calls) != 2 {
			t.Errorf("%s: %v, %v, %v", answer, ref, err, pds.Calls)
		}
	}
}

// answering carries procedures out, and answers something else.
type answering struct {
	*testAccount
	answer string
}

func (a answering) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	if !request.Procedure {
		return a.testAccount.Call(ctx, request, response)
	}
	if err := a.testAccount.Call(ctx, &rpc.Request{NSID: request.NSID, Procedure: true, Input: request.Input}, new(rpc.Response)); err != nil {
		return err
	}
	if err := lex.DecodeJSON([]byte(a.answer), response.Output); err != nil {
		return fmt.Errorf("xrpc: %w", err)
	}
	return nil
}

func TestPutSwap(t *testing.T) {
	const key = "3l3famgxlzxwf"
	old, other := cidOfRecord(t, membership(0)), cidOfRecord(t, membership(7))
	for _, test := range []struct {
		name   string
		before bool
		swap   lex.Nullable[cid.CID]
		drop   bool
		want   error
	}{
		{"anything, none there", false, lex.Nullable[cid.CID]{}, false, nil},
		{"anything, one there", true, lex.Nullable[cid.CID]{}, false, nil},
		{"none, none there", false, lex.NullOf[cid.CID](), false, nil},
		{"none, one there", true, lex.NullOf[cid.CID](), false, write.ErrConflict},
		{"that one, none there", false, lex.ValueOrNull(old), false, write.ErrConflict},
		{"that one", true, lex.ValueOrNull(old), false, nil},
		{"another", true, lex.ValueOrNull(other), false, write.ErrConflict},
		{"that one, dropping", true, lex.ValueOrNull(old), true, nil},
		{"another, dropping", true, lex.ValueOrNull(other), true, write.ErrConflict},
		{"none, dropping", true, lex.NullOf[cid.CID](), true, write.ErrConflict},
	} {
		t.Run(test.name, func(t *testing.T) {
			pds := newPDS(t)
			if test.before {
				pds.Put(key, jsonOf(t, membership(0)))
			}
			_, err := write.Put(t.Context(), pds, key, membership(1), &write.PutOptions{Swap: test.swap, DropFields: test.drop})
			if !errors.Is(err, test.want) || pds.Commits() > 0 != (err == nil) || slices.Contains(pds.Calls, "putRecord") != (err == nil) {
				t.Errorf("%v, %v", err, pds.Calls)
			}
		})
	}
}

// A record that changes between the comparison and the write is not overwritten.
func TestPutConcurrently(t *testing.T) {
	const key = "3l3famgxlzxwf"
	for _, before := range []bool{true, false} {
		for _, drop := range []bool{false, true} {
			pds := newPDS(t)
			if before {
				pds.Put(key, jsonOf(t, membership(0)))
			}
			pds.Intercept = func(_ int, nsid string, do func() error) error {
				if nsid == "com.atproto.repo.putRecord" {
					pds.Put(key, jsonOf(t, membership(8)))
				}
				return do()
			}
			_, err := write.Put(t.Context(), pds, key, membership(1), &write.PutOptions{DropFields: drop})
			want, stays := write.ErrConflict, 8
			if drop { // nothing is compared
				want, stays = nil, 1
			}
			if !errors.Is(err, want) || pds.Get(key) != jsonOf(t, membership(stays)) {
				t.Errorf("%v, %s", err, pds.Get(key))
			}
		}
	}
	// And one that changes while the answer is lost is nobody's to judge.
	pds := newPDS(t)
	pds.Intercept = func(_ int, nsid string, do func() error) error {
		if nsid == "com.atproto.repo.putRecord" {
			do()
			pds.Put(key, jsonOf(t, membership(8)))
			return lost()
		}
		return do()
	}
	if _, err := write.Put(t.Context(), pds, key, membership(1), nil); !errors.Is(err, write.ErrUnknown) {
		t.Error(err)
	}
}

func TestPutUnchanged(t *testing.T) {
	const key = "3l3famgxlzxwf"
	pds := newPDS(t)
	c := pds.Put(key, jsonOf(t, membership(1)))
	for _, bare := range []bool{false, true} {
		if bare {
			pds.PDS.Fail(fault.RemoveField("cid"), "com.atproto.repo.getRecord")
		}
		ref, err := write.Put(t.Context(), pds, key, membership(1), nil)
		if err != nil || ref.CID != c || pds.Procedures() != 0 {
			t.Errorf("%v, %v, %v", ref, err, pds.Calls)
		}
	}
}

func TestDelete(t *testing.T) {
	const key = "3l3famgxlzxwf"
	pds := newPDS(t)
	c := pds.Put(key, jsonOf(t, membership(1)))
	uri := uriOf(collection, key)
	if err := write.Delete(t.Context(), pds, uri, &write.DeleteOptions{Swap: cidOfRecord(t, membership(2))}); !errors.Is(err, write.ErrConflict) || pds.Commits() != 0 {
		t.Error(err)
	}
	pds.Calls = nil
	if err := write.Delete(t.Context(), pds, uri, &write.DeleteOptions{Swap: c}); err != nil || len(pds.Calls) != 1 {
		t.Errorf("%v, calls %v: the answer names the commit, so that there is nothing to look up", err, pds.Calls)
	}
	for range 2 {
		if err := write.Delete(t.Context(), pds, uri, &write.DeleteOptions{Swap: c}); err != nil || pds.Commits() != 1 {
			t.Error(err)
		}
		if err := write.Delete(t.Context(), pds, uri, nil); err != nil || pds.Commits() != 1 {
			t.Error(err)
		}
	}
}

// Servers have more than one way to say that there is no record.
func TestNotFound(t *testing.T) {
	for _, test := range []struct {
		err   error
		found bool
	}{
		{failure(400, "RecordNotFound", ""), false},
		{failure(404, "RecordNotFound", ""), false},
		{failure(400, "InvalidRequest", "Could not locate record: at://x"), false},
		{failure(404, "NotFound", ""), false},
		{failure(404, "", ""), true},                                      // a proxy's page
		{failure(400, "InvalidRequest", "Could not locate record"), true}, // nor the repository
		{failure(400, "InvalidRequest", "what?"), true},
		{failure(404, "XRPCNotSupported", ""), true},
		{lost(), true},
	} {
		pds := newPDS(t)
		pds.Intercept = func(_ int, nsid string, do func() error) error {
			if nsid == "com.atproto.repo.getRecord" {
				return test.err
			}
			return do()
		}
		if _, err := write.Put(t.Context(), pds, "3l3famgxlzxwf", membership(1), nil); test.found != errors.Is(err, test.err) || !test.found && err != nil {
			t.Errorf("%v: %v", test.err, err)
		}
	}
	uri := string(uriOf(collection, "3l3famgxlzxwf"))
	for _, answer := range []string{`{}`, `{"uri":"` + uri + `"}`, `{"uri":"` + uri + `","value":null}`, `{"message":"no Route matched"}`, `{"uri":"at://x.test/a.b.c/d","cid":"x","value":{}}`, `{"cid":"x","value":{}}`, `{"value":{"a":1.5}}`, `7`} {
		pds := newPDS(t)
		if _, err := write.Put(t.Context(), reading{pds, answer}, "3l3famgxlzxwf", membership(1), nil); err == nil || pds.Procedures() > 0 {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// reading answers queries with something.
type reading struct {
	*testAccount
	answer string
}

func (r reading) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	if request.Procedure {
		return r.testAccount.Call(ctx, request, response)
	}
	return lex.DecodeJSON([]byte(r.answer), response.Output)
}

// byValue is a record that is not a pointer.
type byValue struct{ *corpus.Membership }

// TestWriteNoPointer checks that a record that is nil or not a pointer is refused before anything is sent.
func TestWriteNoPointer(t *testing.T) {
	var none *corpus.Membership
	for _, test := range []struct {
		name   string
		record lex.Record
		want   string
	}{
		{"nil", nil, "the record is nil"},
		{"nil pointer", none, "the record is nil"},
		{"value", byValue{membership(1)}, "the record is a write_test.byValue, not a pointer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			pds := newPDS(t)
			if _, err := write.Create(t.Context(), pds, test.record, nil); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Create gives %v", err)
			}
			if _, err := write.Put(t.Context(), pds, "x", test.record, nil); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Put gives %v", err)
			}
		})
	}
}

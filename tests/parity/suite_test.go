package parity_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// servers are a PDS and a directory, with what the suite needs that clients cannot do.
type servers struct {
	pds, plc string
	// account makes an account.
	account func() *account
}

// account is an account of the PDS.
type account struct {
	did, handle, email, password string
	appPassword                  string
	// expired returns tokens that are not valid any more.
	expired func() (access, refresh string)
	// set sets the account's status: "deactivated", "takendown", "deleted" or, for an active one, "".
	set func(status string)

	access, refresh string
}

// blobLimit is the size of the largest blob that the servers accept, in bytes.
const blobLimit = 10_000

const collection = "com.example.note"

// suite makes the calls and keeps their facts.
type suite struct {
	testing.TB
	servers
	namer
	names []string
	facts map[string]fact
	rev   string // of alice's repository, in the middle
}

type object = map[string]any

// run makes all calls.
func run(t testing.TB, s servers) map[string]fact {
	r := &suite{TB: t, servers: s, namer: namer{cids: map[string]bool{}}, facts: map[string]fact{}}
	r.name(s.pds, "PDS")
	r.name(s.plc, "PLC")
	r.name(strings.ReplaceAll(strings.TrimPrefix(s.pds, "http://"), ":", "%3A"), "host")
	alice, bob := r.person("alice"), r.person("bob")
	odd := r.person("odd") // its repository is different in each run
	r.identity(alice)
	r.accounts(alice)
	r.sessions(alice, bob)
	r.writes(alice, bob, odd)
	r.blobs(alice)
	r.reads(alice)
	r.sync(alice)
	carol := r.person("carol")
	r.batches(carol, odd)
	r.streams(alice, carol)
	r.statuses()
	r.methods(alice)
	return r.facts
}

// person makes an account whose values have names.
func (r *suite) person(name string) *account {
	a := r.account()
	r.name(a.did, name)
	r.name(a.email, name+".email") // which may begin with the handle
	r.name(a.handle, name+".handle")
	a.login(r)
	return a
}

func (a *account) login(r *suite) {
	answer := r.send(http.MethodPost, "/xrpc/com.atproto.server.createSession", "", object{"identifier": a.handle, "password": a.password}, nil)
	a.access, a.refresh = answer.field("accessJwt"), answer.field("refreshJwt")
	if a.refresh == "" {
		r.Fatalf("no session of %s: %d %s", a.handle, answer.status, answer.body)
	}
}

// file is an input that is not JSON.
type file struct {
	mediaType string
	data      []byte
}

// send sends a request. A token that is not "" is sent as bearer's.
func (r *suite) send(method, path, token string, input any, header http.Header) answer {
	r.Helper()
	origin := r.pds
	if strings.HasPrefix(path, "http://") {
		origin = ""
	}
	var body io.Reader
	mediaType := ""
	switch input := input.(type) {
	case nil:
	case file:
		body, mediaType = bytes.NewReader(input.data), input.mediaType
	default:
		text, err := json.Marshal(input)
		if err != nil {
			r.Fatal(err)
		}
		body, mediaType = bytes.NewReader(text), "application/json"
	}
	request, err := http.NewRequestWithContext(r.Context(), method, origin+path, body)
	if err != nil {
		r.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if host := header.Get("Host"); host != "" {
		request.Host = host
	}
	if mediaType != "" {
		request.Header.Set("Content-Type", mediaType)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		r.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		r.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{response.StatusCode, response.Header, data}
}

// note keeps a fact.
func (r *suite) note(name string, f fact) {
	r.Helper()
	if _, ok := r.facts[name]; ok {
		r.Fatalf("there are two calls %q", name)
	}
	r.names = append(r.names, name)
	r.facts[name] = f
}

// get makes a query and notes the answer. Parameters are names and values by turns.
func (r *suite) get(what, nsid, token string, params ...string) answer {
	r.Helper()
	query := url.Values{}
	for i := 0; i < len(params); i += 2 {
		query.Add(params[i], params[i+1])
	}
	path := "/xrpc/" + nsid
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	a := r.send(http.MethodGet, path, token, nil, nil)
	r.note(short(nsid)+": "+what, r.fact(r, a))
	return a
}

// post calls a procedure and notes the answer.
func (r *suite) post(what, nsid, token string, input any) answer {
	r.Helper()
	a := r.send(http.MethodPost, "/xrpc/"+nsid, token, input, nil)
	r.note(short(nsid)+": "+what, r.fact(r, a))
	return a
}

func short(nsid string) string { return strings.TrimPrefix(nsid, "com.atproto.") }

// text returns a record, whose CID is known from now on.
func (r *suite) text(text string) object { return r.value(object{"$type": collection, "text": text}) }

func (r *suite) value(record object) object {
	r.Helper()
	r.record(r.cidOf(record))
	return record
}

func (r *suite) cidOf(record object) string {
	r.Helper()
	text, err := json.Marshal(record)
	if err != nil {
		r.Fatal(err)
	}
	data, err := lex.JSONToCBOR(text)
	if err != nil {
		r.Fatal(err)
	}
	return cid.Of(cid.DagCBOR, data).String()
}

const (
	unknownDID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
	otherCID   = "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"
	otherFile  = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
)

// identity resolves handles and DIDs.
func (r *suite) identity(alice *account) {
	const resolve = "com.atproto.identity.resolveHandle"
	r.get("a handle", resolve, "", "handle", alice.handle)
	r.get("upper case", resolve, "", "handle", strings.ToUpper(alice.handle))
	r.get("an unknown handle", resolve, "", "handle", "nobody.test")
	r.get("no parameter", resolve, "")
	r.get("an invalid handle", resolve, "", "handle", "no handle")
	r.get("two handles", resolve, "", "handle", alice.handle, "handle", "nobody.test")
	for name, host := range map[string]string{"a handle": alice.handle, "an unknown handle": "nobody.test"} {
		a := r.send(http.MethodGet, "/.well-known/atproto-did", "", nil, http.Header{"Host": {host}})
		f := r.fact(r, a)
		delete(f.Headers, "Access-Control-Allow-Origin")
		r.note("well-known: "+name, f)
	}
	for name, path := range map[string]string{
		"a document": "/" + alice.did, "an unknown DID": "/" + unknownDID, "another method": "/did:web:example.com", "no DID": "/nothing",
		"the data": "/" + alice.did + "/data", "the log": "/" + alice.did + "/log", "the audit log": "/" + alice.did + "/log/audit",
		"the last operation": "/" + alice.did + "/log/last", "the log of an unknown DID": "/" + unknownDID + "/log/audit",
	} {
		r.note("PLC: "+name, r.fact(r, r.send(http.MethodGet, r.plc+path, "", nil, nil)))
	}
}

// sessions begins, renews and ends sessions.
func (r *suite) sessions(alice, bob *account) {
	const create, refresh, get, end = "com.atproto.server.createSession", "com.atproto.server.refreshSession", "com.atproto.server.getSession", "com.atproto.server.deleteSession"
	r.get("the server", "com.atproto.server.describeServer", "")
	r.post("by handle", create, "", object{"identifier": alice.handle, "password": alice.password})
	r.post("by DID", create, "", object{"identifier": alice.did, "password": alice.password})
	r.post("by email", create, "", object{"identifier": alice.email, "password": alice.password})
	r.post("by handle in upper case", create, "", object{"identifier": strings.ToUpper(alice.handle), "password": alice.password})
	app := r.post("app password", create, "", object{"identifier": alice.handle, "password": alice.appPassword}).field("accessJwt")
	r.post("wrong password", create, "", object{"identifier": alice.handle, "password": "wrong"})
	r.post("password of another account", create, "", object{"identifier": alice.handle, "password": bob.password})
	r.post("unknown account", create, "", object{"identifier": "nobody.test", "password": "wrong"})
	r.post("no password", create, "", object{"identifier": alice.handle})
	r.post("password of the wrong type", create, "", object{"identifier": alice.handle, "password": 1})
	r.post("no input", create, "", nil)
	r.post("malformed JSON", create, "", file{"application/json", []byte("{")})
	r.post("an array", create, "", []int{1})
	r.post("another media type", create, "", file{"text/plain", []byte("{}")})

	r.get("a session", get, alice.access)
	r.get("app password", get, app)
	r.get("no token", get, "")
	r.get("refresh token", get, alice.refresh)
	r.get("no JWT", get, "nothing")
	r.get("forged token", get, alice.access[:len(alice.access)-8]+"AAAAAAAA")
	access, old := alice.expired()
	r.get("expired token", get, access)
	r.note("server.getSession: Basic", r.fact(r, r.send(http.MethodGet, "/xrpc/"+get, "", nil, http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("a:b"))}})))

	second := r.post("a token", refresh, alice.refresh, nil).field("refreshJwt")
	r.post("a token again", refresh, alice.refresh, nil)
	r.post("access token", refresh, alice.access, nil)
	r.post("expired token", refresh, old, nil)
	r.post("no token", refresh, "", nil)
	r.post("no JWT", refresh, "nothing", nil)
	r.post("a token", end, second, nil)
	r.post("a deleted token", refresh, second, nil)
	r.post("a deleted token", end, second, nil)
	r.post("access token", end, alice.access, nil)
	r.post("expired token", end, old, nil)
	r.post("no token", end, "", nil)
	alice.login(r)
}

// accounts makes accounts over HTTP.
func (r *suite) accounts(alice *account) {
	const create, session = "com.atproto.server.createAccount", "com.atproto.server.createSession"
	name := "n" + strings.ToLower(rand.Text()[:12])
	r.name(name+"@example.test", "new.email")
	r.name(name+".test", "new.handle")
	input := func(handle, email string, more ...any) object {
		o := object{"handle": handle, "email": email, "password": "a password"}
		for i := 0; i < len(more); i += 2 {
			o[more[i].(string)] = more[i+1]
		}
		return o
	}
	const other = "other@example.test"
	made := r.send(http.MethodPost, "/xrpc/"+create, "", input(name+".test", strings.ToUpper(name)+"@example.test"), nil)
	r.name(made.field("did"), "new")
	r.note("server.createAccount: an account", r.fact(r, made))
	r.get("a new account", "com.atproto.server.getSession", made.field("accessJwt"))
	r.post("a new account", session, "", object{"identifier": name + ".test", "password": "a password"})
	r.get("a new account", "com.atproto.repo.describeRepo", "", "repo", name+".test")
	r.post("a handle that is taken", create, "", input(alice.handle, other))
	r.post("a handle that is taken, in upper case", create, "", input(strings.ToUpper(alice.handle), other))
	r.post("a mail address that is taken", create, "", input("free"+name[:8]+".test", alice.email))
	r.post("no mail address", create, "", object{"handle": "free" + name[:8] + ".test", "password": "x"})
	r.post("not a mail address", create, "", input("free"+name[:8]+".test", "nobody"))
	r.post("a handle of another domain", create, "", input("alice.example.com", other))
	r.post("a handle of two names", create, "", input("a.alice.test", other))
	r.post("a short handle", create, "", input("ab.test", other))
	r.post("a long handle", create, "", input("abcdefghijklmnopqrs.test", other))
	r.post("not a handle", create, "", input("no handle", other))
	r.post("no handle", create, "", object{"email": other, "password": "x"})
	r.post("a DID", create, "", input("free"+name[:8]+".test", other, "did", "did:plc:ewvi7nxzyoun6zhxrhs64oiz"))
	r.post("malformed JSON", create, "", file{"application/json", []byte("{")})
}

// writes writes single records.
func (r *suite) writes(alice, bob, odd *account) {
	const create, put, del = "com.atproto.repo.createRecord", "com.atproto.repo.putRecord", "com.atproto.repo.deleteRecord"
	input := func(a *account, rkey string, record any, more ...any) object {
		o := object{"repo": a.did, "collection": collection, "record": record}
		if rkey != "" {
			o["rkey"] = rkey
		}
		for i := 0; i < len(more); i += 2 {
			o[more[i].(string)] = more[i+1]
		}
		return o
	}
	latest := func(a *account) string {
		return r.send(http.MethodGet, "/xrpc/com.atproto.sync.getLatestCommit?did="+a.did, "", nil, nil).field("cid")
	}
	token := alice.access
	expired, _ := alice.expired()
	one := r.text("one")
	r.post("a key", create, token, input(alice, "one", one))
	r.post("a key that is taken", create, token, input(alice, "one", r.text("two")))
	r.post("no key", create, bob.access, input(bob, "", one))
	r.post("repo by handle", create, bob.access, input(&account{did: bob.handle}, "", one))
	r.post("no $type", create, bob.access, input(bob, "", object{"text": "one"}))
	r.post("another $type", create, token, input(alice, "x", object{"$type": "com.example.other"}))
	r.post("$type is no text", create, token, input(alice, "x", object{"$type": 1}))
	r.post("invalid key", create, token, input(alice, "a b", one))
	r.post("invalid collection", create, token, input(alice, "x", one, "collection", "nothing"))
	r.post("no record", create, token, object{"repo": alice.did, "collection": collection})
	r.post("record is null", create, token, input(alice, "x", nil))
	r.post("record is a text", create, token, input(alice, "x", "text"))
	r.post("record is an array", create, token, input(alice, "x", []int{1}))
	r.post("a float", create, token, input(alice, "x", object{"$type": collection, "n": 1.5}))
	r.post("a malformed link", create, odd.access, input(odd, "x", object{"$type": collection, "link": object{"$link": "nothing"}}))
	r.post("malformed bytes", create, odd.access, input(odd, "x", object{"$type": collection, "bytes": object{"$bytes": "?"}}))
	rich := r.value(object{"$type": collection, "link": object{"$link": otherCID}, "bytes": object{"$bytes": "AAE"}, "list": []any{1, nil, true, object{"ü": "é"}}, "big": 9007199254740991})
	r.post("links, bytes and more", create, token, input(alice, "rich", rich))
	r.post("another account's repo", create, token, input(bob, "x", one))
	r.post("an unknown repo", create, token, input(&account{did: unknownDID}, "x", one))
	r.post("an unknown handle", create, token, input(&account{did: "nobody.test"}, "x", one))
	r.post("an invalid repo", create, token, input(&account{did: "nothing"}, "x", one))
	r.post("no repo", create, token, object{"collection": collection, "record": one})
	r.post("no token", create, "", input(alice, "x", one))
	r.post("no token and no input", create, "", nil)
	r.post("expired token", create, expired, input(alice, "x", one))
	r.post("refresh token", create, alice.refresh, input(alice, "x", one))
	r.post("to be validated", create, token, input(alice, "x", one, "validate", true))
	r.post("not to be validated", create, token, input(alice, "unvalidated", r.text("unvalidated"), "validate", false))
	r.post("swapCommit differs", create, token, input(alice, "x", one, "swapCommit", otherCID))
	r.post("swapCommit is no CID", create, token, input(alice, "x", one, "swapCommit", "nothing"))
	r.post("swapCommit is the latest", create, token, input(alice, "swapped", r.text("swapped"), "swapCommit", latest(alice)))
	r.post("input is too large", create, token, input(alice, "x", object{"$type": collection, "text": strings.Repeat("x", 160<<10)}))
	r.post("input is large", create, bob.access, input(bob, "", r.text(strings.Repeat("x", 140<<10))))
	r.post("no input", create, token, nil)
	const block = "app.bsky.graph.block" // of which both servers know the lexicon
	known := object{"$type": block, "subject": unknownDID, "createdAt": "2001-02-03T04:05:06Z"}
	invalid := object{"$type": block, "subject": "nobody", "createdAt": "2001-02-03T04:05:06Z"}
	partial := object{"$type": block, "subject": unknownDID}
	r.post("a valid record", create, odd.access, input(odd, "", r.value(known), "collection", block))
	r.post("a valid record, to be validated", create, odd.access, input(odd, "", known, "collection", block, "validate", true))
	r.post("a valid record, not to be validated", create, odd.access, input(odd, "", known, "collection", block, "validate", false))
	r.post("an invalid record", create, odd.access, input(odd, "", invalid, "collection", block))
	r.post("an invalid record, to be validated", create, odd.access, input(odd, "", invalid, "collection", block, "validate", true))
	r.post("an invalid record, not to be validated", create, odd.access, input(odd, "", r.value(invalid), "collection", block, "validate", false))
	r.post("a record without a field", create, odd.access, input(odd, "", partial, "collection", block))
	r.post("a key that the lexicon does not allow", create, odd.access, input(odd, "self", known, "collection", block))
	r.post("a key that the lexicon does not allow, not to be validated", create, odd.access, input(odd, "self", known, "collection", block, "validate", false))
	r.post("a valid record", put, odd.access, input(odd, "3l3famgxlzxwf", known, "collection", block))
	r.post("an invalid record", put, odd.access, input(odd, "3l3famgxlzxwf", invalid, "collection", block))

	two, three := r.text("two"), r.text("three")
	r.post("a new record", put, token, input(alice, "two", two))
	r.post("the same record", put, token, input(alice, "two", two))
	r.post("another record", put, token, input(alice, "two", three))
	r.post("no key", put, token, input(alice, "", two))
	r.post("another $type", put, token, input(alice, "two", object{"$type": "com.example.other"}))
	r.post("swapRecord differs", put, token, input(alice, "two", two, "swapRecord", otherCID))
	r.post("swapRecord is null", put, token, input(alice, "two", two, "swapRecord", nil))
	r.post("swapRecord is null, a new record", put, token, input(alice, "four", two, "swapRecord", nil))
	r.post("swapRecord of a new record", put, token, input(alice, "five", two, "swapRecord", otherCID))
	r.post("swapRecord is the latest", put, token, input(alice, "two", two, "swapRecord", r.cidOf(three)))
	r.post("swapRecord is no CID", put, token, input(alice, "two", two, "swapRecord", "nothing"))
	r.post("swapCommit differs", put, token, input(alice, "two", three, "swapCommit", otherCID))
	r.post("swapCommit differs, the same record", put, token, input(alice, "two", two, "swapCommit", otherCID))
	r.post("swapCommit is the latest", put, token, input(alice, "two", three, "swapCommit", latest(alice)))
	r.post("no token", put, "", input(alice, "two", two))
	r.post("another account's repo", put, token, input(bob, "two", two))
	r.post("to be validated", put, token, input(alice, "two", two, "validate", true))

	r.post("swapRecord differs", del, token, input(alice, "four", nil, "swapRecord", otherCID))
	r.post("swapCommit differs", del, token, input(alice, "four", nil, "swapCommit", otherCID))
	r.post("swapRecord is the latest", del, token, input(alice, "four", nil, "swapRecord", r.cidOf(two)))
	r.post("a record that is gone", del, token, input(alice, "four", nil))
	r.post("a record that is gone, swapRecord", del, token, input(alice, "four", nil, "swapRecord", otherCID))
	r.post("no key", del, token, input(alice, "", nil))
	r.post("no token", del, "", input(alice, "one", nil))
	r.post("another account's repo", del, token, input(bob, "one", nil))
	r.rev = r.send(http.MethodGet, "/xrpc/com.atproto.sync.getLatestCommit?did="+alice.did, "", nil, nil).field("rev")
	for i := range 5 {
		r.send(http.MethodPost, "/xrpc/"+put, token, input(alice, fmt.Sprint("n", i), r.text(fmt.Sprint(i))), nil)
	}
}

// batches writes several records at once.
func (r *suite) batches(carol, odd *account) {
	const apply = "com.atproto.repo.applyWrites"
	write := func(action, rkey string, value any) object {
		o := object{"$type": apply + "#" + action, "collection": collection}
		if rkey != "" {
			o["rkey"] = rkey
		}
		if value != nil {
			o["value"] = value
		}
		return o
	}
	input := func(writes ...object) object {
		return object{"repo": carol.did, "writes": append([]object{}, writes...)}
	}
	with := func(o object, name string, value any) object {
		o[name] = value
		return o
	}
	many := func(n int) (list []object) {
		for i := range n {
			list = append(list, write("create", fmt.Sprint("many", i), r.text(fmt.Sprint(i))))
		}
		return list
	}
	token := carol.access
	a, b := r.text("a"), r.text("b")
	r.post("creates", apply, token, input(write("create", "a", a), write("create", "b", b)))
	r.post("create, update and delete", apply, token, input(write("create", "c", a), write("update", "a", b), write("delete", "b", nil)))
	r.post("no key", apply, odd.access, with(input(write("create", "", a)), "repo", odd.did))
	r.post("a path created twice", apply, token, input(write("create", "x", a), write("create", "x", b)))
	r.post("a path created and updated", apply, token, input(write("create", "d", a), write("update", "d", b)))
	r.post("a path created and deleted", apply, token, input(write("create", "e", a), write("delete", "e", nil)))
	r.post("a path updated twice", apply, token, input(write("update", "d", a), write("update", "d", b)))
	r.post("a path deleted and created", apply, token, input(write("delete", "d", nil), write("create", "d", a)))
	r.post("a path deleted twice", apply, token, input(write("delete", "d", nil), write("delete", "d", nil)))
	r.get("after batches", "com.atproto.repo.listRecords", "", "repo", carol.did, "collection", collection)
	r.post("create what is there", apply, token, input(write("create", "a", a)))
	r.post("update what is not there", apply, token, input(write("update", "x", a)))
	r.post("delete what is not there", apply, token, input(write("delete", "x", nil)))
	r.post("no writes", apply, token, input())
	r.post("an unknown action", apply, token, input(object{"$type": apply + "#move", "collection": collection}))
	r.post("no action", apply, token, input(object{"collection": collection, "rkey": "x", "value": a}))
	r.post("no value", apply, token, input(write("create", "x", nil)))
	r.post("an invalid record", apply, token, input(write("create", "x", a), write("create", "y", object{"$type": "com.example.other"})))
	r.post("an update that changes nothing", apply, token, input(write("update", "a", b)))
	r.post("not to be validated", apply, token, with(input(write("create", "f", a)), "validate", false))
	r.post("to be validated", apply, token, with(input(write("create", "x", a)), "validate", true))
	r.post("swapCommit differs", apply, token, with(input(write("create", "x", a)), "swapCommit", otherCID))
	r.post("no token", apply, "", input(write("create", "x", a)))
	r.post("another account's repo", apply, token, with(input(write("create", "x", a)), "repo", unknownDID))
	r.post("201 writes", apply, token, input(many(201)...))
	r.post("200 writes", apply, token, input(many(200)...))
}

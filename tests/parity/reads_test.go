package parity_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// png is a picture of one pixel.
var png = func() []byte {
	data, err := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg==")
	if err != nil {
		panic(err)
	}
	return data
}()

// blobs uploads files and refers to them.
func (r *suite) blobs(alice *account) {
	const upload, create = "com.atproto.repo.uploadBlob", "com.atproto.repo.createRecord"
	ref := func(data []byte, mediaType string, size int) object {
		id := cid.Of(cid.Raw, data).String()
		r.record(id)
		return object{"$type": "blob", "ref": object{"$link": id}, "mimeType": mediaType, "size": size}
	}
	record := func(blob object) object {
		return object{"repo": alice.did, "collection": collection, "rkey": "blob", "record": r.value(object{"$type": collection, "file": blob})}
	}
	text, image := []byte("some text"), png
	whole := ref(text, "text/plain", len(text))
	ref(image, "", 0)
	ref(nil, "", 0)
	r.post("text", upload, alice.access, file{"text/plain", text})
	r.post("text again, another type", upload, alice.access, file{"text/html", text})
	r.post("a picture", upload, alice.access, file{"image/png", image})
	r.post("a picture called text", upload, alice.access, file{"text/plain", append(bytes.Clone(image), 1)})
	r.post("any type", upload, alice.access, file{"*/*", []byte("any")})
	r.post("a picture of any type", upload, alice.access, file{"*/*", append(bytes.Clone(image), 2)})
	r.post("a type with parameters", upload, alice.access, file{"text/plain; charset=utf-8", []byte("with parameters")})
	r.post("JSON", upload, alice.access, file{"application/json", []byte(`{"a": 1}`)})
	r.post("an unknown type", upload, alice.access, file{"application/x-nothing", []byte("unknown")})
	r.post("no type", upload, alice.access, file{"", []byte("no type")})
	r.post("nothing", upload, alice.access, file{"text/plain", nil})
	r.post("too large", upload, alice.access, file{"text/plain", make([]byte, blobLimit+1)})
	r.post("as large as possible", upload, alice.access, file{"text/plain", bytes.Repeat([]byte("x"), blobLimit)})
	r.post("no token", upload, "", file{"text/plain", text})
	app := r.send(http.MethodPost, "/xrpc/com.atproto.server.createSession", "", object{"identifier": alice.handle, "password": alice.appPassword}, nil).field("accessJwt")
	r.post("app password", upload, app, file{"text/plain", []byte("app password")})

	const get = "com.atproto.sync.getBlob"
	id := cid.Of(cid.Raw, text).String()
	r.get("no record refers to it", get, "", "did", alice.did, "cid", id)
	r.post("another media type", create, alice.access, record(ref(text, "image/png", len(text))))
	r.post("another size", create, alice.access, record(ref(text, "text/plain", 1)))
	r.post("an unknown blob", create, alice.access, record(ref([]byte("unknown blob"), "text/plain", 12)))
	r.post("a legacy blob", create, alice.access, record(object{"cid": id, "mimeType": "text/plain"}))
	r.post("a blob", create, alice.access, record(whole))
	r.get("a file", get, "", "did", alice.did, "cid", id)
	r.get("an unknown file", get, "", "did", alice.did, "cid", otherFile)
	r.get("another account's file", get, "", "did", unknownDID, "cid", id)
	r.get("no CID", get, "", "did", alice.did, "cid", "nothing")
	r.get("no parameters", get, "")

	const list = "com.atproto.sync.listBlobs"
	r.get("all", list, "", "did", alice.did)
	r.get("none since", list, "", "did", alice.did, "since", "3zzzzzzzzzzzz")
	r.get("all since", list, "", "did", alice.did, "since", "2222222222222")
	r.get("after a cursor", list, "", "did", alice.did, "cursor", id)
	r.get("limit is too large", list, "", "did", alice.did, "limit", "1001")
	r.get("unknown DID", list, "", "did", unknownDID)
}

// reads reads records as JSON.
func (r *suite) reads(alice *account) {
	const get, list, describe = "com.atproto.repo.getRecord", "com.atproto.repo.listRecords", "com.atproto.repo.describeRepo"
	one := r.cidOf(r.text("one"))
	r.get("a record", get, "", "repo", alice.did, "collection", collection, "rkey", "one")
	r.get("links, bytes and more", get, "", "repo", alice.did, "collection", collection, "rkey", "rich")
	r.get("repo by handle", get, "", "repo", alice.handle, "collection", collection, "rkey", "one")
	r.get("the CID", get, "", "repo", alice.did, "collection", collection, "rkey", "one", "cid", one)
	r.get("another CID", get, "", "repo", alice.did, "collection", collection, "rkey", "one", "cid", otherCID)
	r.get("malformed CID", get, "", "repo", alice.did, "collection", collection, "rkey", "one", "cid", "nothing")
	r.get("unknown key", get, "", "repo", alice.did, "collection", collection, "rkey", "none")
	r.get("unknown collection", get, "", "repo", alice.did, "collection", "com.example.none", "rkey", "one")
	r.get("unknown DID", get, "", "repo", unknownDID, "collection", collection, "rkey", "one")
	r.get("unknown handle", get, "", "repo", "nobody.test", "collection", collection, "rkey", "one")
	r.get("invalid repo", get, "", "repo", "nothing", "collection", collection, "rkey", "one")
	r.get("invalid collection", get, "", "repo", alice.did, "collection", "nothing", "rkey", "one")
	r.get("invalid key", get, "", "repo", alice.did, "collection", collection, "rkey", "a b")
	r.get("no key", get, "", "repo", alice.did, "collection", collection)
	r.get("no parameters", get, "")
	r.get("unknown parameter", get, "", "repo", alice.did, "collection", collection, "rkey", "one", "nothing", "x")

	params := func(more ...string) []string {
		return append([]string{"repo", alice.did, "collection", collection}, more...)
	}
	r.get("all", list, "", params()...)
	r.get("repo by handle", list, "", "repo", alice.handle, "collection", collection, "limit", "1")
	cursor := r.get("first page", list, "", params("limit", "3")...).field("cursor")
	r.get("second page", list, "", params("limit", "3", "cursor", cursor)...)
	r.get("reverse", list, "", params("limit", "3", "reverse", "true")...)
	r.get("reverse, after a cursor", list, "", params("limit", "3", "reverse", "true", "cursor", "n1")...)
	r.get("after the last one", list, "", params("cursor", "0")...)
	r.get("cursor is no key", list, "", params("cursor", "a b/?")...)
	r.get("cursor is empty", list, "", params("cursor", "", "limit", "2")...)
	r.get("limit is 0", list, "", params("limit", "0")...)
	r.get("limit is 101", list, "", params("limit", "101")...)
	r.get("limit is no number", list, "", params("limit", "many")...)
	r.get("limit twice", list, "", params("limit", "1", "limit", "2")...)
	r.get("reverse is no boolean", list, "", params("reverse", "yes")...)
	r.get("unknown collection", list, "", "repo", alice.did, "collection", "com.example.none")
	r.get("invalid collection", list, "", "repo", alice.did, "collection", "nothing")
	r.get("unknown repo", list, "", "repo", unknownDID, "collection", collection)
	r.get("unknown handle", list, "", "repo", "nobody.test", "collection", collection)
	r.get("no repo", list, "", "collection", collection)

	r.get("a repo", describe, "", "repo", alice.did)
	r.get("repo by handle", describe, "", "repo", alice.handle)
	r.get("unknown DID", describe, "", "repo", unknownDID)
	r.get("unknown handle", describe, "", "repo", "nobody.test")
	r.get("no repo", describe, "")
}

// sync reads repositories.
func (r *suite) sync(alice *account) {
	const prefix = "com.atproto.sync."
	r.get("all", prefix+"getRepo", "", "did", alice.did)
	r.get("since a rev", prefix+"getRepo", "", "did", alice.did, "since", r.rev)
	r.get("since before all", prefix+"getRepo", "", "did", alice.did, "since", "2222222222222")
	r.get("since the future", prefix+"getRepo", "", "did", alice.did, "since", "3zzzzzzzzzzzz")
	r.get("since is no TID", prefix+"getRepo", "", "did", alice.did, "since", "nothing")
	for _, method := range []string{"getRepo", "getLatestCommit", "getRepoStatus"} {
		if method != "getRepo" {
			r.get("a repo", prefix+method, "", "did", alice.did)
		}
		r.get("unknown DID", prefix+method, "", "did", unknownDID)
		r.get("invalid DID", prefix+method, "", "did", "nothing")
		r.get("handle", prefix+method, "", "did", alice.handle)
		r.get("no DID", prefix+method, "")
	}
	record := func(did, collection, rkey string) []string {
		return []string{"did", did, "collection", collection, "rkey", rkey}
	}
	r.get("a record", prefix+"getRecord", "", record(alice.did, collection, "one")...)
	r.get("unknown key", prefix+"getRecord", "", record(alice.did, collection, "none")...)
	r.get("unknown collection", prefix+"getRecord", "", record(alice.did, "com.example.zzz", "none")...)
	r.get("unknown DID", prefix+"getRecord", "", record(unknownDID, collection, "one")...)
	r.get("invalid collection", prefix+"getRecord", "", record(alice.did, "nothing", "one")...)
	r.get("no key", prefix+"getRecord", "", "did", alice.did, "collection", collection)

	one := r.cidOf(r.text("one"))
	r.get("a block", prefix+"getBlocks", "", "did", alice.did, "cids", one)
	r.get("two blocks", prefix+"getBlocks", "", "did", alice.did, "cids", one, "cids", r.cidOf(r.text("swapped")))
	r.get("a block and an unknown one", prefix+"getBlocks", "", "did", alice.did, "cids", one, "cids", otherCID)
	r.get("no CID", prefix+"getBlocks", "", "did", alice.did)
	r.get("malformed CID", prefix+"getBlocks", "", "did", alice.did, "cids", "nothing")
	r.get("unknown DID", prefix+"getBlocks", "", "did", unknownDID, "cids", one)

	r.get("all", prefix+"listRepos", "")
	cursor := r.get("first page", prefix+"listRepos", "", "limit", "1").field("cursor")
	r.get("second page", prefix+"listRepos", "", "limit", "1", "cursor", cursor)
	r.get("malformed cursor", prefix+"listRepos", "", "cursor", "nothing")
	r.get("limit is 0", prefix+"listRepos", "", "limit", "0")
	r.get("limit is 1001", prefix+"listRepos", "", "limit", "1001")
	r.get("a PDS", prefix+"listReposByCollection", "", "collection", collection)
}

// statuses calls methods for accounts that are not active.
func (r *suite) statuses() {
	const blob = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
	for _, status := range []string{"deactivated", "takendown", "deleted"} {
		a := r.person("the " + status)
		put := object{"repo": a.did, "collection": collection, "rkey": "one", "record": r.text("one")}
		r.send(http.MethodPost, "/xrpc/com.atproto.repo.putRecord", a.access, put, nil)
		app := r.send(http.MethodPost, "/xrpc/com.atproto.server.createSession", "", object{"identifier": a.handle, "password": a.appPassword}, nil).field("accessJwt")
		a.set(status)
		session := object{"identifier": a.handle, "password": a.password}
		r.post(status, "com.atproto.server.createSession", "", session)
		r.post(status+", app password", "com.atproto.server.createSession", "", object{"identifier": a.handle, "password": a.appPassword})
		session["allowTakendown"] = true
		taken := r.post(status+", allowTakendown", "com.atproto.server.createSession", "", session).field("accessJwt")
		r.get(status, "com.atproto.server.getSession", a.access)
		r.get(status+", app password", "com.atproto.server.getSession", app)
		if taken != "" {
			r.get(status+", allowTakendown", "com.atproto.server.getSession", taken)
			r.post(status+", allowTakendown", "com.atproto.repo.putRecord", taken, put)
		}
		r.post(status, "com.atproto.server.refreshSession", a.refresh, nil)
		r.post(status, "com.atproto.repo.putRecord", a.access, put)
		r.post(status, "com.atproto.repo.uploadBlob", a.access, file{"text/plain", []byte(status)})
		r.get(status, "com.atproto.identity.resolveHandle", "", "handle", a.handle)
		r.get(status, "com.atproto.repo.getRecord", "", "repo", a.did, "collection", collection, "rkey", "one")
		r.get(status, "com.atproto.repo.listRecords", "", "repo", a.did, "collection", collection)
		r.get(status, "com.atproto.repo.describeRepo", "", "repo", a.did)
		for _, method := range []string{"getRepo", "getLatestCommit", "getRepoStatus", "listBlobs"} {
			r.get(status, "com.atproto.sync."+method, "", "did", a.did)
		}
		r.get(status, "com.atproto.sync.getRecord", "", "did", a.did, "collection", collection, "rkey", "one")
		r.get(status, "com.atproto.sync.getBlocks", "", "did", a.did, "cids", r.cidOf(r.text("one")))
		r.get(status, "com.atproto.sync.getBlob", "", "did", a.did, "cid", blob)
		r.note("PLC: "+status, r.fact(r, r.send(http.MethodGet, r.plc+"/"+a.did, "", nil, nil)))
	}
	r.get("not all active", "com.atproto.sync.listRepos", "")
}

// methods calls what there is not.
func (r *suite) methods(alice *account) {
	r.get("unknown method", "com.example.nothing", "")
	r.get("no NSID", "nothing", "")
	r.get("a procedure as a query", "com.atproto.repo.putRecord", alice.access)
	r.post("a query as a procedure", "com.atproto.repo.getRecord", alice.access, object{})
	for name, request := range map[string][2]string{
		"preflight": {http.MethodOptions, "/xrpc/com.atproto.repo.putRecord"}, "HEAD": {http.MethodHead, "/xrpc/com.atproto.server.describeServer"},
		"DELETE": {http.MethodDelete, "/xrpc/com.atproto.server.describeServer"}, "another path": {http.MethodGet, "/nothing"},
	} {
		header := http.Header{"Origin": {"https://example.com"}}
		if name == "preflight" {
			header.Set("Access-Control-Request-Method", "POST")
		}
		f := r.fact(r, r.send(request[0], request[1], "", nil, header))
		if name == "another path" { // what is there for people
			f = fact{Status: f.Status}
		}
		r.note("HTTP: "+name, f)
	}
	r.note("HTTP: proxy to an unknown service", r.fact(r, r.send(http.MethodGet, "/xrpc/com.example.getThing", alice.access, nil, http.Header{"Atproto-Proxy": {"did:web:nobody.test#thing"}})))
	r.note("HTTP: malformed proxy", r.fact(r, r.send(http.MethodGet, "/xrpc/com.example.getThing", alice.access, nil, http.Header{"Atproto-Proxy": {"nothing"}})))
}

// stream reads events from a cursor: those of one account, until there is one of another.
func (r *suite) stream(what, query string, of, until *account) {
	r.Helper()
	socket, response, err := websocket.DefaultDialer.DialContext(r.Context(), strings.Replace(r.pds, "http", "ws", 1)+"/xrpc/com.atproto.sync.subscribeRepos"+query, nil)
	if err != nil {
		if response == nil {
			r.Fatal(err)
		}
		r.note("stream: "+what, fact{Status: response.StatusCode})
		return
	}
	defer socket.Close()
	socket.SetReadDeadline(time.Now().Add(time.Minute))
	messages := []any{}
	for {
		_, frame, err := socket.ReadMessage()
		if err != nil {
			closed, ok := errors.AsType[*websocket.CloseError](err)
			if !ok {
				r.Fatalf("stream: %s: %v", what, err)
			}
			messages = append(messages, fmt.Sprint("<close ", closed.Code, ">"))
			break
		}
		if bytes.Contains(frame, []byte(until.did)) {
			break
		}
		if bytes.Contains(frame, []byte(of.did)) || !bytes.Contains(frame, []byte("did:")) {
			messages = append(messages, r.message(frame))
		}
	}
	r.note("stream: "+what, fact{Body: messages})
}

// streams reads the stream: that of all accounts so far, from the beginning, and with cursors that are not in it.
func (r *suite) streams(alice, carol *account) {
	r.note("stream: no websocket", fact{Status: r.send(http.MethodGet, "/xrpc/com.atproto.sync.subscribeRepos", "", nil, nil).status})
	quiet, last := r.person("quiet"), r.person("the last")
	r.stream("single writes", "?cursor=0", alice, last)
	r.stream("batches", "?cursor=0", carol, last)
	r.stream("future cursor", "?cursor=999999999", alice, last)
	r.stream("malformed cursor", "?cursor=nothing", alice, last)
	r.stream("negative cursor", "?cursor=-1", quiet, last)
}

// message reduces a frame to its header and payload.
func (r *suite) message(frame []byte) any {
	r.Helper()
	header, err := lex.CBORToJSON(frame[:headerSize(frame)])
	if err != nil {
		r.Fatal(err)
	}
	payload, err := lex.CBORToJSON(frame[headerSize(frame):])
	if err != nil {
		r.Fatal(err)
	}
	m, _ := r.json(r, payload).(object)
	if _, ok := m["blocks"]; ok {
		var blocks struct{ Blocks lex.Bytes }
		if err := lex.DecodeCBOR(frame[headerSize(frame):], lex.DecodeFunc(func(d *lex.Decoder) {
			var all lex.Map
			all.DecodeLex(d)
			value, _ := all.Get("blocks")
			blocks.Blocks, _ = value.Bytes()
		})); err != nil {
			r.Fatal(err)
		}
		m["blocks"] = r.archive(r, blocks.Blocks)
	}
	if _, ok := m["seq"]; ok {
		m["seq"] = "<number>"
	}
	return []any{r.json(r, header), m}
}

// headerSize returns the length of the header of a frame: a map of one or two small entries.
func headerSize(frame []byte) int {
	for n := 1; n <= len(frame); n++ {
		if _, err := lex.CBORToJSON(frame[:n]); err == nil {
			return n
		}
	}
	return 0
}

package identity_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The same key in its two forms, from the specification.
const (
	legacyType = "EcdsaSecp256k1VerificationKey2019"
	legacyKey  = "zQYEBzXeuTM9UR3rfvNag6L3RNAs5pQZyYPsomTsgQhsxLdEgCrPTLgFna8yqCnxPpNT7DBk6Ym3dgPKNu86vt9GR"
	otherKey   = "zQ3shqwJEJyMBsBXCWyCBpUBMqxcon9oHB7mCvx4sSpMdLJwc"
)

func TestParseDocument(t *testing.T) {
	key := func(id, controller, typ, multibase string) string {
		return fmt.Sprintf(`{"id":%q,"controller":%q,"type":%q,"publicKeyMultibase":%q}`, id, controller, typ, multibase)
	}
	server := func(id, typ, endpoint string) string {
		return fmt.Sprintf(`{"id":%q,"type":%q,"serviceEndpoint":%s}`, id, typ, endpoint)
	}
	const (
		did     = string(alice)
		keyID   = did + "#atproto"
		pdsID   = "#atproto_pds"
		pdsType = "AtprotoPersonalDataServer"
	)
	for _, test := range []struct {
		name                    string
		aka, methods, services  string // items; the last two without a comma
		handle                  syntax.Handle
		pds, key                string
		pdsKind, keyKind        error // of RequirePDS and RequireKey
		pdsReason, keyReason    string
		withoutAnyOfTheFourKeys bool
	}{
		{name: "empty", pdsKind: identity.ErrNotFound, keyKind: identity.ErrNotFound, pdsReason: "no server", keyReason: "no signing key"},
		{name: "id only", withoutAnyOfTheFourKeys: true, pdsKind: identity.ErrNotFound, keyKind: identity.ErrNotFound},

		// Handles: the first that is one.
		{name: "handle", aka: `"at://alice.test"`, handle: "alice.test"},
		{name: "handle in capitals", aka: `"at://Alice.TEST"`, handle: "alice.test"},
		{name: "handle after others", aka: `"https://alice.test", "acct:a@alice.test", "at://alice.test", "at://b.test"`, handle: "alice.test"},
		{name: "handle after what is none", aka: `"at://alice", "at://alice.test/", "at://` + did + `", 7, {}, null, "AT://c.test", "at://b.test"`, handle: "b.test"},
		{name: "no handle", aka: `"alice.test", "at://"`},

		// Signing keys: the first that is valid.
		{name: "key", methods: key(keyID, did, "Multikey", multikey), key: multikey},
		{name: "key, relative id", methods: key("#atproto", did, "Multikey", multikey), key: multikey},
		{name: "key, legacy", methods: key("#atproto", did, legacyType, legacyKey), key: multikey},
		{name: "key, the first", methods: key(keyID, did, "Multikey", multikey) + "," + key(keyID, did, "Multikey", otherKey), key: multikey},
		{name: "key after malformed ones", methods: key(keyID, did, "Multikey", "zQ3sh") + "," + key(keyID, "", "Multikey", otherKey) + "," +
			key(keyID, did, "Multikey", multikey), key: multikey},
		{name: "key after others", methods: `{"id":"#other","publicKeyJwk":{"kty":"EC"},"type":["a"]},` + key("#atproto_label", did, "Multikey", otherKey) + "," +
			key(keyID, did, "Multikey", multikey), key: multikey},
		{name: "no key: another id", methods: key(string(bob)+"#atproto", did, "Multikey", multikey), keyKind: identity.ErrNotFound},
		{name: "no key: longer id", methods: key("x"+keyID, did, "Multikey", multikey), keyKind: identity.ErrNotFound},
		{name: "no key: another's", methods: key(keyID, string(bob), "Multikey", multikey), keyKind: identity.ErrInvalid, keyReason: string(bob)},
		{name: "no key: no controller", methods: `{"id":"#atproto","type":"Multikey","publicKeyMultibase":"` + multikey + `"}`, keyKind: identity.ErrInvalid},
		{name: "no key: another type", methods: key(keyID, did, "JsonWebKey2020", multikey), keyKind: identity.ErrInvalid, keyReason: "JsonWebKey2020"},
		{name: "no key: legacy type, new form", methods: key(keyID, did, legacyType, multikey), keyKind: identity.ErrInvalid},
		{name: "no key: malformed", methods: key(keyID, did, "Multikey", "zzz"), keyKind: identity.ErrInvalid},
		{name: "no key: not text", methods: `{"id":"#atproto","controller":"` + did + `","type":"Multikey","publicKeyMultibase":7}`, keyKind: identity.ErrInvalid},

		// Servers: the first, whatever it is.
		{name: "pds", services: server(pdsID, pdsType, `"https://pds.test"`), pds: "https://pds.test"},
		{name: "pds, absolute id", services: server(did+pdsID, pdsType, `"https://pds.test"`), pds: "https://pds.test"},
		{name: "pds, slash", services: server(pdsID, pdsType, `"https://pds.test/"`), pds: "https://pds.test"},
		{name: "pds, port", services: server(pdsID, pdsType, `"https://pds.test:8443"`), pds: "https://pds.test:8443"},
		{name: "pds, capitals", services: server(pdsID, pdsType, `"HTTPS://PDS.test"`), pds: "https://pds.test"},
		{name: "pds, http", services: server(pdsID, pdsType, `"http://localhost:2583"`), pds: "http://localhost:2583"},
		{name: "pds, IPv6", services: server(pdsID, pdsType, `"http://[::1]:2583"`), pds: "http://[::1]:2583"},
		{name: "pds after others", services: server("#atproto_labeler", "AtprotoLabeler", `"https://l.test"`) + "," + server(pdsID, "Other", `{"a":1}`) + "," +
			server("#pds", pdsType, `"https://x.test"`) + "," + server(pdsID, pdsType, `"https://pds.test"`), pds: "https://pds.test"},
		{name: "pds, the first", services: server(pdsID, pdsType, `"https://pds.test"`) + "," + server(pdsID, pdsType, `"https://x.test"`), pds: "https://pds.test"},
		{name: "no pds: the first is malformed", services: server(pdsID, pdsType, `"pds.test"`) + "," + server(pdsID, pdsType, `"https://x.test"`),
			pdsKind: identity.ErrInvalid, pdsReason: "no scheme"},
		{name: "no pds: not ASCII", services: server(pdsID, pdsType, `"https://bücher.test"`), pdsKind: identity.ErrInvalid, pdsReason: "punycode"},
		{name: "no pds: not ASCII, with a port", services: server(pdsID, pdsType, `"https://例え.テスト:8443/"`), pdsKind: identity.ErrInvalid, pdsReason: "punycode"},
		{name: "no pds: not ASCII, escaped", services: server(pdsID, pdsType, `"https://b%C3%BCcher.test"`), pdsKind: identity.ErrInvalid, pdsReason: "punycode"},
		{name: "no pds: path", services: server(pdsID, pdsType, `"https://pds.test/xrpc"`), pdsKind: identity.ErrInvalid, pdsReason: "more than a host"},
		{name: "no pds: two slashes", services: server(pdsID, pdsType, `"https://pds.test//"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: query", services: server(pdsID, pdsType, `"https://pds.test?x=1"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: empty query", services: server(pdsID, pdsType, `"https://pds.test?"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: fragment", services: server(pdsID, pdsType, `"https://pds.test#x"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: empty fragment", services: server(pdsID, pdsType, `"https://pds.test#"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: user", services: server(pdsID, pdsType, `"https://me@pds.test"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: password", services: server(pdsID, pdsType, `"https://me:secret@pds.test"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: ftp", services: server(pdsID, pdsType, `"ftp://pds.test"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: opaque", services: server(pdsID, pdsType, `"https:pds.test"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: no host", services: server(pdsID, pdsType, `"https://"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: port only", services: server(pdsID, pdsType, `"https://:80"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: empty port", services: server(pdsID, pdsType, `"https://pds.test:"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: space", services: server(pdsID, pdsType, `" https://pds.test"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: control", services: server(pdsID, pdsType, `"https://pds.test\r\nHost: x"`), pdsKind: identity.ErrInvalid},
		{name: "no pds: not text", services: server(pdsID, pdsType, `["https://pds.test"]`), pdsKind: identity.ErrInvalid},
		{name: "no pds: another's", services: server(string(bob)+pdsID, pdsType, `"https://pds.test"`), pdsKind: identity.ErrNotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := fmt.Sprintf(`{"service":[%s],"id":%q,"alsoKnownAs":[%s],"verificationMethod":[%s],"more":{"id":7}}`,
				test.services, did, test.aka, test.methods)
			if test.withoutAnyOfTheFourKeys {
				data = fmt.Sprintf(`{"id":%q}`, did)
			}
			d, err := identity.ParseDocument([]byte(data))
			if err != nil {
				t.Fatal(err)
			}
			if d.DID != alice || d.Handle != test.handle || d.PDS != test.pds || d.Key.String() != test.key || string(d.Raw) != data {
				t.Errorf("got %+v", d)
			}
			pds, err := d.RequirePDS()
			checkRequired(t, pds, err, test.pds, test.pdsKind, test.pdsReason)
			key, err := d.RequireKey()
			checkRequired(t, key.String(), err, test.key, test.keyKind, test.keyReason)
		})
	}
}

func checkRequired(t *testing.T, got string, err error, want string, kind error, reason string) {
	t.Helper()
	if got != want || (err != nil) != (want == "") {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if kind != nil {
		wantError(t, err, string(alice), kind)
		if !strings.Contains(err.Error(), reason) {
			t.Errorf("error %q, want %q in it", err, reason)
		}
	}
}

func TestParseDocumentInvalid(t *testing.T) {
	for _, data := range []string{
		``, `null`, `[]`, `7`, `"` + string(alice) + `"`, `{}`, `{"id":7}`, `{"id":""}`, `{"id":"alice.test"}`, `{"id":"` + string(alice) + `#x"}`,
		`{"id":"` + string(alice) + `"`, `{"id":"` + string(alice) + `"} {}`,
		`{"id":"` + string(alice) + `","id":"` + string(bob) + `"}`,
		`{"id":"` + string(alice) + `","service":[],"service":[]}`,
		`{"id":"` + string(alice) + `","x":}`,
		`{"id":"` + string(alice) + `","service":[1,}`,
		`{"ID":"` + string(alice) + `"}`,
		`{"id":"` + string(alice) + `"}` + strings.Repeat(" ", 256<<10),
	} {
		d, err := identity.ParseDocument([]byte(data))
		if d != nil || !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%.100s: got %+v, %v, want ErrInvalid", data, d, err)
		}
	}
}

// A field that nobody reads may hold anything, and so may an entry of a kind that nobody reads.
func TestParseDocumentLenient(t *testing.T) {
	const (
		method = `{"id":"#atproto","type":"Multikey","controller":"` + string(alice) + `","publicKeyMultibase":"` + multikey + `","revoked":{"a":1,"a":2}}`
		server = `{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"https://pds.test","accept":[null,"` + "\xff" + `"]}`
		handle = `"at://alice.test"`
	)
	for name, test := range map[string]struct{ fields, want string }{
		"all":                      {`"alsoKnownAs":[` + handle + `],"verificationMethod":[` + method + `],"service":[` + server + `]`, "handle key pds"},
		"odd context":              {`"@context":{"@id":7,"@id":8},"service":[` + server + `]`, "pds"},
		"odd controller":           {`"controller":[{}],"assertionMethod":"x","x":"` + "\xff" + `","service":[` + server + `]`, "pds"},
		"unread field twice":       {`"x":1,"x":2,"service":[` + server + `]`, "pds"},
		"null everywhere":          {`"alsoKnownAs":null,"verificationMethod":null,"service":null`, ""},
		"text for alsoKnownAs":     {`"alsoKnownAs":` + handle + `,"service":[` + server + `]`, "pds"},
		"object for alsoKnownAs":   {`"alsoKnownAs":{"a":` + handle + `},"service":[` + server + `]`, "pds"},
		"object for methods":       {`"alsoKnownAs":[` + handle + `],"verificationMethod":{},"service":[` + server + `]`, "handle pds"},
		"number for services":      {`"alsoKnownAs":[` + handle + `],"verificationMethod":[` + method + `],"service":7`, "handle key"},
		"odd names":                {`"alsoKnownAs":[null,7,[],{"at":"://"},"` + "\xff" + `",` + handle + `]`, "handle"},
		"odd methods":              {`"verificationMethod":[null,"` + string(alice) + `#atproto",[],{"id":["#atproto"]},{"id":"#x","id":"#x"},` + method + `]`, "key"},
		"odd services":             {`"service":["x",7,null,[{}],{},{"id":"#other","serviceEndpoint":{"uri":[]}},` + server + `]`, "pds"},
		"deep":                     {`"x":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `,"service":[` + server + `]`, "pds"},
		"service twice in an item": {`"service":[{"id":"#atproto_pds","id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"https://a.test"},` + server + `]`, "pds"},
	} {
		for _, mark := range []string{"", "\ufeff"} {
			data := mark + ` {"id":"` + string(alice) + `",` + test.fields + "}\n"
			d, err := identity.ParseDocument([]byte(data))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var got []string
			if d.Handle == "alice.test" {
				got = append(got, "handle")
			}
			if d.Key.String() == multikey {
				got = append(got, "key")
			}
			if d.PDS == "https://pds.test" {
				got = append(got, "pds")
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("%s: got %s, want %s", name, got, test.want)
			}
			if string(d.Raw) != strings.TrimPrefix(data, mark) {
				t.Errorf("%s: raw %q", name, d.Raw)
			}
		}
	}
}

// The document is not a part of what it was read from.
func TestParseDocumentCopies(t *testing.T) {
	data := []byte(documentOf(alice, "alice.test"))
	d, err := identity.ParseDocument(data)
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if string(d.Raw) != documentOf(alice, "alice.test") || d.Handle != "alice.test" || !slices.Equal(d.AlsoKnownAs, []string{"at://alice.test"}) {
		t.Errorf("got %+v", d)
	}
}

// What is read is well-formed, and reading is the same each time.
func FuzzParseDocument(f *testing.F) {
	f.Add([]byte(documentOf(alice, "alice.test")))
	f.Add([]byte(`{"id":"did:web:alice.test","alsoKnownAs":["at://B.test"],"service":[{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"http://[::1]:80/"}]}`))
	f.Add([]byte(`{"id":"` + string(bob) + `","verificationMethod":[{"id":"#atproto","controller":"` + string(bob) + `","type":"` + legacyType + `","publicKeyMultibase":"` + legacyKey + `"}]}`))
	f.Add([]byte(`{"id":7,"service":[{"serviceEndpoint":{}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := identity.ParseDocument(data)
		if err != nil {
			if d != nil || !errors.Is(err, identity.ErrInvalid) {
				t.Fatalf("%+v, %v", d, err)
			}
			return
		}
		if !syntax.ValidDID(string(d.DID)) {
			t.Errorf("DID %q", d.DID)
		}
		if d.Handle != "" && (!syntax.ValidHandle(string(d.Handle)) || d.Handle != d.Handle.Normalize()) {
			t.Errorf("handle %q", d.Handle)
		}
		pds, err := d.RequirePDS()
		if (err == nil) != (pds != "") {
			t.Errorf("PDS %q, %v", pds, err)
		}
		if pds != "" {
			host, isHTTPS := strings.CutPrefix(pds, "https://")
			if !isHTTPS {
				host = strings.TrimPrefix(pds, "http://")
			}
			if host == pds || host == "" || strings.ContainsAny(host, "/?#@\\ \r\n") {
				t.Errorf("PDS %q", pds)
			}
		}
		key, err := d.RequireKey()
		if (err == nil) != key.Defined() {
			t.Errorf("key %q, %v", key, err)
		}
		again, err := identity.ParseDocument(d.Raw)
		if err != nil || again.DID != d.DID || again.Handle != d.Handle || again.PDS != d.PDS || again.Key != d.Key || !slices.Equal(again.AlsoKnownAs, d.AlsoKnownAs) {
			t.Errorf("first %+v, then %+v, %v", d, again, err)
		}
	})
}

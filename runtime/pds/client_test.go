package pds_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// TestMoved is about repositories that are not where the directory first said.
func TestMoved(t *testing.T) {
	want := items(t)[0]
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc // of the old server; nil: there is none
		again  bool             // whether the account is looked up once more
		is     error            // what the error is when there is no other server
	}{
		{"400 RepoNotFound", refuse(400, "RepoNotFound", "Could not find repo for DID: x"), true, pds.ErrRepoNotFound},
		{"404 RepoNotFound", refuse(404, "RepoNotFound", ""), true, pds.ErrRepoNotFound},
		{"InvalidRequest", refuse(400, "InvalidRequest", "Could not find repo: x"), true, pds.ErrRepoNotFound},
		{"InvalidRequest about a user", refuse(400, "InvalidRequest", "Could not find user: x"), true, pds.ErrRepoNotFound},
		{"could not locate the record", refuse(400, "InvalidRequest", "Could not locate record"), true, pds.ErrRepoNotFound},
		{"deactivated", refuse(400, "RepoDeactivated", ""), true, pds.ErrRepoDeactivated},
		{"taken down", refuse(400, "RepoTakendown", ""), true, pds.ErrRepoTakendown},
		{"suspended", refuse(400, "RepoSuspended", ""), true, pds.ErrRepoSuspended},
		{"404 page", say(404, "text/html", "<html>"), true, nil},
		{"404 of a proxy in JSON", say(404, "application/json", `{"message":"no Route matched with those values"}`), true, nil},
		{"502 page", say(502, "text/html", "<html>"), true, nil},
		{"a page", say(200, "text/html", "<html>"), true, nil},
		{"no JSON of the method", sayJSON(`[]`), true, nil},
		{"no server", nil, true, nil},

		{"no such record", refuse(400, "RecordNotFound", "Could not locate record: at://x"), false, pds.ErrRecordNotFound},
		{"another refusal", refuse(400, "InvalidRequest", "no"), false, nil},
		{"internal error", refuse(500, "InternalServerError", "Could not find repo"), false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			old := newServer(t, answers{methodGet: test.answer})
			if test.answer == nil {
				old.Close()
			}
			now := newServer(t, answers{methodGet: sayJSON(want.json())})

			d := newDirectory(t, old.URL, now.URL)
			e, err := newClient(t, d).GetRecord(t.Context(), want.URI, nil)
			switch {
			case test.again && (err != nil || e.URI != want.URI || d.lookups() != 2 || now.asked() != 1):
				t.Errorf("moved: %s, %v; %d look-ups, %d requests to the new server", e.URI, err, d.lookups(), now.asked())
			case !test.again && (err == nil || d.lookups() != 1 || now.asked() != 0):
				t.Errorf("moved: %v; %d look-ups, %d requests to the new server", err, d.lookups(), now.asked())
			}

			// The directory knows no better.
			asked := old.asked()
			d = newDirectory(t, old.URL)
			_, err = newClient(t, d).GetRecord(t.Context(), want.URI, nil)
			lookups := 1
			if test.again {
				lookups = 2
			}
			if err == nil || d.lookups() != lookups || test.answer != nil && old.asked() != asked+1 {
				t.Errorf("not moved: %v; %d look-ups, %d requests", err, d.lookups(), old.asked()-asked)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v is not %v", err, test.is)
			}
			for _, other := range []error{pds.ErrRepoNotFound, pds.ErrRecordNotFound, pds.ErrRepoDeactivated, pds.ErrRepoTakendown, pds.ErrRepoSuspended} {
				if other != test.is && errors.Is(err, other) {
					t.Errorf("%v is %v", err, other)
				}
			}

			// And it fails at the new server, too: once is enough.
			third := newServer(t, nil)
			next := newServer(t, answers{methodGet: refuse(400, "RepoNotFound", "")})
			d = newDirectory(t, old.URL, next.URL, third.URL)
			if _, err = newClient(t, d).GetRecord(t.Context(), want.URI, nil); err == nil || third.asked() != 0 {
				t.Errorf("moved twice: %v", err)
			}
		})
	}
}

// TestMovedHandle is about a handle that belongs to another account by now.
func TestMovedHandle(t *testing.T) {
	other := syntax.DID("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
	s := newServer(t, answers{"com.atproto.repo.describeRepo": func(w http.ResponseWriter, r *http.Request) {
		if did := r.FormValue("repo"); did == string(account) {
			sayJSON(fmt.Sprintf(`{"did":%q,"handle":%q,"collections":[],"handleIsCorrect":true,"didDoc":{}}`, did, handle))(w, r)
			return
		}
		refuse(400, "RepoNotFound", "")(w, r)
	}})
	d := newDirectory(t, s.URL)
	d.dids = []syntax.DID{other, account}
	description, err := newClient(t, d).DescribeRepo(t.Context(), handle)
	if err != nil || description.DID != account {
		t.Errorf("%v, %v", description, err)
	}
	if s.asked() != 2 {
		t.Errorf("%d requests", s.asked())
	}
}

// TestProcedureIsSentOnce checks that CallRepo repeats queries only.
func TestProcedureIsSentOnce(t *testing.T) {
	method := "com.example.do"
	client, s, d := serve(t, answers{method: refuse(400, "RepoNotFound", "")})
	_, err := pds.CallRepo(t.Context(), client, actor, func(_ syntax.DID, server rpc.Caller) (struct{}, error) {
		return struct{}{}, server.Call(t.Context(), &rpc.Request{NSID: syntax.NSID(method), Procedure: true}, new(rpc.Response))
	})
	if !errors.Is(err, pds.ErrRepoNotFound) || s.asked() != 1 || d.lookups() != 1 {
		t.Errorf("%v; %d requests, %d look-ups", err, s.asked(), d.lookups())
	}
}

// TestCancelled checks that nothing more is asked when the context has ended.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client, _, d := serve(t, answers{methodGet: func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}})
	_, err := client.GetRecord(ctx, items(t)[0].URI, nil)
	if !errors.Is(err, context.Canceled) || d.lookups() != 1 {
		t.Errorf("%v; %d look-ups", err, d.lookups())
	}
}

func TestUnknownAccount(t *testing.T) {
	client, s, _ := serve(t, nil)
	_, err := client.DescribeRepo(t.Context(), "nobody.test")
	if !errors.Is(err, identity.ErrNotFound) || !strings.Contains(err.Error(), "nobody.test") {
		t.Errorf("%v", err)
	}
	// An account without a server.
	_, err = newClient(t, newDirectory(t, "")).DescribeRepo(t.Context(), actor)
	if !errors.Is(err, identity.ErrNotFound) || !strings.Contains(err.Error(), string(account)) {
		t.Errorf("%v", err)
	}
	if s.asked() != 0 {
		t.Errorf("%d requests", s.asked())
	}
}

// TestHost checks that WithHost asks one server for everything and looks up what it must only.
func TestHost(t *testing.T) {
	want := items(t)[0]
	named := newServer(t, nil)
	host := newServer(t, answers{methodGet: sayJSON(want.json()), methodList: sayJSON(page("", want)), "com.atproto.sync.listRepos": sayJSON(`{"repos":[]}`)})
	d := newDirectory(t, named.URL)
	client := newClient(t, d, pds.WithHost(host.URL))
	if _, err := client.GetRecord(t.Context(), want.URI, nil); err != nil {
		t.Error(err)
	}
	if d.lookups() != 0 {
		t.Errorf("%d look-ups for a DID", d.lookups())
	}
	for _, err := range client.ListRecords(t.Context(), handle, layers, nil) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, err := range client.ListRepos(t.Context(), "", nil) {
		if err != nil {
			t.Error(err)
		}
	}
	if named.asked() != 0 || host.asked() != 3 {
		t.Errorf("%d requests to the document's server, %d to the one that was given", named.asked(), host.asked())
	}
}

// TestCaller checks that WithCaller sends calls through the caller, whatever its errors are.
func TestCaller(t *testing.T) {
	caller := caller(func(request *rpc.Request, response *rpc.Response) error {
		switch request.NSID {
		case "com.atproto.repo.describeRepo":
			return rpc.ErrorName("RepoNotFound")
		case methodGet:
			return rpc.ErrorName("RecordNotFound")
		}
		return errors.New("another one")
	})
	client, err := pds.New(pds.WithCaller(caller))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.DescribeRepo(t.Context(), actor); !errors.Is(err, pds.ErrRepoNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := client.GetRecord(t.Context(), items(t)[0].URI, nil); !errors.Is(err, pds.ErrRecordNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := client.GetLatestCommit(t.Context(), actor, nil); err == nil || !strings.Contains(err.Error(), "another one") {
		t.Errorf("%v", err)
	}
}

type caller func(*rpc.Request, *rpc.Response) error

func (c caller) Call(_ context.Context, request *rpc.Request, response *rpc.Response) error {
	return c(request, response)
}

// TestPrivate checks that servers that DID documents name are not contacted at private addresses.
func TestPrivate(t *testing.T) {
	want := items(t)[0]
	s := newServer(t, answers{methodGet: sayJSON(want.json())})
	d := newDirectory(t, s.URL)
	for _, opts := range [][]pds.Option{
		{pds.WithNetwork(network.Network{})},
		{pds.WithNetwork(network.Network{}), pds.WithXRPC(xrpc.WithNetwork(network.Network{AllowPrivate: true}))},
	} {
		if _, err := newClient(t, d, opts...).GetRecord(t.Context(), want.URI, nil); err == nil {
			t.Error("http was not refused")
		}
	}
	d = newDirectory(t, strings.Replace(s.URL, "http:", "https:", 1))
	for _, opts := range [][]pds.Option{
		{pds.WithNetwork(network.Network{})},
		{pds.WithNetwork(network.Network{}), pds.WithXRPC(xrpc.WithNetwork(network.Network{AllowPrivate: true}))},
	} {
		if _, err := newClient(t, d, opts...).GetRecord(t.Context(), want.URI, nil); !errors.Is(err, guard.ErrPrivate) {
			t.Errorf("https at a loopback address: %v", err)
		}
	}
	if s.asked() != 0 {
		t.Errorf("%d requests", s.asked())
	}
	if _, err := pds.New(pds.WithHost("http://pds.example.com")); err == nil {
		t.Error("WithHost with http was accepted")
	}
}

func TestNew(t *testing.T) {
	for name, opts := range map[string][]pds.Option{
		"host":            {pds.WithHost("example.com")},
		"host with path":  {pds.WithHost("https://example.com/xrpc")},
		"host and caller": {pds.WithHost("https://example.com"), pds.WithCaller(pages{})},
		"option":          {pds.WithXRPC(xrpc.WithMaxResponse(-1)), pds.WithHost("https://example.com")},
	} {
		if client, err := pds.New(opts...); err == nil || client != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	client, err := pds.New()
	if err != nil || client.Directory() == nil {
		t.Fatalf("%v", err)
	}
	for _, err := range client.ListRepos(t.Context(), "", nil) {
		if err == nil {
			t.Error("no host, and no error")
		}
	}
}

// TestManyServers reads from many servers at once.
func TestManyServers(t *testing.T) {
	want := items(t)[0]
	clients := []*pds.Client{}
	for range 3 {
		client, _, _ := serve(t, answers{methodGet: sayJSON(want.json()), "com.atproto.sync.listRepos": sayJSON(`{"repos":[]}`)})
		clients = append(clients, client)
	}
	host := newServer(t, answers{"com.atproto.sync.listRepos": sayJSON(`{"repos":[]}`)})
	var running sync.WaitGroup
	for i := range 30 {
		running.Go(func() {
			client := clients[i%len(clients)]
			if _, err := client.GetRecord(t.Context(), want.URI, nil); err != nil {
				t.Error(err)
			}
			for _, err := range client.ListRepos(t.Context(), host.URL, nil) {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if host.asked() != 30 {
		t.Errorf("%d requests", host.asked())
	}
}

package pds_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// TestOtherHost: a call may name another server than the account's own, which alone is asked.
func TestOtherHost(t *testing.T) {
	n := atptest.New(t)
	own := n.NewPDS()
	a := own.NewAccount("alice.test")
	a.PutJSON("com.example.note", "1", `{"$type":"com.example.note"}`)
	relay := n.NewRelay()
	directory, err := identity.New(identity.WithNetwork(n.Options()))
	if err != nil {
		t.Fatal(err)
	}
	client, err := pds.New(pds.WithDirectory(directory))
	if err != nil {
		t.Fatal(err)
	}
	for _, actor := range []syntax.AtIdentifier{syntax.AtIdentifier(a.DID), "alice.test"} {
		if commit, err := client.GetLatestCommit(t.Context(), actor, &pds.LatestCommitOptions{Host: relay.URL}); err != nil || commit.CID != a.State().Commit {
			t.Errorf("%s: %v, %v", actor, commit, err)
		}
		body, err := client.GetRepoCAR(t.Context(), actor, &pds.RepoCAROptions{Host: relay.URL}) // which redirects
		if err != nil {
			t.Fatal(err)
		}
		if r, err := repo.Read(t.Context(), body); err != nil || r.CommitCID() != a.State().Commit {
			t.Errorf("%s: %v", actor, err)
		} else {
			r.Close()
		}
		body.Close()
	}
	if got := relay.Requests("com.atproto.sync.*"); got != 4 {
		t.Errorf("%d requests to the host", got)
	}
	if own.Requests("com.atproto.sync.getLatestCommit") != 0 {
		t.Error("the account's own server was asked, too")
	}
	relay.Fail(fault.Error(400, "RepoNotFound", "x"))
	if _, err := client.GetLatestCommit(t.Context(), syntax.AtIdentifier(a.DID), &pds.LatestCommitOptions{Host: relay.URL}); !errors.Is(err, pds.ErrRepoNotFound) {
		t.Error(err)
	}
}

// TestPrivateHost: a server that a call names is reached only at a public address, unless others are allowed.
func TestPrivateHost(t *testing.T) {
	client, err := pds.New()
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]error{"https://127.0.0.1:1": guard.ErrPrivate, "https://[::1]:1": guard.ErrPrivate, "http://127.0.0.1:1": nil} {
		_, err := client.GetRepoCAR(t.Context(), "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", &pds.RepoCAROptions{Host: host})
		if err == nil || want != nil && !errors.Is(err, want) || want == nil && !strings.Contains(err.Error(), "not an https address") {
			t.Errorf("%s: %v", host, err)
		}
	}
}

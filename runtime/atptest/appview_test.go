package atptest_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/integration"
	"github.com/layers-pub/layers-go/layers/persona"
	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/atptest/layersview"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// TestAppView follows a record through the appview: it is there as soon as it is written, until it or its account goes.
func TestAppView(t *testing.T) {
	n := atptest.New(t)
	alice := n.NewAccount("alice.test")
	view, err := appview.New("", appview.WithNetwork(n.Options()), appview.WithXRPC(xrpc.WithRetry(xrpc.Retry{Attempts: 1})))
	if err != nil {
		t.Fatal(err)
	}
	names := func(c rpc.Caller) (names []string) {
		t.Helper()
		for item, err := range persona.NewClient(c).ListPersonasIter(t.Context(), &persona.ListPersonasParams{Repo: "alice.test"}) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, item.Value.Name)
		}
		return names
	}
	check := func(what string, c rpc.Caller, want ...string) {
		t.Helper()
		if got := names(c); !slices.Equal(got, want) {
			t.Errorf("%s: the appview has %q, want %q", what, got, want)
		}
	}
	put := func(rkey syntax.RecordKey, name string) syntax.ATURI {
		return alice.Put(rkey, &persona.Persona{Name: name, CreatedAt: "2026-01-01T00:00:00Z"})
	}
	uri := put("a", "first")
	check("a new record", view, "first")
	before, _ := alice.Record("pub.layers.persona.persona/a")
	put("b", "second")
	put("a", "changed")
	check("a changed record", view, "changed", "second")
	alice.PutJSON("pub.layers.persona.persona", "b", `{"$type": "pub.layers.persona.persona"}`)
	check("a record that breaks its lexicon", view, "changed")
	broken := "at://" + syntax.ATURI(alice.DID) + "/pub.layers.persona.persona/b"
	if err := n.AppView().View.Refused()[broken]; err == nil || !strings.Contains(err.Error(), "/name: required") {
		t.Errorf("the appview does not say why it has no %s: %v", broken, err)
	}
	alice.SetStatus(atptest.Deactivated)
	put("c", "hidden")
	check("an inactive account", view)
	alice.SetStatus(atptest.Active)
	check("an active account", view, "changed", "hidden")
	alice.Delete("pub.layers.persona.persona", "c")
	check("a deleted record", view, "changed")

	// Through the PDS, with a session.
	session, err := auth.Login(t.Context(), "alice.test", alice.Password, auth.WithNetwork(n.Options()), auth.WithStore(auth.NewMemoryStore()), auth.WithXRPC(xrpc.WithProxy("did:web:appview.test#layers")))
	if err != nil {
		t.Fatal(err)
	}
	check("through the PDS", session, "changed")

	// The appview claims what is not so.
	repos, err := pds.New(pds.WithNetwork(n.Options()))
	if err != nil {
		t.Fatal(err)
	}
	entry, err := persona.NewClient(view).GetPersona(t.Context(), &persona.GetPersonaParams{URI: uri})
	if err != nil || entry.URI != uri || entry.Trust != rec.Claimed {
		t.Fatalf("%v, %v", entry, err)
	}
	if _, err := appview.ConfirmEntry[persona.Persona](t.Context(), repos, entry.URI, syntax.CID(entry.CID.String())); err != nil {
		t.Error(err)
	}
	now, _ := alice.Record("pub.layers.persona.persona/a")
	if err := n.AppView().View.Put(uri, before.CID, before.Data); err != nil {
		t.Fatal(err)
	}
	entry, err = persona.NewClient(view).GetPersona(t.Context(), &persona.GetPersonaParams{URI: uri})
	if err != nil || entry.CID != before.CID || entry.CID == now.CID {
		t.Fatalf("%v, %v", entry, err)
	}
	if _, err := appview.ConfirmEntry[persona.Persona](t.Context(), repos, entry.URI, syntax.CID(entry.CID.String())); !errors.Is(err, appview.ErrDiffers) {
		t.Errorf("a claim that is not so: %v", err)
	}

	n.AppView().View.SetIntegration(layersview.Integration{
		GetExternal: func(_ context.Context, p *integration.GetExternalParams) (*integration.GetExternalOutput, error) {
			return nil, integration.GetExternalErrorNotFound
		},
	})
	if _, err := integration.NewClient(view).GetExternal(t.Context(), &integration.GetExternalParams{URI: uri}); !errors.Is(err, integration.GetExternalErrorNotFound) {
		t.Errorf("getExternal: %v", err)
	}
	end := n.AppView().Fail(fault.HTML(http.StatusBadGateway))
	if _, err := persona.NewClient(view).GetPersona(t.Context(), &persona.GetPersonaParams{URI: uri}); err == nil {
		t.Error("a fault of the appview makes no call fail")
	}
	end()
	n.SetAppView(http.NotFoundHandler())
	if _, err := persona.NewClient(view).GetPersona(t.Context(), &persona.GetPersonaParams{URI: uri}); err == nil {
		t.Error("SetAppView changed nothing")
	}
}

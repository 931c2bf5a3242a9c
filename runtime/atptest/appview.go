package atptest

import (
	"context"
	"errors"
	"net/http"

	"github.com/layers-pub/layers-go/runtime/atptest/layersview"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// AppViewDID is the DID of the appview. In the header atproto-proxy any service name may follow it, as in
// "did:web:appview.test#layers".
const AppViewDID = "did:web:appview.test"

// AppView is the appview of a network. It answers the queries of Layers from the records of all active accounts, as
// soon as they are written. A PDS forwards the requests that have the header atproto-proxy to it.
type AppView struct {
	*Server
	// View holds the records, and lists those that it refused because they break their lexicons. A test can add other records,
	// so that the appview makes false claims, and set the answers to queries about records of other apps.
	View *layersview.View
}

// newAppView starts the appview.
func (n *Network) newAppView() error {
	view := layersview.New(layersview.WithHandles(func(_ context.Context, handle syntax.Handle) (syntax.DID, error) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if a := n.accountOf(syntax.AtIdentifier(handle)); a != nil {
			return a.DID, nil
		}
		return "", errors.New("no account has the handle")
	}))
	s, err := n.listen("the appview", view)
	if err != nil {
		return err
	}
	n.appview = &AppView{s, view}
	n.Watch(func(c Change) {
		if c.Deleted {
			view.Delete(c.URI)
		} else {
			_ = view.Put(c.URI, c.CID, c.Data) // the View does not take a record that breaks its lexicon, and keeps the error
		}
	})
	return nil
}

// AppView returns the appview.
func (n *Network) AppView() *AppView { return n.appview }

// SetAppView makes h answer the requests to the appview instead of its View.
func (n *Network) SetAppView(h http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.appview.handler = h
}

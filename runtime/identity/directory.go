package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Directory resolves handles and DIDs and remembers the answers. Concurrent look-ups of the same handle or DID share
// one, which has its own time-out and continues when a caller's context ends.
//
// A Directory is safe for concurrent use. Use a single Directory in a program, so that all parts share the remembered
// answers.
type Directory struct {
	network   network.Network
	ttl       lifetimes
	forgets   bool              // the cache is off
	start     time.Time         // the time of moment 0
	handles   table[syntax.DID] // by handle in lower case
	documents table[*Document]  // by DID; documents are never modified
	lexicons  table[syntax.DID] // by the domain that controls NSIDs
}

// New returns a directory. By default it asks the PLC directory of the public network, DNS, and the hosts of handles
// and of did:web. It returns an error only if an option is invalid.
func New(opts ...Option) (*Directory, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	s, err := newSources(o.network)
	if err != nil {
		return nil, err
	}
	d := &Directory{network: o.network, ttl: o.ttl, forgets: o.cacheSize == 0, start: time.Now()}
	d.handles.check, d.handles.lookUp = checkHost, s.lookUpHandle
	d.handles.ttl, d.handles.now = o.ttl, d.now
	d.handles.store.limit, d.handles.store.weigh = o.cacheSize, func(syntax.DID) int { return 1 }
	d.lexicons.check, d.lexicons.lookUp = checkAuthority, s.lookUpLexicons
	d.lexicons.ttl, d.lexicons.now = o.ttl, d.now
	d.lexicons.store.limit, d.lexicons.store.weigh = o.cacheSize, func(syntax.DID) int { return 1 }
	d.documents.check, d.documents.lookUp = s.checkDID, s.lookUpDocument
	d.documents.ttl, d.documents.now = o.ttl, d.now
	d.documents.store.limit, d.documents.store.weigh = o.cacheSize, weight
	return d, nil
}

// Network returns the network of [WithNetwork], the zero value if there was none. A client that is given only the
// directory uses its network, too.
func (d *Directory) Network() network.Network { return d.network }

func (d *Directory) now() moment { return time.Since(d.start) }

// weight returns how many documents d counts as in the cache.
func weight(d *Document) int {
	const usual = 2 << 10 // bytes
	if d == nil {
		return 1
	}
	return 1 + len(d.Raw)/usual
}

// ResolveHandle returns the DID to which a handle resolves, by its DNS record or, if it has none, by the well-known file
// on its host. Both are requested at the same time, and DNS takes precedence. If the network of [WithNetwork] names a
// server that resolves handles, ResolveHandle asks that instead. Letter case in the handle does not matter.
//
// ResolveHandle does not check that the DID claims the handle: [Directory.Resolve] does. The error is an [Error], or
// that of ctx.
func (d *Directory) ResolveHandle(ctx context.Context, handle syntax.Handle) (syntax.DID, error) {
	return d.handles.get(ctx, string(handle.Normalize()), d.now(), anyAge)
}

// ResolveDID returns the document of a DID of the method plc or web. The caller may modify the document. The error is
// an [Error], or that of ctx.
func (d *Directory) ResolveDID(ctx context.Context, did syntax.DID) (*Document, error) {
	document, err := d.documents.get(ctx, string(did), d.now(), anyAge)
	if err != nil {
		return nil, err
	}
	return document.clone(), nil
}

// LookUpDID returns the current document of a DID: unlike [Directory.ResolveDID], it always looks the DID up, and it
// remembers the answer. Use it where an old document must not be relied on. Concurrent calls share one look-up. The
// error is an [Error], or that of ctx. If the look-up fails with [ErrUnreachable], the remembered document is kept.
func (d *Directory) LookUpDID(ctx context.Context, did syntax.DID) (*Document, error) {
	document, err := d.documents.lookUpNow(ctx, string(did))
	if err != nil {
		return nil, err
	}
	return document.clone(), nil
}

// Resolve returns the identity of the account with the given handle or DID.
//
// If actor is a handle, the document of the DID to which it resolves must claim it; otherwise the error is an
// [ErrInvalid]. If actor is a DID, the result's Handle is [HandleInvalid] when its document claims no handle, or one
// that does not resolve to the DID or cannot be resolved at present. A document that lacks a server or a key is not an
// error here: use [Identity.RequirePDS] and [Identity.RequireKey].
//
// The answer may be as old as [WithTTL] allows for what was found. The error is an [Error], or that of ctx.
func (d *Directory) Resolve(ctx context.Context, actor syntax.AtIdentifier) (Identity, error) {
	resolve := d.resolveHandle
	if actor.IsDID() {
		resolve = d.resolveDID
	}
	now := d.now()
	i, fits, err := resolve(ctx, actor, now, anyAge)
	if !fits && !d.forgets {
		// The handle or the document may have changed since it was looked up. So a mismatch is not remembered for
		// longer than a "not found".
		again, _, failed := resolve(ctx, actor, now, now-d.ttl.notFound)
		if known := err == nil && errors.Is(failed, ErrUnreachable); !known {
			return again, failed
		}
	}
	return i, err
}

// resolveHandle and resolveDID return the identity of an account, from answers that are not older than oldest. fits
// is false if the handle and the document are known to contradict each other.

func (d *Directory) resolveHandle(ctx context.Context, actor syntax.AtIdentifier, now, oldest moment) (i Identity, fits bool, err error) {
	handle := syntax.Handle(actor).Normalize()
	did, err := d.handles.get(ctx, string(handle), now, oldest)
	if err != nil {
		return Identity{}, true, err
	}
	document, err := d.documents.get(ctx, string(did), now, oldest)
	if err != nil {
		return Identity{}, true, about(handle, err)
	}
	if document.Handle != handle {
		claim := "claims no handle"
		if document.Handle != "" {
			claim = "claims the handle " + string(document.Handle)
		}
		return Identity{}, false, &Error{string(handle), invalid("leads to %s, which %s", did, claim)}
	}
	i = document.identity()
	i.Handle = handle
	return i, true, nil
}

// about turns an Error about a DID into one about the handle that resolves to the DID. It returns other errors
// unchanged.
func about(handle syntax.Handle, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	return &Error{string(handle), fmt.Errorf("leads to %s: %w", e.Subject, e.Err)}
}

func (d *Directory) resolveDID(ctx context.Context, actor syntax.AtIdentifier, now, oldest moment) (i Identity, fits bool, err error) {
	document, err := d.documents.get(ctx, string(actor), now, oldest)
	if err != nil {
		return Identity{}, true, err
	}
	i = document.identity()
	if document.Handle == "" {
		return i, true, nil
	}
	did, err := d.handles.get(ctx, string(document.Handle), now, oldest)
	if ended(ctx, err) {
		return Identity{}, true, err
	}
	if did != document.DID {
		return i, false, nil
	}
	i.Handle = document.Handle
	return i, true, nil
}

// Purge forgets the remembered handle and document of the account with the given handle or DID, from which
// [Directory.Resolve] answers. The results of look-ups in progress are not remembered either. Call Purge when an
// account is known to have changed.
func (d *Directory) Purge(actor syntax.AtIdentifier) {
	if did, is := actor.DID(); is {
		if e := d.documents.store.load(string(did)); e != nil && e.value != nil && e.value.Handle != "" {
			d.handles.purge(string(e.value.Handle))
		}
		d.documents.purge(string(did))
		return
	}
	handle := string(syntax.Handle(actor).Normalize())
	if e := d.handles.store.load(handle); e != nil && e.value != "" {
		d.documents.purge(string(e.value))
	}
	d.handles.purge(handle)
}

// Refresh is [Directory.Resolve] with new look-ups. Use it when the remembered identity has turned out to be wrong:
// an account has left its server, or a signature is invalid.
//
// Concurrent calls share the look-ups. Refresh looks up a handle or a DID at most once in five seconds; within that
// time it returns what Resolve does, so that bad data cannot make a program flood the servers with requests. If a
// look-up fails with [ErrUnreachable], Refresh returns that error, and the remembered answer is kept.
func (d *Directory) Refresh(ctx context.Context, actor syntax.AtIdentifier) (Identity, error) {
	if d.forgets {
		return d.Resolve(ctx, actor)
	}
	if did, is := actor.DID(); is {
		document, err := d.documents.refresh(ctx, string(did))
		if err != nil {
			return Identity{}, err
		}
		if document.Handle != "" {
			if _, err := d.handles.refresh(ctx, string(document.Handle)); ended(ctx, err) {
				return Identity{}, err
			}
		}
		return d.Resolve(ctx, actor)
	}
	handle := syntax.Handle(actor).Normalize()
	did, err := d.handles.refresh(ctx, string(handle))
	if err != nil {
		return Identity{}, err
	}
	if _, err := d.documents.refresh(ctx, string(did)); err != nil {
		return Identity{}, about(handle, err)
	}
	return d.Resolve(ctx, actor)
}

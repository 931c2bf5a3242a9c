package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Directory resolves handles and DIDs and remembers the answers. Concurrent look-ups of the same handle or
// DID are one; it goes on when the context of one of the callers ends, and ends by its own time-out.
//
// A Directory is safe for concurrent use. Use one for all of a program, so that nothing is asked twice.
type Directory struct {
	options   *options
	start     time.Time         // what moments are counted from
	handles   table[syntax.DID] // by handle in lower case
	documents table[*Document]  // by DID; they do not change
}

// New returns a directory. Without options it asks [DefaultPLC], DNS and the hosts of handles and of
// did:web. The error is that of an option.
func New(opts ...Option) (*Directory, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	d := &Directory{options: o, start: time.Now()}
	d.handles.check, d.handles.lookUp = checkHost, o.lookUpHandle
	d.handles.ttl, d.handles.now = o.ttl, d.now
	d.handles.store.limit, d.handles.store.weigh = o.cacheSize, func(syntax.DID) int { return 1 }
	d.documents.check, d.documents.lookUp = o.checkDID, o.lookUpDocument
	d.documents.ttl, d.documents.now = o.ttl, d.now
	d.documents.store.limit, d.documents.store.weigh = o.cacheSize, weight
	return d, nil
}

func (d *Directory) now() moment { return time.Since(d.start) }

// weight returns for how many documents d counts in the cache.
func weight(d *Document) int {
	const usual = 2 << 10 // bytes
	if d == nil {
		return 1
	}
	return 1 + len(d.Raw)/usual
}

// ResolveHandle returns the DID that a handle leads to, by its DNS record or, if it has none, by the file
// on its host. Both are asked at the same time, and what DNS says counts. The handle may be in any case.
//
// That the DID claims the handle is not checked: [Directory.Resolve] does that. The error is an [Error],
// or that of ctx.
func (d *Directory) ResolveHandle(ctx context.Context, handle syntax.Handle) (syntax.DID, error) {
	return d.handles.get(ctx, string(handle.Normalize()), d.now(), anyAge)
}

// ResolveDID returns the document of a DID of the method plc or web. The document is the caller's own. The
// error is an [Error], or that of ctx.
func (d *Directory) ResolveDID(ctx context.Context, did syntax.DID) (*Document, error) {
	document, err := d.documents.get(ctx, string(did), d.now(), anyAge)
	if err != nil {
		return nil, err
	}
	return document.clone(), nil
}

// LookUpDID returns the document of a DID as it is now: it asks anew, whatever is remembered, and the answer is
// remembered. Concurrent calls share one look-up. It is for what must not rest on an old document; where that may be,
// use [Directory.ResolveDID]. The error is an [Error], or that of ctx; what was remembered is kept when the look-up fails with
// [ErrUnreachable].
func (d *Directory) LookUpDID(ctx context.Context, did syntax.DID) (*Document, error) {
	document, err := d.documents.lookUpNow(ctx, string(did))
	if err != nil {
		return nil, err
	}
	return document.clone(), nil
}

// Resolve returns who an account is, named by its handle or its DID.
//
// A handle must be claimed by the document of the DID that it leads to: otherwise the error is an
// [ErrInvalid]. A DID resolves without that; its handle is [HandleInvalid] if the one that its document
// claims does not lead back to it, or cannot be resolved at present. An account whose document lacks a
// server or a key resolves, too: ask [Identity.RequirePDS] and [Identity.RequireKey].
//
// The answer may be as old as the lifetime for what was found ([WithTTL]). The error is an [Error], or
// that of ctx.
func (d *Directory) Resolve(ctx context.Context, actor syntax.AtIdentifier) (Identity, error) {
	resolve := d.resolveHandle
	if actor.IsDID() {
		resolve = d.resolveDID
	}
	now := d.now()
	i, fits, err := resolve(ctx, actor, now, anyAge)
	if !fits && d.options.cacheSize > 0 {
		// Handle and DID may have changed since one of them was looked up. That they do not fit is not
		// remembered for longer than that there is nothing.
		again, _, failed := resolve(ctx, actor, now, now-d.options.ttl.notFound)
		if known := err == nil && errors.Is(failed, ErrUnreachable); !known {
			return again, failed
		}
	}
	return i, err
}

// resolveHandle and resolveDID return who an account is, from answers of which none is from before oldest,
// and whether the handle and the document fit each other, as far as is known.

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

// about returns an error with a DID, or that of a context, as one with the handle that leads to the DID.
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

// Purge forgets what is remembered of an account, named by its handle or its DID: the handle and the
// document that the answer of [Directory.Resolve] is made of. What is being looked up at the time is not
// remembered either. Call it when an account is known to have changed.
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

// Refresh is Resolve with new look-ups, for when what is remembered has turned out wrong: an account that
// is not where it was, a signature that does not hold.
//
// Concurrent calls share them, and a handle or a DID is looked up by Refresh once in five seconds at most;
// within that time Refresh returns what Resolve does, so that bad data cannot make a program bother the
// directory. When the look-up fails with [ErrUnreachable], Refresh returns that, and what was remembered
// is kept.
func (d *Directory) Refresh(ctx context.Context, actor syntax.AtIdentifier) (Identity, error) {
	if d.options.cacheSize == 0 {
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

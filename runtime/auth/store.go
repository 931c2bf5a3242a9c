package auth

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Store keeps sessions, one for each account. [FileStore] and [NewMemoryStore] are Stores; a database or a
// keyring can be one. It must be safe for concurrent use.
//
// A session is renewed by handing its refresh token in, which then is worth nothing, or not for long. That is why
// the renewal happens within [Store.Update], and why a Store that several processes use must lock there across
// processes: two that hand the same token in lose the session.
type Store interface {
	// Load returns the session of an account. The error wraps [ErrNoSession] when there is none. Load does not
	// wait for an Update that is under way.
	Load(ctx context.Context, did syntax.DID) (*Session, error)
	// List returns all sessions, ordered by DID.
	List(ctx context.Context) ([]*Session, error)
	// Current returns the account that is meant when none is named, "" if there is none.
	Current(ctx context.Context) (syntax.DID, error)
	// SetCurrent sets it.
	SetCurrent(ctx context.Context, did syntax.DID) error
	// Update changes the session of one account. It takes a lock that keeps every other Update of the same
	// account out, in this process and in all others that use the store, waiting for it no longer than
	// ctx; reads the session as it is stored now; and calls change with it once, with nil if there is none. Then
	// it stores what change returns, or removes the session if that is nil; it need not write one that
	// change returned as it got it. When it returns without an error, the change is on disk, and a crash
	// at any time leaves the old session or the new one.
	//
	// An error of change ends Update, and nothing is stored. change may take as long as a request to a slow
	// server. Once change has returned, the server has forgotten the old session: Update should then do all it
	// can to store the new one, even if ctx has ended.
	Update(ctx context.Context, did syntax.DID, change Change) error
}

// Change makes the session that is to be stored out of the one that is, see [Store].
type Change = func(ctx context.Context, stored *Session) (*Session, error)

func noSession(did syntax.DID) error { return fmt.Errorf("%w for %s", ErrNoSession, did) }

// NewMemoryStore returns a Store that keeps sessions in memory, for as long as the program runs.
func NewMemoryStore() Store {
	return &memoryStore{accounts: make(map[syntax.DID]*memoryAccount)}
}

type memoryStore struct {
	mu       sync.Mutex
	current  syntax.DID
	accounts map[syntax.DID]*memoryAccount
}

type memoryAccount struct {
	updating chan struct{} // holds an element while an Update is under way
	session  *Session      // nil: none
}

// account returns the account, which is empty at first. m.mu is held.
func (m *memoryStore) account(did syntax.DID) *memoryAccount {
	a := m.accounts[did]
	if a == nil {
		a = &memoryAccount{updating: make(chan struct{}, 1)}
		m.accounts[did] = a
	}
	return a
}

func (m *memoryStore) String() string { return "memory" }

func (m *memoryStore) Load(_ context.Context, did syntax.DID) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a := m.accounts[did]; a != nil && a.session != nil {
		s := *a.session
		return &s, nil
	}
	return nil, noSession(did)
}

func (m *memoryStore) List(context.Context) ([]*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []*Session
	for _, did := range slices.Sorted(maps.Keys(m.accounts)) {
		if s := m.accounts[did].session; s != nil {
			s := *s
			list = append(list, &s)
		}
	}
	return list, nil
}

func (m *memoryStore) Current(context.Context) (syntax.DID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.current, nil
}

func (m *memoryStore) SetCurrent(_ context.Context, did syntax.DID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.current = did
	return nil
}

func (m *memoryStore) Update(ctx context.Context, did syntax.DID, change Change) error {
	m.mu.Lock()
	a := m.account(did)
	m.mu.Unlock()
	select {
	case a.updating <- struct{}{}:
		defer func() { <-a.updating }()
	case <-ctx.Done():
		return ctx.Err()
	}

	stored, err := m.Load(ctx, did)
	if err != nil {
		stored = nil
	}
	next, err := change(ctx, stored)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if a.session = nil; next != nil {
		s := *next
		a.session = &s
	}
	return nil
}

package auth

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Store stores sessions, one for each account. [FileStore] is a Store, and [NewMemoryStore] returns one; a program
// can implement it with a database or a keyring. It must be safe for concurrent use.
//
// Renewing a session uses up its refresh token. So clients renew within [Store.Update], and a Store that several
// processes share must lock there across processes: if two use the same refresh token, the session is lost.
type Store interface {
	// Load returns the session of an account. The error wraps [ErrNoSession] if there is none. Load does not wait for
	// an Update in progress.
	Load(ctx context.Context, did syntax.DID) (*Session, error)
	// List returns all sessions, ordered by DID.
	List(ctx context.Context) ([]*Session, error)
	// Current returns the current account, which is used when none is named, or "" if there is none.
	Current(ctx context.Context) (syntax.DID, error)
	// SetCurrent sets the current account.
	SetCurrent(ctx context.Context, did syntax.DID) error
	// Update changes the session of one account. It takes a lock that excludes every other Update of the same
	// account, in this process and in all others that use the store; it waits for the lock until ctx ends. Then it
	// reads the stored session and calls change with it once, or with nil if there is none. It stores the session
	// that change returns, or removes the stored one if that is nil; it need not write a session that change returned
	// unchanged. When Update returns without an error, the change is on disk. A crash at any time leaves either the
	// old or the new session.
	//
	// If change returns an error, Update returns it and stores nothing. change may take as long as a request to a
	// slow server. When change has returned, the server may have ended the old session, so Update should do all it
	// can to store the new one, even if ctx has ended.
	Update(ctx context.Context, did syntax.DID, change Change) error
}

// Change is a function that [Store.Update] calls. It takes the stored session, nil if there is none, and returns the
// session to store in its place, nil to store none.
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
	updating chan struct{} // has an element while an Update is in progress
	session  *Session      // nil: none
}

// account returns the entry of an account, a new one if there is none. The caller must hold m.mu.
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

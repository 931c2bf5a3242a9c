// Package memstore provides an in-memory store for package follow, for tests and for programs that read everything anew
// when they start.
package memstore

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Store is a [follow.Store] in memory. It is safe for concurrent use.
type Store struct {
	mu        sync.RWMutex
	repos     map[syntax.DID]follow.Repo
	paths     map[syntax.DID][]follow.Path // in order
	positions map[string]firehose.Position
}

// New returns an empty store.
func New() *Store {
	return &Store{repos: map[syntax.DID]follow.Repo{}, paths: map[syntax.DID][]follow.Path{}, positions: map[string]firehose.Position{}}
}

// Position implements [follow.Store].
func (m *Store) Position(_ context.Context, endpoint string) (firehose.Position, bool, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	p, ok := m.positions[endpoint]
	return p, ok, nil
}

// Repos implements [follow.Store].
func (m *Store) Repos(context.Context) iter.Seq2[follow.Repo, error] {
	return func(yield func(follow.Repo, error) bool) {
		m.mu.RLock()
		all := slices.Collect(maps.Values(m.repos))
		m.mu.RUnlock()
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Paths implements [follow.Store].
func (m *Store) Paths(_ context.Context, did syntax.DID, after string, limit int) ([]follow.Path, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := m.paths[did]
	at, found := find(all, after)
	if found {
		at++
	}
	return slices.Clone(all[at:min(at+limit, len(all))]), nil
}

// find returns the index at which a path is or would be in paths, and whether it is there.
func find(paths []follow.Path, path string) (int, bool) {
	return slices.BinarySearchFunc(paths, path, func(p follow.Path, path string) int { return strings.Compare(p.Path, path) })
}

// Apply implements [follow.Store].
func (m *Store) Apply(_ context.Context, b *follow.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, did := range b.Forgotten {
		delete(m.repos, did)
		delete(m.paths, did)
	}
	for _, c := range b.Changes {
		paths := m.paths[c.DID]
		at, found := find(paths, c.Path())
		switch {
		case c.Action == firehose.Delete && found:
			paths = slices.Delete(paths, at, at+1)
		case c.Action == firehose.Delete:
		case found:
			paths[at].CID = c.CID
		default:
			paths = slices.Insert(paths, at, follow.Path{Path: c.Path(), CID: c.CID})
		}
		m.paths[c.DID] = paths
	}
	for _, r := range b.Repos {
		m.repos[r.DID] = r
	}
	maps.Copy(m.positions, b.Positions)
	return nil
}

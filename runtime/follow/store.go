package follow

import (
	"context"
	"iter"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Store keeps the state of a [Run] across restarts of a program: the repositories, the CIDs of their records by path, and
// the position in the stream. Package boltstore has one in a file, and package memstore one in memory.
//
// A store that also keeps the records, such as a database that a program reads from, takes them from [Batch.Changes].
//
// An implementation must be safe for concurrent use; Apply is called by one goroutine at a time. Errors end the Run.
type Store interface {
	// Position returns the stored position of an endpoint, and whether there is one.
	Position(ctx context.Context, endpoint string) (firehose.Position, bool, error)
	// Repos yields all repositories, in any order.
	Repos(ctx context.Context) iter.Seq2[Repo, error]
	// Paths returns the records of a repository at paths after the given one, in the order of the bytes of the paths: limit
	// of them, or fewer if there are no more.
	Paths(ctx context.Context, did syntax.DID, after string, limit int) ([]Path, error)
	// Apply stores a batch, all of it or nothing. When it returns nil, the batch is durable.
	Apply(ctx context.Context, batch *Batch) error
}

// Path is the path of a record in a repository, with the record's CID.
type Path struct {
	// Path is "collection/recordkey".
	Path string
	CID  cid.CID
}

// Phase is the state of a repository in a [Store].
type Phase string

// The phases of a repository.
const (
	// Stale means that the repository has to be fetched and compared, because it never was, or because a change may be
	// missing. The paths in the store may be those of State or of any later state.
	Stale Phase = "stale"
	// Live means that the paths in the store are those of State, and that the next commit of the stream has to follow it.
	Live Phase = "live"
	// Inactive means that the account is not active. The paths in the store stay as they are, but an account that was
	// deleted has none.
	Inactive Phase = "inactive"
)

// Repo is what a [Store] keeps of a repository, in addition to its paths.
type Repo struct {
	DID   syntax.DID     `json:"did"`
	Phase Phase          `json:"phase"`
	State reposync.State `json:"state,omitzero"`
	// Status says why the account is not active; it is empty in other phases.
	Status string `json:"status,omitempty"`
	// Filter identifies the collections that were wanted when the repository was last compared. If other collections
	// are wanted, it is compared again.
	Filter string `json:"filter,omitempty"`
	// Fault is the text of the last error, for people. It is empty if the repository has been compared since then.
	Fault string `json:"fault,omitempty"`
}

// Batch is what a [Store] stores in one transaction.
type Batch struct {
	// Forgotten are repositories to remove, with all their paths. They are removed before the rest is stored.
	Forgotten []syntax.DID
	// Changes are changes of records, in order. For each, the store keeps the CID under the DID and the path or, if the
	// record was deleted, removes the entry, which need not exist.
	Changes []*Change
	// Repos are the new states of repositories. If there are several for one repository, the last one counts.
	Repos []Repo
	// Positions are the new positions by endpoint.
	Positions map[string]firehose.Position
}

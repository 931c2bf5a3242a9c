package firehose

import (
	"context"
	"errors"
	"iter"

	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Subscriber is a source of events, such as a [Client].
type Subscriber interface {
	// Subscribe yields the events of the source. See [Client.Subscribe].
	Subscribe(ctx context.Context, options *Options) iter.Seq2[Event, error]
}

// DefaultQueue is the default of [Options.Queue], in bytes.
const DefaultQueue = 64 << 20

// DefaultCollections are the wanted collections if [Options] name none: all collections of Layers.
var DefaultCollections = []string{"pub.layers.*"}

// Options are the options of one subscription. A nil *Options means the zero value.
type Options struct {
	// Collections are the collections whose records are wanted. Each is an NSID, the beginning of NSIDs followed by
	// ".*", or "*", which means all: "pub.layers.*" means all collections whose NSID begins with "pub.layers.". An empty
	// list means [DefaultCollections].
	Collections []string
	// DIDs are the accounts whose events are wanted; an empty list means all.
	DIDs []syntax.DID
	// Commits reports whether the caller wants a [*Commit] for each commit of a repository, including those without a
	// wanted record. It may be called more than once for a commit, from several goroutines, and must not keep did. Nil
	// means that no commits are wanted.
	Commits func(did []byte) bool
	// Known returns the state of a repository that Commits selects, as the caller has stored it, and whether there is
	// one. The commit that follows this state, and each later commit that follows the one before it, has the trust
	// [rec.Chained], and so do its records: no change was missed. Commits that are not newer than the known state are
	// not yielded. If a commit does not follow, [Commit.Desynchronized] says so, and no later commit has that trust
	// until one follows a state that Known returns.
	//
	// Known is called for each commit that does not follow a commit with that trust, from several goroutines, and
	// before the loop gets the commit. The subscription keeps the last state of each such repository in memory. Known
	// has no effect if the source does not verify commits. Nil means that no state is known.
	Known func(did syntax.DID) (reposync.State, bool)
	// Lookup returns the type of a collection's records, for [Record.Value]; for Layers, use records.Lookup. Nil means
	// that records are not decoded.
	Lookup func(syntax.NSID) (lex.RecordDef, bool)

	// Cursors, if it is not nil, keeps the position across restarts. The position is saved when it has changed, at
	// most once a second, and at the end.
	Cursors CursorStore
	// Cursor is where the stream begins if Cursors has no position: after the frame of that number or, depending on the
	// source, with it. 0 means the oldest frame that the source has. If it is unset, the stream begins with the current
	// events.
	Cursor lex.Opt[int64]
	// Reconnect makes the subscription connect again when the connection is lost, from the last position.
	Reconnect bool

	// Manual makes events count as acknowledged when the caller calls their method Ack, in any order and from any
	// goroutine. Otherwise an event is acknowledged when the loop asks for the next one; the event at which the caller
	// breaks out of the loop is not.
	Manual bool
	// Reuse lets the source use the memory of events again: an event, and all that it refers to, is valid only until
	// the loop's next turn. It cannot be combined with Manual.
	Reuse bool
	// Overwrite, with Reuse, overwrites events at the loop's next turn. It is for tests, where it exposes the use of
	// events that are no longer valid.
	Overwrite bool
	// Queue is how many bytes of frames and decoded events may wait for the loop; 0 means [DefaultQueue]. When there
	// are more, reading stops until the loop has caught up; nothing is dropped. A single frame may exceed the limit.
	// Events that the loop has taken do not count, acknowledged or not.
	Queue int64
	// Monitor, if it is not nil, is kept up to date: see [Monitor.Health].
	Monitor *Monitor
}

// check returns the options with their defaults, and the filter for the wanted collections and accounts. It returns an
// error if the options are invalid.
func (o *Options) check() (Options, stream.Filter, error) {
	var out Options
	if o != nil {
		out = *o
	}
	if len(out.Collections) == 0 {
		out.Collections = DefaultCollections
	}
	if out.Queue <= 0 {
		out.Queue = DefaultQueue
	}
	if out.Monitor == nil {
		out.Monitor = new(Monitor)
	}
	if out.Reuse && out.Manual {
		return out, stream.Filter{}, errors.New("firehose: the options Reuse and Manual cannot be combined")
	}
	if out.Known != nil && out.Commits == nil {
		return out, stream.Filter{}, errors.New("firehose: the option Known requires Commits")
	}
	if n, ok := out.Cursor.Get(); ok && n < 0 {
		return out, stream.Filter{}, errors.New("firehose: the cursor is negative")
	}
	f, err := stream.NewFilter(out.Collections, out.DIDs)
	return out, f, err
}

package firehose

import (
	"context"
	"fmt"
	"net/url"
	"runtime"
	"sync"
	"time"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// repos implements the protocol com.atproto.sync.subscribeRepos for one subscription.
type repos struct {
	client    *Client
	options   *Options
	filter    *stream.Filter
	verifiers sync.Pool // of *reposync.Verifier
	chains    chains
}

func newRepos(c *Client, o *Options, f *stream.Filter) *repos {
	r := &repos{client: c, options: o, filter: f, chains: chains{known: o.Known}}
	r.verifiers.New = func() any { return reposync.NewVerifier() }
	return r
}

// Source implements stream.Protocol.
func (r *repos) Source() string { return r.client.Endpoint() }

// Address implements stream.Protocol.
func (r *repos) Address(cursor int64) url.URL {
	u := r.client.endpoint
	if cursor >= 0 {
		u.RawQuery = fmt.Sprintf("cursor=%d", cursor)
	}
	return u
}

// Overlap implements stream.Protocol.
func (r *repos) Overlap() time.Duration { return 0 }

// lookups is how many signing keys may be looked up at once: the number of workers of a client with a directory.
const lookups = 64

// Workers implements stream.Protocol. Without look-ups, more workers than processors would not help.
func (r *repos) Workers() int {
	if r.client.keys != nil {
		return lookups
	}
	return runtime.GOMAXPROCS(0)
}

// Scan implements stream.Protocol.
func (r *repos) Scan(m stream.Message) stream.Frame {
	var f frame
	var err error
	switch {
	case m.Size > MaxFrame:
		f.scan(m.Data, r.filter) // to find its number, which is near the beginning
		err = fmt.Errorf("%w: %d bytes, limit %d", ErrFrameSize, m.Size, MaxFrame)
	case !m.Binary:
		err = fmt.Errorf("%w: text", ErrFrame)
	default:
		err = f.scan(m.Data, r.filter)
	}
	out := stream.Frame{Seq: f.seq, HasSeq: f.hasSeq, Time: f.time, DID: f.did, Rev: f.rev, Err: err}
	switch {
	case f.typ == typeError:
		out.HasSeq = false
		if err == nil {
			out.End = stream.Named(string(f.name), string(f.message))
		}
	case f.typ == typeInfo:
		out.HasSeq, out.DID, out.Wanted = false, nil, true
	case !r.filter.WantsRepo(f.did):
	case f.typ == typeCommit:
		out.Wanted = f.wanted || f.tooBig || r.follows(f.did)
	default:
		out.Wanted = true
	}
	return out
}

// follows reports whether the caller wants an event for each commit of a repository.
func (r *repos) follows(did []byte) bool { return r.options.Commits != nil && r.options.Commits(did) }

// Job implements stream.Protocol.
func (r *repos) Job(m stream.Message) *stream.Job {
	if r.options.Reuse {
		return reuse(m, r.options.Overwrite)
	}
	return stream.NewJob(m)
}

// Release implements stream.Protocol.
func (r *repos) Release(j *stream.Job) { release(j) }

// Ended implements stream.Protocol.
func (r *repos) Ended(*stream.Failure) bool { return true }

// Acks implements stream.Protocol.
func (r *repos) Acks() bool { return false }

// Events implements stream.Protocol.
func (r *repos) Events(ctx context.Context, j *stream.Job) ([]stream.Event, error) {
	var f frame
	if err := f.scan(j.Data, r.filter); err != nil {
		return nil, err
	}
	switch f.typ {
	case typeCommit:
		return r.commit(ctx, j, &f)
	case typeSync:
		return r.sync(ctx, j, &f)
	case typeIdentity:
		var m atproto.SyncSubscribeReposIdentity
		if err := decodeMessage(f.payload, &m, "time", "handle"); err != nil {
			return nil, err
		}
		if r.client.keys != nil {
			r.client.keys.directory.Purge(syntax.AtIdentifier(m.DID))
		}
		return []stream.Event{&Identity{Header: r.header(&f), DID: m.DID, Handle: m.Handle.Or("")}}, nil
	case typeAccount:
		var m atproto.SyncSubscribeReposAccount
		if err := decodeMessage(f.payload, &m, "time", "status"); err != nil {
			return nil, err
		}
		return []stream.Event{&Account{Header: r.header(&f), DID: m.DID, Active: m.Active, Status: string(m.Status.Or(""))}}, nil
	default:
		var m atproto.SyncSubscribeReposInfo
		if err := decodeMessage(f.payload, &m, "message"); err != nil {
			return nil, err
		}
		header := Header{Source: r.Source(), Time: syntax.Datetime(f.time)}
		return []stream.Event{&Info{Header: header, Name: quote.Cut(string(m.Name), 128), Message: quote.Cut(m.Message.Or(""), 1<<10)}}, nil
	}
}

func (r *repos) header(f *frame) Header {
	h := Header{Source: r.Source(), Time: syntax.Datetime(f.time)}
	if f.hasSeq && f.seq >= 0 {
		h.Seq = f.seq
	}
	return h
}

package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// subscribe reads the stream until ctx ends, or reconnecting is useless. If the stored position is ahead of the
// source, it begins again with the current events.
func (f *follower) subscribe(ctx context.Context) error {
	options := &firehose.Options{
		Collections: f.Collections, DIDs: f.Options.Repos, Commits: f.follows, Lookup: f.typeOf,
		Cursors: positions{f}, Reconnect: true, Manual: true, Queue: f.Queue, Monitor: f.stream,
	}
	for {
		s := &subscription{follower: f}
		err := s.read(ctx, options)
		if !errors.Is(err, firehose.ErrFutureCursor) || f.startsNow(false) {
			return err
		}
		// The source was reset, and counts from a lower number.
		f.startsNow(true)
		if err := f.missed(ctx, err); err != nil {
			return err
		}
	}
}

// startsNow reports whether the stream begins with the current events, even if a position is stored. If set is true,
// it does so from now on.
func (f *follower) startsNow(set bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fromNow = f.fromNow || set
	return f.fromNow
}

// follows reports whether a repository is followed.
func (f *follower) follows(did []byte) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.repos[string(did)] != nil
}

func (f *follower) tracked(did syntax.DID) *tracked {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.repos[string(did)]
}

// positions is a [firehose.CursorStore] in the follower's store. Save stores a position after all changes that were
// written before it.
type positions struct{ *follower }

func (p positions) Load(ctx context.Context, endpoint string) (firehose.Position, bool, error) {
	if p.startsNow(false) {
		return firehose.Position{}, false, nil
	}
	return p.store.Position(ctx, endpoint)
}

func (p positions) Save(ctx context.Context, endpoint string, at firehose.Position) error {
	b := &write{Batch: Batch{Positions: map[string]firehose.Position{endpoint: at}}}
	if err := p.writer.put(ctx, b); err != nil {
		return err
	}
	return p.writer.Wait(ctx, b.number)
}

// missed is called when events of the stream may be missing. It asks for a comparison of all repositories, and reports
// a [*Problem].
func (f *follower) missed(ctx context.Context, why error) error {
	select {
	case f.gap <- struct{}{}:
	default:
	}
	return f.handle(ctx, &Problem{Err: fmt.Errorf("%w: %w", ErrGap, why)})
}

// subscription reads one stream. The events of one frame come one after the other: its records, and then its commit.
type subscription struct {
	*follower
	commits bool               // whether the source yields commits
	pending []*firehose.Record // the records of a frame whose commit has not arrived yet
	joined  *firehose.Record   // of a frame whose repository was not followed; its fetch brings the frame's other records
}

func (s *subscription) read(ctx context.Context, options *firehose.Options) error {
	for event, err := range s.source.Subscribe(ctx, options) {
		if err != nil {
			return err
		}
		if err := s.take(ctx, event); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.New("follow: the source has ended the stream")
}

func (s *subscription) take(ctx context.Context, event firehose.Event) error {
	if e, ok := event.(*firehose.Record); ok {
		return s.record(ctx, e)
	}
	records := s.pending
	s.pending = nil
	c, isCommit := event.(*firehose.Commit)
	s.commits = s.commits || isCommit
	if len(records) > 0 && !(isCommit && sameFrame(records[0], c.DID, c.Rev, c.Seq)) {
		if err := s.about(ctx, records[0].DID, &item{records: records}); err != nil {
			return err
		}
		records = nil
	}
	switch e := event.(type) {
	case *firehose.Commit:
		return s.about(ctx, e.DID, &item{commit: e, records: records})
	case *firehose.Sync:
		return s.about(ctx, e.DID, &item{event: e})
	case *firehose.Account:
		return s.about(ctx, e.DID, &item{event: e})
	case *firehose.Identity:
		s.Client.Directory().Purge(syntax.AtIdentifier(e.DID))
		return s.about(ctx, e.DID, &item{event: e})
	case *firehose.BadFrame:
		if e.DID != "" {
			return s.about(ctx, e.DID, &item{event: e})
		}
		if err := s.handle(ctx, &Problem{Err: e.Err, Frame: e.Frame}); err != nil {
			return err
		}
	case *firehose.Reset:
		if err := s.missed(ctx, fmt.Errorf("the source was reset: event %d was followed by event %d", e.Last.Seq, e.Next.Seq)); err != nil {
			return err
		}
	case *firehose.Reconnect:
		if e.Gap {
			if err := s.missed(ctx, e.Err); err != nil {
				return err
			}
		}
	case *firehose.Info:
		if e.Name == firehose.OutdatedCursor {
			if err := s.missed(ctx, fmt.Errorf("the source says %s: %s", e.Name, e.Message)); err != nil {
				return err
			}
		}
	}
	event.Ack()
	return nil
}

// record processes a record. If the repository is followed and the source yields commits, it keeps the record until
// the commit of the same frame arrives.
func (s *subscription) record(ctx context.Context, e *firehose.Record) error {
	if len(s.pending) > 0 && !sameFrame(s.pending[0], e.DID, e.Rev, e.Seq) {
		records := s.pending
		s.pending = nil
		if err := s.about(ctx, records[0].DID, &item{records: records}); err != nil {
			return err
		}
	}
	switch {
	case s.joined != nil && sameFrame(s.joined, e.DID, e.Rev, e.Seq):
		e.Ack()
	case e.Trust < rec.Signed && !s.commits:
		return s.about(ctx, e.DID, &item{records: []*firehose.Record{e}, alone: true})
	case s.tracked(e.DID) == nil:
		s.joined = e
		return s.about(ctx, e.DID, &item{records: []*firehose.Record{e}})
	default:
		s.pending = append(s.pending, e)
	}
	return nil
}

func sameFrame(e *firehose.Record, did syntax.DID, rev syntax.TID, seq int64) bool {
	return e.DID == did && e.Rev == rev && e.Seq == seq
}

// about passes an item on to its repository. If that is not followed, it begins to follow it if the item has a wanted
// record, or a commit that cannot be verified, which may have one.
func (s *subscription) about(ctx context.Context, did syntax.DID, it *item) error {
	r := s.tracked(did)
	bad, _ := it.event.(*firehose.BadFrame)
	joins := len(it.records) > 0 || bad != nil && !errors.Is(bad.Err, firehose.ErrFrame) && !errors.Is(bad.Err, firehose.ErrFrameType)
	if r == nil && bad != nil {
		if err := s.handle(ctx, &Problem{DID: did, Rev: bad.Rev, Err: bad.Err, Frame: bad.Frame}); err != nil {
			return err
		}
	}
	if r == nil && !joins {
		it.ack()
		return nil
	}
	if s.Server != "" && s.elsewhere(ctx, did, it) {
		err := s.handle(ctx, &Problem{DID: did, Err: fmt.Errorf("%w: it is not at %s", ErrElsewhere, s.Server)})
		if r != nil {
			s.mu.Lock()
			r.todo |= r.awaken(time.Now()).todo
			s.work.add(r)
			s.mu.Unlock()
		}
		it.ack()
		return err
	}
	if r == nil {
		err := s.follow(ctx, did)
		it.ack()
		return err
	}
	return s.offer(ctx, r, it)
}

// elsewhere reports whether the DID document of an account names another server than Options.Server. It looks the
// document up anew if the cached one does, and if the event says that the account is not active, because the former
// server of an account says that, too.
func (s *subscription) elsewhere(ctx context.Context, did syntax.DID, it *item) bool {
	account, isAccount := it.event.(*firehose.Account)
	document, err := s.Client.Directory().ResolveDID(ctx, did)
	if err == nil && document.PDS == s.Server && !(isAccount && !account.Active) {
		return false
	}
	fresh, err := s.Client.Directory().Refresh(ctx, syntax.AtIdentifier(did))
	return err == nil && fresh.PDS != s.Server
}

package repo

import (
	"bytes"
	"context"
	"iter"
	"runtime"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// DecodeOptions are the options of [Repo.Decode] and [Entries]. A nil *DecodeOptions means the zero value.
type DecodeOptions struct {
	// Workers is how many goroutines hash and decode, including the loop's own; 0 means runtime.GOMAXPROCS(0).
	Workers int
	// Share lets the strings of decoded records share the memory of an archive that was opened with
	// [FromBytes], which saves a copy of each record. The caller must not change the archive's bytes
	// while a record is in use. Share has no effect on other archives.
	Share bool
	// Reuse decodes records into memory that is reused, which saves most of the time of decoding and all
	// allocations. Value is then valid only until the loop's next turn or its end, as Data is. Copy what
	// is needed for longer.
	Reuse bool
	// Overwrite, with Reuse, overwrites a value at the loop's next turn. It is for tests, where it
	// exposes the use of values that are no longer valid. It costs time.
	Overwrite bool
}

// Decoded is a record of a repository with the result of decoding it.
type Decoded struct {
	Record
	// Value is the decoded record, or nil if its collection is unknown. If there are issues, Value holds
	// what could be decoded.
	Value lex.Record
	// Issues lists everything that is wrong with the record.
	Issues []issue.Issue

	repo *Repo
	cost int64 // estimated memory in bytes
}

// URI returns the record's at-uri.
func (d *Decoded) URI() syntax.ATURI { return uriOf(d.repo.commit.DID, d.Collection, d.RecordKey) }

func uriOf(did syntax.DID, collection syntax.NSID, recordKey syntax.RecordKey) syntax.ATURI {
	return syntax.ATURI("at://" + string(did) + "/" + string(collection) + "/" + string(recordKey))
}

// Outcome says whether the record was decoded: it failed if it has issues, and was skipped if its collection is
// unknown.
func (d *Decoded) Outcome() rec.Outcome { return rec.OutcomeOf(d.Value != nil, d.Issues) }

// Envelope returns the undecoded record, with a copy of its data and the level of trust that [Repo.Trust] returns.
func (d *Decoded) Envelope() rec.Envelope {
	return rec.Envelope{URI: d.URI(), CID: d.CID, Data: bytes.Clone(d.Data), Trust: d.repo.Trust()}
}

// Decode yields all records in the order of their paths. It decodes each into the type that lookup returns for
// its collection; for a record of another collection, it checks only that it fits the data model. Decode also checks
// everything that [Repo.Records] checks, and the same errors end the loop. A record with issues does not: Decode yields
// it with its issues and without an error.
//
// If decoding a record panics, the loop ends with a [*RecordError] that wraps a [*PanicError]. A panic of lookup,
// or of the source of the archive, is raised again in the loop's goroutine.
//
// Several goroutines hash and decode blocks, some of them ahead of the loop; that of the loop does so while the next
// record is not ready. The loop may keep Issues, and Value unless Reuse is set; the Decoded itself and its Data are valid
// until the loop's next turn. Without Reuse, up to 32 neighbouring records share memory: a loop that keeps one of them
// keeps all of them in memory. A loop that keeps nothing takes a bounded amount of memory, whatever is in the archive:
// see [MaxAhead].
func (r *Repo) Decode(ctx context.Context, lookup func(syntax.NSID) (lex.RecordDef, bool), options *DecodeOptions) iter.Seq2[*Decoded, error] {
	if options == nil {
		options = new(DecodeOptions)
	}
	return r.decode(ctx, decoding{lookup: lookup}, options)
}

func (r *Repo) decode(ctx context.Context, d decoding, options *DecodeOptions) iter.Seq2[*Decoded, error] {
	d.repo = r
	d.workers = options.Workers
	d.share = options.Share && r.index.InMemory() && r.spool == nil
	d.reuse, d.overwrite = options.Reuse, options.Reuse && options.Overwrite
	if d.workers < 1 {
		d.workers = runtime.GOMAXPROCS(0)
	}
	if d.workers == 1 {
		return d.alone(ctx)
	}
	return d.together(ctx)
}

// decoding has the arguments of one call of [Repo.Decode] or [Entries].
type decoding struct {
	repo      *Repo
	lookup    func(syntax.NSID) (lex.RecordDef, bool)
	only      syntax.NSID // the only collection that is decoded and yielded; "" for all. All are checked
	workers   int
	share     bool
	reuse     bool
	overwrite bool
}

// arena returns an arena for decoded values. The caller passes it to giveBack when no value in it is in use.
func (d *decoding) arena() *lex.Arena {
	switch {
	case d.overwrite:
		return &lex.Arena{Overwrite: true}
	case d.reuse:
		return arenas.Get().(*lex.Arena)
	}
	return &lex.Arena{Keep: true}
}

func giveBack(arena *lex.Arena) {
	if arena.Reset(); !arena.Overwrite && !arena.Keep {
		arenas.Put(arena)
	}
}

// leavesOut reports whether the records of a collection are not yielded.
func (d *decoding) leavesOut(collection syntax.NSID) bool {
	return d.only != "" && d.only != collection
}

// decodingWorker is the state that one goroutine keeps from record to record.
type decodingWorker struct {
	*decoding
	ahead counter       // the cost of the records that workers have decoded and the loop has not reached
	known lex.RecordDef // what lookup returned for the last record, with its collection as NSID
	found bool
	spent int64 // bytes of memory that decoding the last record took
}

// decode decodes a record into arena. It returns ctx's error, or a [*RecordError] if decoding panicked.
func (w *decodingWorker) decode(ctx context.Context, record Record, arena *lex.Arena) (Decoded, error) {
	out := Decoded{Record: record, repo: w.repo}
	if w.known.NSID != record.Collection {
		w.known, w.found = w.lookup(record.Collection)
		w.known.NSID = record.Collection
	}
	err := panics.Catch(func() error {
		var value lex.Decodable
		switch {
		case !w.found:
			value = new(lex.Map)
		default:
			out.Value = arena.New(&w.known)
			value = out.Value
		}
		err := lex.Decode(ctx, record.Data, value, lex.DecodeOptions{Share: w.share, Spent: &w.spent, Arena: arena})
		if invalid, ok := err.(*issue.Error); ok {
			out.Issues = invalid.Issues
			return nil
		}
		return err
	})
	if panicked, ok := err.(*panics.Error); ok {
		err := &PanicError{Value: panicked.Value, Stack: panicked.Stack}
		return Decoded{}, &RecordError{DID: w.repo.commit.DID, Collection: record.Collection, RecordKey: record.RecordKey, CID: record.CID, Err: err}
	}
	if err != nil {
		return Decoded{}, err
	}
	out.cost = w.spent
	for i := range out.Issues {
		out.cost += issueCost + int64(len(out.Issues[i].Path))
	}
	return out, nil
}

// issueCost is about how much memory an issue takes, in bytes, without its path.
const issueCost = 256

// alone decodes all records in the goroutine of the loop.
func (d *decoding) alone(ctx context.Context) iter.Seq2[*Decoded, error] {
	return func(yield func(*Decoded, error) bool) {
		w := decodingWorker{decoding: d}
		arena := d.arena()
		defer func() { giveBack(arena) }()
		var out Decoded
		n := 0
		for record, err := range d.repo.Records(ctx) {
			if err == nil && d.leavesOut(record.Collection) {
				continue
			}
			if err == nil {
				if n++; d.reuse || n%keptTogether == 0 {
					arena.Reset()
				}
				if d.overwrite {
					arena = d.arena() // what was overwritten stays so
				}
				out, err = w.decode(ctx, record, arena)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&out, nil) {
				return
			}
		}
	}
}

// Package boltstore keeps the state of package follow in one file, with go.etcd.io/bbolt. It can keep the records,
// too.
//
//	store, err := boltstore.Open("follow.db", boltstore.WithRecords())
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	err = follow.Run(ctx, source, store, nil, options)
//
// Each batch is one transaction, which is on disk when [Store.Apply] returns: a crash at any time leaves the state
// before or after it. The file is locked while it is open, so that no other process uses it. Other processes can read
// snapshots of it: [Store.ServeSnapshots] writes them, and [OpenSnapshot] opens them.
package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ErrInUse says that another process has the file open.
var ErrInUse = errors.New("in use by another process")

// ErrFormat says that a file was not written by this package, or is damaged.
var ErrFormat = errors.New("not a store of package boltstore")

// The buckets, and the keys in bucketMeta. In bucketRecords, a key is the DID, a zero byte and the path. Its value is
// the CID, a byte with the [rec.Trust], and the record in DAG-CBOR, which is left out without [WithRecords].
var (
	bucketRepos     = []byte("repos")     // DID to follow.Repo in JSON
	bucketRecords   = []byte("records")   // see above
	bucketPositions = []byte("positions") // endpoint to firehose.Position in JSON
	bucketMeta      = []byte("meta")
	keyFormat       = []byte("format")
	keyRecords      = []byte("records") // whether records are kept
)

// format is the version of the file's format.
const format = "1"

// cidSize is the size of a CID in bytes.
const cidSize = len(cid.CID{})

// Store is a [follow.Store] in a file. It is safe for concurrent use.
type Store struct {
	db      *bbolt.DB
	path    string
	records bool
}

// Option sets how a [Store] works.
type Option func(*Store)

// WithRecords makes the store keep the records, and not only their CIDs: see [Store.Records]. The setting of a file
// cannot be changed after it is created.
func WithRecords() Option { return func(s *Store) { s.records = true } }

// lockTimeout is how long Open waits for another process to close the file.
const lockTimeout = time.Second

// Open opens the store in the file at path, and creates it if it does not exist. The caller must close it. An error
// wraps [ErrInUse] if another process has it open, and [ErrFormat] if it is another kind of file. Open also fails if
// the file was created with another setting of [WithRecords].
func Open(path string, opts ...Option) (*Store, error) {
	s := &Store{path: path}
	for _, opt := range opts {
		opt(s)
	}
	if err := s.open(&bbolt.Options{Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType}); err != nil {
		return nil, err
	}
	err := s.db.Update(func(tx *bbolt.Tx) error {
		if meta := tx.Bucket(bucketMeta); meta != nil {
			return s.check(meta)
		}
		for _, name := range [][]byte{bucketRepos, bucketRecords, bucketPositions} {
			if _, err := tx.CreateBucket(name); err != nil {
				return fmt.Errorf("%w: %w", ErrFormat, err)
			}
		}
		meta, err := tx.CreateBucket(bucketMeta)
		if err != nil {
			return err
		}
		return errors.Join(meta.Put(keyFormat, []byte(format)), meta.Put(keyRecords, yes(s.records)))
	})
	if err != nil {
		s.db.Close()
		return nil, fmt.Errorf("boltstore: %s: %w", path, err)
	}
	return s, nil
}

// OpenReadOnly opens an existing store for reading. Several processes can do that at once, but not while another one
// has it open for writing: see [OpenSnapshot]. Errors are those of [Open].
func OpenReadOnly(path string) (*Store, error) { return openReadOnly(path, lockTimeout) }

// openReadOnly opens a store for reading. It waits for at most timeout for another process to close the file.
func openReadOnly(path string, timeout time.Duration) (*Store, error) {
	s := &Store{path: path}
	if err := s.open(&bbolt.Options{Timeout: timeout, ReadOnly: true}); err != nil {
		return nil, err
	}
	err := s.db.View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		if meta == nil {
			return ErrFormat
		}
		s.records = bytes.Equal(meta.Get(keyRecords), yes(true))
		return s.check(meta)
	})
	if err != nil {
		s.db.Close()
		return nil, fmt.Errorf("boltstore: %s: %w", path, err)
	}
	return s, nil
}

func (s *Store) open(options *bbolt.Options) error {
	db, err := bbolt.Open(s.path, 0o600, options)
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		err = ErrInUse
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		err = fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if err != nil {
		return fmt.Errorf("boltstore: %s: %w", s.path, err)
	}
	s.db = db
	return nil
}

// check checks the version of the file's format, and that the file was created with the same setting of WithRecords.
func (s *Store) check(meta *bbolt.Bucket) error {
	if got := meta.Get(keyFormat); string(got) != format {
		return fmt.Errorf("%w: its format is %q, but this program expects %q", ErrFormat, got, format)
	}
	if keeps := bytes.Equal(meta.Get(keyRecords), yes(true)); keeps != s.records {
		how := map[bool]string{true: "with", false: "without"}
		return fmt.Errorf("the file was created %s records, but is opened %s records", how[keeps], how[s.records])
	}
	return nil
}

func yes(v bool) []byte {
	if v {
		return []byte("yes")
	}
	return []byte("no")
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Position implements [follow.Store].
func (s *Store) Position(_ context.Context, endpoint string) (p firehose.Position, ok bool, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketPositions).Get([]byte(endpoint))
		if ok = b != nil; !ok {
			return nil
		}
		return s.damaged("position of "+endpoint, json.Unmarshal(b, &p))
	})
	return p, ok, err
}

// Repos implements [follow.Store].
func (s *Store) Repos(ctx context.Context) iter.Seq2[follow.Repo, error] {
	return func(yield func(follow.Repo, error) bool) {
		stop := errors.New("stop")
		err := s.db.View(func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketRepos).ForEach(func(did, b []byte) error {
				var r follow.Repo
				if err := s.damaged("repository "+string(did), json.Unmarshal(b, &r)); err != nil {
					return err
				}
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if !yield(r, nil) {
					return stop
				}
				return nil
			})
		})
		if err != nil && err != stop {
			yield(follow.Repo{}, err)
		}
	}
}

// Paths implements [follow.Store].
func (s *Store) Paths(_ context.Context, did syntax.DID, after string, limit int) (out []follow.Path, err error) {
	prefix := append([]byte(did), 0)
	err = s.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketRecords).Cursor()
		from := append(bytes.Clone(prefix), after...)
		k, v := c.Seek(from)
		if bytes.Equal(k, from) {
			k, v = c.Next()
		}
		for ; bytes.HasPrefix(k, prefix) && len(out) < limit; k, v = c.Next() {
			r, err := s.parse(k, v)
			if err != nil {
				return err
			}
			out = append(out, follow.Path{Path: string(k[len(prefix):]), CID: r.CID})
		}
		return nil
	})
	return out, err
}

// Apply implements [follow.Store].
func (s *Store) Apply(_ context.Context, b *follow.Batch) error {
	err := s.db.Update(func(tx *bbolt.Tx) error {
		repos, records := tx.Bucket(bucketRepos), tx.Bucket(bucketRecords)
		for _, did := range b.Forgotten {
			prefix := append([]byte(did), 0)
			c := records.Cursor()
			for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Seek(prefix) {
				if err := c.Delete(); err != nil {
					return err
				}
			}
			if err := repos.Delete([]byte(did)); err != nil {
				return err
			}
		}
		var key []byte
		for _, c := range b.Changes {
			key = append(append(append(key[:0], c.DID...), 0), c.Path()...)
			if c.Action == firehose.Delete {
				if err := records.Delete(key); err != nil {
					return err
				}
				continue
			}
			value := append(make([]byte, 0, cidSize+1+len(c.Data)), c.CID[:]...)
			value = append(value, byte(c.Trust))
			if s.records {
				value = append(value, c.Data...)
			}
			if err := records.Put(key, value); err != nil {
				return err
			}
		}
		for _, r := range b.Repos {
			if err := putJSON(repos, string(r.DID), r); err != nil {
				return err
			}
		}
		for endpoint, p := range b.Positions {
			if err := putJSON(tx.Bucket(bucketPositions), endpoint, p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("boltstore: %s: %w", s.path, err)
	}
	return nil
}

func putJSON(bucket *bbolt.Bucket, key string, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return bucket.Put([]byte(key), b)
}

// parse returns the record with the key k and the value v in bucketRecords. Its Data is a part of v, which is valid
// until the transaction ends.
func (s *Store) parse(k, v []byte) (rec.Envelope, error) {
	did, path, _ := bytes.Cut(k, []byte{0})
	collection, key, ok := mst.SplitKey(string(path))
	if !ok || len(v) < cidSize+1 {
		return rec.Envelope{}, s.damaged(fmt.Sprintf("record %q", k), errors.New("malformed"))
	}
	c, err := cid.FromBytes(v[:cidSize])
	if err != nil {
		return rec.Envelope{}, s.damaged(fmt.Sprintf("record %q", k), err)
	}
	uri := syntax.ATURI("at://" + string(did) + "/" + string(collection) + "/" + string(key))
	return rec.Envelope{URI: uri, CID: c, Data: v[cidSize+1:], Trust: rec.Trust(v[cidSize])}, nil
}

func (s *Store) damaged(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("boltstore: %s: %s: %w: %w", s.path, what, ErrFormat, err)
}

// Repo returns the stored state of a repository, and whether there is one.
func (s *Store) Repo(did syntax.DID) (r follow.Repo, ok bool, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketRepos).Get([]byte(did))
		if ok = b != nil; !ok {
			return nil
		}
		return s.damaged("repository "+string(did), json.Unmarshal(b, &r))
	})
	return r, ok, err
}

// RecordsOptions are the options of [Store.Records].
type RecordsOptions struct {
	// Descending yields the highest record key first.
	Descending bool
	// After yields only the records after this path, "collection/recordkey", in the order of the loop.
	After string
}

// Records yields the records of a repository in a collection, in the order of their record keys, or, if collection is
// "", those of all collections, in the order of their paths. Without [WithRecords], their Data is empty. Records of
// accounts that are not active are included: see [Store.Repo]. The caller may keep the envelopes. A nil options means
// the zero value.
func (s *Store) Records(ctx context.Context, did syntax.DID, collection syntax.NSID, options *RecordsOptions) iter.Seq2[rec.Envelope, error] {
	if options == nil {
		options = new(RecordsOptions)
	}
	return func(yield func(rec.Envelope, error) bool) {
		prefix := append([]byte(did), 0)
		from := append(bytes.Clone(prefix), options.After...)
		if collection != "" {
			prefix = append(append(prefix, collection...), '/')
		}
		err := s.db.View(func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucketRecords).Cursor()
			next := c.Next
			if options.After == "" {
				from = prefix
			}
			if options.Descending {
				if next = c.Prev; options.After == "" {
					from = append(bytes.Clone(prefix), 0xff) // above all paths, which are ASCII
				}
			}
			k, v := c.Seek(from)
			switch {
			case options.Descending && k == nil:
				k, v = c.Last()
			case options.Descending, options.After != "" && bytes.Equal(k, from):
				k, v = next()
			}
			for ; bytes.HasPrefix(k, prefix); k, v = next() {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				e, err := s.parse(k, v)
				if err != nil {
					return err
				}
				if e.Data = bytes.Clone(e.Data); !yield(e, nil) {
					return nil
				}
			}
			return nil
		})
		if err != nil {
			yield(rec.Envelope{}, err)
		}
	}
}

// Record returns the stored record at a path, and whether there is one. Without [WithRecords], its Data is empty.
func (s *Store) Record(did syntax.DID, collection syntax.NSID, key syntax.RecordKey) (e rec.Envelope, ok bool, err error) {
	k := append(append([]byte(did), 0), string(collection)+"/"+string(key)...)
	err = s.db.View(func(tx *bbolt.Tx) error {
		v := tx.Bucket(bucketRecords).Get(k)
		if ok = v != nil; !ok {
			return nil
		}
		e, err = s.parse(k, v)
		e.Data = bytes.Clone(e.Data)
		return err
	})
	return e, ok, err
}

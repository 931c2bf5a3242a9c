// Package store keeps the repository of an account as a server does: its records by path, the revision of each block,
// and the blobs. It accepts and refuses writes as the reference PDS does.
package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Repo is the repository of an account. It must not be used by several goroutines at once.
type Repo struct {
	// Forged makes the commits, and has the signing key.
	Forged *forge.Account

	now     func() time.Time
	changed func(*Record)
	records map[string]*Record
	paths   []string               // of records, in order
	revs    map[cid.CID]syntax.TID // the revision that added each block
	blobs   map[cid.CID]*Blob
	written int64 // the Number of the last record
}

// Record is a record of a repository.
type Record struct {
	URI  syntax.ATURI
	CID  cid.CID
	Data []byte
	// Rev is the revision of the commit that wrote the record, and Time is that commit's time.
	Rev  syntax.TID
	Time time.Time
	// Blobs are the blobs that the record refers to.
	Blobs []cid.CID
	// Number is the number of the record among all that were written to the repository, from 1.
	Number int64
}

// New returns a repository without a commit. now returns the time of the next commit. changed is called for each record that is
// written, and with its URI alone for each that is deleted.
func New(did syntax.DID, key multikey.PrivateKey, now func() time.Time, changed func(*Record)) *Repo {
	r := &Repo{
		Forged: forge.NewWithKey(did, key), now: now, changed: changed,
		records: map[string]*Record{}, revs: map[cid.CID]syntax.TID{}, blobs: map[cid.CID]*Blob{},
	}
	r.Forged.At(time.Unix(0, 0))
	return r
}

// SetKey sets the key that signs later commits.
func (r *Repo) SetKey(key multikey.PrivateKey) error {
	archive, err := r.Tree()
	if err != nil {
		return err
	}
	read, err := repo.FromBytes(context.Background(), archive)
	if err != nil {
		return err
	}
	w, err := repo.LoadWritable(context.Background(), read, key)
	if err != nil {
		return err
	}
	r.Forged.Key, r.Forged.Repo = key, w
	return nil
}

// Apply makes a commit and returns its message. The paths must be valid.
func (r *Repo) Apply(writes ...repo.Write) *reposync.Commit {
	return r.With(func() *reposync.Commit { return r.Forged.Commit(writes...) })
}

// With makes a commit by calling commit, such as a method of Forged.
func (r *Repo) With(commit func() *reposync.Commit) *reposync.Commit {
	now := r.now()
	if last := r.Forged.Now(); !now.After(last) {
		now = last.Add(time.Microsecond)
	}
	r.Forged.At(now)
	m := commit()
	r.index(r.Forged.Last, now)
	return m
}

// index updates the records, the revisions of blocks and the blobs after a commit.
func (r *Repo) index(changed *repo.Changed, now time.Time) {
	for _, c := range changed.Removed {
		delete(r.revs, c)
	}
	for _, c := range changed.Added {
		r.revs[c] = changed.Commit.Rev
	}
	for _, op := range changed.Ops {
		uri := syntax.ATURI("at://" + string(r.Forged.DID) + "/" + op.Path)
		i, found := slices.BinarySearch(r.paths, op.Path)
		if op.Action == repo.Delete {
			delete(r.records, op.Path)
			r.paths = slices.Delete(r.paths, i, i+1)
			r.changed(&Record{URI: uri})
			continue
		}
		if !found {
			r.paths = slices.Insert(r.paths, i, op.Path)
		}
		_, data := r.Forged.Repo.Get(op.Path)
		r.written++
		r.records[op.Path] = &Record{
			URI: uri, CID: op.CID, Data: data, Rev: changed.Commit.Rev, Time: now, Blobs: blobsIn(data), Number: r.written,
		}
		r.changed(r.records[op.Path])
	}
	r.dropBlobs()
}

// Get returns the record at a path, or nil.
func (r *Repo) Get(path string) *Record { return r.records[path] }

// List returns the records of a collection, or all if it is "", in the order of their paths.
func (r *Repo) List(collection syntax.NSID) []*Record {
	var all []*Record
	prefix := ""
	if collection != "" {
		prefix = string(collection) + "/"
	}
	i, _ := slices.BinarySearch(r.paths, prefix)
	for _, path := range r.paths[i:] {
		if !strings.HasPrefix(path, prefix) {
			break
		}
		all = append(all, r.records[path])
	}
	return all
}

// Collections returns the collections that have records, in order.
func (r *Repo) Collections() []syntax.NSID {
	all := []syntax.NSID{}
	for _, path := range r.paths {
		name, _, _ := strings.Cut(path, "/")
		if n := len(all); n == 0 || all[n-1] != syntax.NSID(name) {
			all = append(all, syntax.NSID(name))
		}
	}
	return all
}

// Tree returns the archive of the repository in the order of its tree.
func (r *Repo) Tree() ([]byte, error) {
	var b bytes.Buffer
	err := r.Forged.Repo.Archive(context.Background(), &b)
	return b.Bytes(), err
}

// Since returns an archive of the blocks that are newer than a revision, or of all blocks if it is "". With byTree
// they are in the order of the tree, and otherwise in that of the reference PDS: the latest revision first, and within
// a revision by the texts of their CIDs, in descending order.
func (r *Repo) Since(rev syntax.TID, byTree bool) ([]byte, error) {
	tree, err := r.Tree()
	if err != nil {
		return nil, err
	}
	roots, blocks, err := Blocks(tree)
	if err != nil {
		return nil, err
	}
	blocks = slices.DeleteFunc(blocks, func(b Block) bool { return r.revs[b.CID] <= rev })
	if !byTree {
		texts := make(map[cid.CID]string, len(blocks))
		for _, b := range blocks {
			texts[b.CID] = b.CID.String()
		}
		slices.SortFunc(blocks, func(x, y Block) int {
			return -cmp.Or(cmp.Compare(r.revs[x.CID], r.revs[y.CID]), cmp.Compare(texts[x.CID], texts[y.CID]))
		})
	}
	return Archive(blocks, roots...)
}

// Some returns an archive, without a root, of the blocks with the given CIDs, and the CIDs for which there is no block.
func (r *Repo) Some(cids []syntax.CID) (archive []byte, missing []string, err error) {
	tree, err := r.Tree()
	if err != nil {
		return nil, nil, err
	}
	_, all, err := Blocks(tree)
	if err != nil {
		return nil, nil, err
	}
	byCID := make(map[string]Block, len(all))
	for _, b := range all {
		byCID[b.CID.String()] = b
	}
	var blocks []Block
	for _, text := range cids {
		if b, ok := byCID[string(text)]; ok {
			blocks = append(blocks, b)
		} else {
			missing = append(missing, string(text))
		}
	}
	archive, err = Archive(blocks)
	return archive, missing, err
}

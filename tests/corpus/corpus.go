package corpus

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
)

// revisions is the number of commits in which the records of a corpus are written.
const revisions = 8

// Corpus is a repository of generated records. It does not store them: it generates them each time they are read. It is
// safe for concurrent use.
type Corpus struct {
	n   int
	did string

	sentences int // the number of sentences; the last one may lack some of its records
	edges     int
	media     int
}

// New returns the corpus of n records. It panics if n is less than 100.
func New(n int) *Corpus {
	if n < 100 {
		panic(fmt.Sprintf("corpus: %d records, must be at least 100", n))
	}
	id := sha256.Sum256(fmt.Appendf(nil, "corpus of %d records", n))
	c := &Corpus{
		n:     n,
		did:   "did:plc:" + strings.ToLower(base32.StdEncoding.EncodeToString(id[:15])),
		edges: n / 50,
		media: n / 200,
	}
	c.sentences = (n - c.others() + perSentence - 1) / perSentence
	return c
}

// DID returns the DID of the account that owns the corpus.
func (c *Corpus) DID() string { return c.did }

// Records returns the number of records in the corpus.
func (c *Corpus) Records() int { return c.n }

// Rev returns the revision of the repository's commit.
func (c *Corpus) Rev() string { return c.rev(revisions - 1) }

// CAR returns the archive of the repository. For 100,000 records it has some 237 MB.
func (c *Corpus) CAR() ([]byte, error) {
	var out bytes.Buffer
	out.Grow(c.n * 2500)
	if err := c.WriteCAR(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// stored describes a block of the repository.
type stored struct {
	cid    cid.CID
	text   string // the text of the CID
	rev    int    // the number of the revision that added the block
	record int    // the number of the record in the block, or -1
	data   []byte // the content of a block without a record
}

// WriteCAR writes the archive of the repository to w. It takes little memory, since it generates one
// record at a time. The error is that of w.
func (c *Corpus) WriteCAR(w io.Writer) error {
	blocks, commit, err := c.blocks()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<16)
	header := appendCBOR(nil, object{"version": 1, "roots": []cid.CID{commit}})
	writeSection(out, header, nil)
	var buf []byte
	for _, b := range blocks {
		data := b.data
		if b.record >= 0 {
			buf = appendCBOR(buf[:0], c.record(b.record).value)
			data = buf
		}
		writeSection(out, b.cid[:], data)
	}
	return out.Flush()
}

// writeSection writes a section of an archive, or its header, whose content is given in two parts. It ignores errors of w,
// because flushing w returns them.
func writeSection(w *bufio.Writer, first, second []byte) {
	w.Write(binary.AppendUvarint(w.AvailableBuffer(), uint64(len(first)+len(second))))
	w.Write(first)
	w.Write(second)
}

// blocks returns all blocks in the order in which the reference server writes them, and the CID of the commit.
func (c *Corpus) blocks() ([]stored, cid.CID, error) {
	leaves := make([]leaf, c.n)
	var blocks []stored
	var buf []byte
	for i := range leaves {
		r := c.record(i)
		buf = appendCBOR(buf[:0], r.value)
		leaves[i] = leaf{key: r.collection + "/" + r.key, cid: cid.Of(cid.DagCBOR, buf), rev: c.revisionOf(i)}
		blocks = append(blocks, stored{cid: leaves[i].cid, rev: leaves[i].rev, record: i})
	}
	slices.SortFunc(leaves, func(a, b leaf) int { return cmp.Compare(a.key, b.key) })

	// A node of the last tree was written with the first revision whose tree has it.
	came := map[cid.CID]int{}
	var root cid.CID
	for rev := range revisions {
		nodes := map[cid.CID][]byte{}
		var err error
		if root, err = buildTree(leaves, rev, nodes); err != nil {
			return nil, cid.CID{}, err
		}
		for node, data := range nodes {
			if _, ok := came[node]; !ok {
				came[node] = rev
			}
			if rev == revisions-1 {
				blocks = append(blocks, stored{cid: node, rev: came[node], record: -1, data: data})
			}
		}
	}
	commit := c.commit(root)
	commitCID := cid.Of(cid.DagCBOR, commit)
	blocks = append(blocks, stored{cid: commitCID, rev: revisions - 1, record: -1, data: commit})

	for i := range blocks {
		blocks[i].text = blocks[i].cid.String()
	}
	slices.SortFunc(blocks, func(a, b stored) int {
		return cmp.Or(cmp.Compare(b.rev, a.rev), cmp.Compare(b.text, a.text))
	})
	return blocks, commitCID, nil
}

// leaf is a path, its record, and the revision that added it.
type leaf struct {
	key string
	cid cid.CID
	rev int
}

// buildTree builds the tree of the leaves that exist at a revision. It stores its nodes in nodes, and returns its root.
func buildTree(leaves []leaf, rev int, nodes map[cid.CID][]byte) (cid.CID, error) {
	tree := mst.NewBuilder(func(c cid.CID, node []byte) error {
		nodes[c] = bytes.Clone(node)
		return nil
	})
	for _, l := range leaves {
		if l.rev > rev {
			continue
		}
		if err := tree.Add(l.key, l.cid); err != nil {
			return cid.CID{}, err
		}
	}
	return tree.Root()
}

// commit returns the block of the signed commit. data is the root of the tree.
func (c *Corpus) commit(data cid.CID) []byte {
	commit := object{"did": c.did, "rev": c.Rev(), "data": data, "prev": nil, "version": 3}
	commit["sig"] = Sign(appendCBOR(nil, commit))
	return appendCBOR(nil, commit)
}

// revisionOf returns the revision that added record i.
func (c *Corpus) revisionOf(i int) int { return i * revisions / c.n }

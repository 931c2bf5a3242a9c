package rec

import (
	"bytes"
	"sync"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/digests"
)

// A proof hashes its records when there are provenTogether of them, or when they have more than mostUnproven bytes.
const (
	provenTogether = 64
	mostUnproven   = 256 << 10
)

// proof finds out which items of a page have records that do not match their CIDs. It hashes several records together,
// which takes less time.
type proof struct {
	number int        // how many items of the page have been read: the index of the next one
	items  []unproven // the items whose records are to be hashed
	blocks []byte     // those records in DAG-CBOR, one after the other
	wrong  []wrong    // the items whose records do not match their CIDs
}

// unproven is an item whose record is to be hashed.
type unproven struct {
	number int      // its index in the page
	cid    *cid.CID // where to store the CID of the record
	stated string   // the CID according to the server
	raw    []byte   // the bytes of the item, which are part of the page
	end    int      // the offset in proof.blocks at which its record ends
}

// wrong is an item whose record does not match its CID.
type wrong struct {
	number int    // its index in the page
	raw    []byte // its bytes
}

var proofs = sync.Pool{New: func() any { return new(proof) }}

// add adds the item with the index p.number. Its bytes are raw, and its record is at the end of p.blocks. stated is the
// record's CID according to the server. When the record is hashed, *c is set to its CID.
func (p *proof) add(c *cid.CID, stated string, raw []byte) {
	p.items = append(p.items, unproven{p.number, c, stated, raw, len(p.blocks)})
	if len(p.items) == provenTogether || len(p.blocks) > mostUnproven {
		p.hash()
	}
}

// hash hashes the records of p.items and sets their CIDs. It adds the items whose records do not match the stated CIDs to
// p.wrong, and empties p.items and p.blocks.
func (p *proof) hash() {
	var blocks [provenTogether][]byte
	var sums [provenTogether][digests.Size]byte
	start := 0
	for i, item := range p.items {
		blocks[i] = p.blocks[start:item.end]
		start = item.end
	}
	digests.SHA256(sums[:], blocks[:len(p.items)])
	for i, item := range p.items {
		if *item.cid = cid.OfDigest(cid.DagCBOR, sums[i]); !item.cid.MatchesText(item.stated) {
			p.wrong = append(p.wrong, wrong{item.number, bytes.Clone(item.raw)})
		}
	}
	clear(p.items)
	p.items, p.blocks = p.items[:0], p.blocks[:0]
}

// release returns p to the pool, unless it has become too large to keep.
func (p *proof) release() {
	clear(p.items)
	clear(p.wrong)
	p.number, p.items, p.blocks, p.wrong = 0, p.items[:0], p.blocks[:0], p.wrong[:0]
	if cap(p.blocks) <= maxKept && cap(p.wrong) <= maxKept/64 {
		proofs.Put(p)
	}
}

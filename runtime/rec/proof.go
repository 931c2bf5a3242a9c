package rec

import (
	"bytes"
	"sync"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/digests"
)

const (
	provenTogether = 64        // records
	mostUnproven   = 256 << 10 // bytes of records
)

// proof finds out which items of a page have records that do not match their CIDs. It hashes several records together, which
// takes less time.
type proof struct {
	number int        // of items so far
	items  []unproven // to be proven
	blocks []byte     // their records in DAG-CBOR, one after the other
	wrong  []wrong
}

// unproven is an item whose record is to be hashed.
type unproven struct {
	number int
	cid    *cid.CID // to be set to that of the record
	stated string   // what the server says that it is
	raw    []byte   // the item, which is part of the page
	end    int      // of its record in blocks
}

// wrong is an item whose record does not match its CID.
type wrong struct {
	number int
	raw    []byte
}

var proofs = sync.Pool{New: func() any { return new(proof) }}

// add adds the item with the current number and these bytes, whose record ends blocks. stated is what the server says that
// its CID is. c will be set to what it is.
func (p *proof) add(c *cid.CID, stated string, raw []byte) {
	p.items = append(p.items, unproven{p.number, c, stated, raw, len(p.blocks)})
	if len(p.items) == provenTogether || len(p.blocks) > mostUnproven {
		p.hash()
	}
}

// hash hashes the records of the items, and moves those that are wrong.
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

// release lets others use the memory of p.
func (p *proof) release() {
	clear(p.items)
	clear(p.wrong)
	p.number, p.items, p.blocks, p.wrong = 0, p.items[:0], p.blocks[:0], p.wrong[:0]
	if cap(p.blocks) <= maxKept && cap(p.wrong) <= maxKept/64 {
		proofs.Put(p)
	}
}

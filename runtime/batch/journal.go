package batch

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Journal is a file that records the progress of a batch, so that [Apply] can continue it after it failed or its
// process was killed: which operations are known to be done, which were sent, and the record keys of those that had
// none. A journal belongs to one batch of one account. Once the batch is done, applying it again with the journal
// does nothing; to apply it anew, use a new file.
//
// A batch may grow, whether it is done or not, and operations that were not sent yet may change, but the batch must
// begin with the operations that were sent. Differences in the text of a batch file that do not change the operations
// are allowed.
//
// The file is locked while it is open, also against other processes if the system supports that (not on Plan 9,
// Solaris, AIX and js). Lines are only appended to the file, and flushed to disk before anything relies on them, so a
// crash at any time leaves a correct journal. The file is text, with a JSON object on each line, and contains nothing
// secret.
//
// The file can have at most 64 MiB, which is enough for some 8 million operations. If a request would need more,
// Apply returns [ErrJournal] before it sends the request.
//
// Use a Journal for only one Apply at a time; [Journal.Progress] may be called concurrently.
type Journal struct {
	path string
	file *os.File

	mu     sync.Mutex
	head   *journalHead // nil: no batch yet
	ops    int          // how many operations the batch had when Apply last began it
	prints []byte       // of those operations, printSize bytes each; nil: a former version did not record them
	bases  []keyRange   // what the record keys of operations are made from, in order
	sent   int          // how many operations may have been sent
	done   int          // how many are known to be done
	size   int64        // of the file, in bytes
	broken error        // why no more lines can be appended
}

// journalHead is the first line of a journal. It identifies the batch.
type journalHead struct {
	Version int        `json:"journal"`
	DID     syntax.DID `json:"did"`
	// Batch is the hash of the operations, in hexadecimal. Only journals without Prints need it.
	Batch string `json:"batch"`
	Ops   int    `json:"ops"`
	// Base is the TID from which missing record keys are made: the key of operation i is Base plus i-1 microseconds.
	Base syntax.TID `json:"base"`
	// Prints are the beginnings of the operations' digests, one after the other.
	Prints []byte `json:"prints,omitempty"`
}

// journalLine is any other line. It says how many operations were about to be sent or are done, or how the batch had
// changed when it was applied again.
type journalLine struct {
	Sent int `json:"sent,omitempty"`
	Done int `json:"done,omitempty"`

	// Ops is how many operations the batch has now. The first Kept of them are unchanged, and Prints has the prints
	// of the others. Base is for the keys of operations beyond the largest number that the batch ever had.
	Ops    int        `json:"ops,omitempty"`
	Kept   int        `json:"kept,omitempty"`
	Base   syntax.TID `json:"base,omitempty"`
	Prints []byte     `json:"prints,omitempty"`
}

// keyRange says what the record keys of some operations are made from.
type keyRange struct {
	first, last int
	base        syntax.TID // the key of the first operation; each following key is a microsecond later
}

const (
	journalVersion = 1
	// printSize is the size of a print, the beginning of an operation's digest. It is enough to detect a changed
	// operation.
	printSize = 6
	// journalReserve is the part of maxJournal that is reserved for lines about done operations, so that the result of a
	// request that was sent can always be recorded.
	journalReserve = 1 << 20
)

// maxJournal is the size of the largest journal in bytes, far more than a batch for years of write points needs. Nothing
// is written that would make the journal too large to be opened again. Only tests change it.
var maxJournal int64 = 64 << 20

// OpenJournal opens the journal in a file. If the file does not exist, it is created and is readable only by its
// owner. The error wraps [ErrJournal] if another Journal has the file open, or if the file is not a journal.
func OpenJournal(path string) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("batch: %w", err)
	}
	j := &Journal{path: path, file: file}
	if err := j.open(); err != nil {
		file.Close()
		return nil, err
	}
	return j, nil
}

func (j *Journal) open() error {
	locked, err := disk.TryLock(j.file)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("batch: lock %s: %w", j.path, err)
	}
	if err == nil && !locked {
		return j.fault("is in use")
	}
	content, err := io.ReadAll(io.LimitReader(j.file, maxJournal+1))
	if err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	if int64(len(content)) > maxJournal {
		return j.fault("is too large to be a journal")
	}
	rest := content
	for n := 1; ; n++ {
		line, after, whole := bytes.Cut(rest, []byte{'\n'})
		if !whole {
			break
		}
		if !j.read(line) {
			return j.fault(fmt.Sprintf("line %d is damaged", n))
		}
		rest = after
	}
	// The rest was being written when the process or the machine stopped. A file that was never a journal is not
	// changed.
	if beginning := `{"journal":`; j.head == nil && !bytes.HasPrefix(rest, []byte(beginning[:min(len(beginning), len(rest))])) {
		return j.fault("is not a journal")
	}
	size := int64(len(content) - len(rest))
	// Sync also if the journal is not new: the process that created it may have been killed before it got here.
	if err := disk.SyncDir(filepath.Dir(j.path)); err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	if err := j.file.Truncate(size); err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	if _, err := j.file.Seek(size, io.SeekStart); err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	j.size = size
	return nil
}

// read parses and applies one line, and reports whether it is valid.
func (j *Journal) read(text []byte) bool {
	if j.head == nil {
		head := new(journalHead)
		if json.Unmarshal(text, head) != nil {
			return false
		}
		hash, _ := hex.DecodeString(head.Batch)
		if head.Version != journalVersion || len(hash) != len(digest{}) || head.Ops <= 0 || !syntax.ValidTID(string(head.Base)) ||
			head.Prints != nil && !isPrints(head.Prints, head.Ops) {
			return false
		}
		j.set(head)
		return true
	}
	var line journalLine
	if json.Unmarshal(text, &line) != nil || max(line.Sent, line.Done) > j.ops || min(line.Sent, line.Done, line.Ops, line.Kept) < 0 {
		return false
	}
	if line.Ops > 0 {
		known := len(j.prints) / printSize
		if line.Ops < j.sent || line.Kept > min(line.Ops, known) || !isPrints(line.Prints, line.Ops-line.Kept) ||
			(line.Ops > j.keys()) != syntax.ValidTID(string(line.Base)) {
			return false
		}
		j.extend(&line)
	}
	j.sent, j.done = max(j.sent, line.Sent, line.Done), max(j.done, line.Done)
	return true
}

// isPrints reports whether prints has n prints. The first comparison prevents an overflow of the multiplication.
func isPrints(prints []byte, n int) bool { return n <= len(prints) && len(prints) == n*printSize }

// knows returns an error if d, the digest of the n-th operation of a batch, shows that the journal's n-th operation was
// another one, and that one was sent.
func (j *Journal) knows(n int, d digest) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n > j.sent || len(j.prints) < n*printSize || bytes.Equal(j.print(n), d[:printSize]) {
		return nil
	}
	return j.another("the operation differs from the one that was applied at this position")
}

// print returns the beginning of the digest of operation n.
func (j *Journal) print(n int) []byte { return j.prints[(n-1)*printSize : n*printSize] }

// begin assigns a new journal to a batch, given by the digests of its operations, or checks that the journal belongs
// to that batch. Operations that were not sent may have changed since.
func (j *Journal) begin(did syntax.DID, ops []digest, clock *syntax.TIDClock) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.head == nil {
		whole := hashOf(ops)
		head := &journalHead{
			Version: journalVersion, DID: did, Batch: hex.EncodeToString(whole[:]), Ops: len(ops),
			Base: clock.Reserve(len(ops)), Prints: printsOf(ops),
		}
		if err := j.append(head, maxJournal-journalReserve); err != nil {
			return err
		}
		j.set(head)
		return nil
	}
	if err := j.fits(did, ops); err != nil {
		return err
	}
	prints := printsOf(ops)
	kept := 0
	for most := min(len(prints), len(j.prints)) / printSize; kept < most && bytes.Equal(j.print(kept+1), prints[kept*printSize:][:printSize]); {
		kept++
	}
	if kept == len(ops) && j.ops == len(ops) {
		return nil
	}
	next := &journalLine{Ops: len(ops), Kept: kept, Prints: prints[kept*printSize:]}
	if more := len(ops) - j.keys(); more > 0 {
		next.Base = clock.Reserve(more)
	}
	if err := j.append(next, maxJournal-journalReserve); err != nil {
		return err
	}
	j.extend(next)
	return nil
}

// another returns the error for a batch that does not begin with the operations that, according to the journal, were
// sent. why says what differs.
func (j *Journal) another(why string) error {
	const advice = "Restore the operations that were applied; add new operations after them, and put changes of applied operations into another " +
		"file. Without the journal, creates without a record key would be carried out again"
	return fmt.Errorf("%w %s belongs to another batch: %s. %s", ErrJournal, j.path, why, advice)
}

// full returns the error for a journal that has reached its maximum size.
func (j *Journal) full() error {
	advice := "Split the batch into several files, each with its own journal"
	if j.sent > 0 {
		advice = fmt.Sprintf("Keep the first %d operations of the batch in this file, and put the later ones into another file", j.sent)
	}
	return fmt.Errorf("%w %s has reached its maximum size, %d MiB. %s", ErrJournal, j.path, maxJournal>>20, advice)
}

func hashOf(ops []digest) (d digest) {
	copy(d[:], hashSlice(ops))
	return d
}

func hashSlice(ops []digest) []byte {
	h := sha256.New()
	for _, op := range ops {
		h.Write(op[:])
	}
	return h.Sum(nil)
}

func printsOf(ops []digest) []byte {
	prints := make([]byte, 0, len(ops)*printSize)
	for _, op := range ops {
		prints = append(prints, op[:printSize]...)
	}
	return prints
}

// set applies head, the first line of the file.
func (j *Journal) set(head *journalHead) {
	j.head, j.ops, j.prints = head, head.Ops, head.Prints
	j.bases = []keyRange{{1, head.Ops, head.Base}}
}

// extend applies a line that says how the batch has changed.
func (j *Journal) extend(line *journalLine) {
	if first := j.keys() + 1; line.Ops >= first {
		j.bases = append(j.bases, keyRange{first, line.Ops, line.Base})
	}
	j.ops = line.Ops
	j.prints = append(j.prints[:line.Kept*printSize:line.Kept*printSize], line.Prints...)
}

// keys returns for how many operations the journal has record keys.
func (j *Journal) keys() int { return j.bases[len(j.bases)-1].last }

// fits returns an error unless the journal can be used for a batch of the account did with the given operations. j.head
// must not be nil.
func (j *Journal) fits(did syntax.DID, ops []digest) error {
	switch {
	case j.head.DID != did:
		return j.fault(fmt.Sprintf("belongs to the account %s, not to %s", j.head.DID, did))
	case len(ops) < j.sent:
		return fmt.Errorf("batch: %w", j.another(fmt.Sprintf("its first %d operations were applied, but this batch has only %d", j.sent, len(ops))))
	case j.prints == nil && j.sent > 0:
		// A journal of a former version, which has no prints of the single operations.
		if len(ops) < j.ops || hex.EncodeToString(hashSlice(ops[:j.ops])) != j.head.Batch {
			return fmt.Errorf("batch: %w", j.another(fmt.Sprintf("the first %d operations differ from those that the journal began with", j.ops)))
		}
	}
	return nil
}

// reached returns how many operations are done, how many may have been sent, and for how many the journal has record
// keys. It returns an error if the journal does not belong to the batch.
func (j *Journal) reached(did syntax.DID, ops []digest) (done, sent, keys int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.head == nil {
		return 0, 0, 0, nil
	}
	return j.done, j.sent, j.keys(), j.fits(did, ops)
}

// key returns the record key that the journal has for operation n, which is used if the operation has no key.
func (j *Journal) key(n int) syntax.RecordKey {
	j.mu.Lock()
	defer j.mu.Unlock()
	i, _ := slices.BinarySearchFunc(j.bases, n, func(r keyRange, n int) int { return cmp.Compare(r.last, n) })
	r := j.bases[i]
	return syntax.RecordKey(r.base.Add(time.Duration(n-r.first) * time.Microsecond))
}

// markSent records that the first n operations are about to be sent.
func (j *Journal) markSent(n int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n <= j.sent {
		return nil
	}
	err := j.append(&journalLine{Sent: n}, maxJournal-journalReserve)
	if err == nil {
		j.sent = n
	}
	return err
}

// markDone records that the first n operations are done.
func (j *Journal) markDone(n int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n <= j.done {
		return nil
	}
	err := j.append(&journalLine{Done: n}, maxJournal)
	if err == nil {
		j.sent, j.done = max(j.sent, n), n
	}
	return err
}

// append writes one line and waits until it is on the disk. If the file would become larger than most, it writes nothing
// and returns an error. After a failure to write it writes nothing more, since the file may end with part of a line.
func (j *Journal) append(line any, most int64) error {
	if j.broken != nil {
		return j.broken
	}
	text, err := json.Marshal(line)
	if err == nil {
		if j.size+int64(len(text))+1 > most {
			return fmt.Errorf("batch: %w", j.full())
		}
		j.size += int64(len(text)) + 1
		_, err = j.file.Write(append(text, '\n'))
	}
	if err == nil {
		err = disk.Sync(j.file)
	}
	if err != nil {
		j.broken = fmt.Errorf("batch: %w", err)
	}
	return j.broken
}

// Progress returns how many operations of the batch are known to be done, and how many there are in all; 0 and 0
// before the journal has a batch.
func (j *Journal) Progress() (done, ops int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.head == nil {
		return 0, 0
	}
	return j.done, j.ops
}

// Close closes the file and releases its lock. All that was recorded is on the disk already.
func (j *Journal) Close() error { return j.file.Close() }

func (j *Journal) fault(what string) error {
	return fmt.Errorf("batch: %w %s %s", ErrJournal, j.path, what)
}

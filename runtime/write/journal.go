package write

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Journal is a file that remembers how far a batch has come, so that [Apply] can go on with it after it failed or
// its process was killed: which operations are known to be done, which were sent, and the record keys of those that
// came without. It belongs to one batch of one account. Once the batch is done, applying it again with the journal
// does nothing; who wants to apply it anew takes a new file.
//
// The file is locked while it is open, against other processes too where the system can (not on Plan 9, Solaris,
// AIX and js). It is only ever appended to, and flushed to the disk before what it says is relied on, so that a crash
// at any time leaves a journal that is true. It is text, a JSON object to a line, and holds nothing secret.
//
// A Journal serves one Apply at a time; [Journal.Progress] may be called meanwhile.
type Journal struct {
	path string
	file *os.File

	mu     sync.Mutex
	head   *journalHead // nil: no batch yet
	sent   int          // so many operations may have been sent
	done   int          // so many are known to be done
	broken error        // why nothing can be appended any more
}

// journalHead is the first line: what the journal is of.
type journalHead struct {
	Version int        `json:"journal"`
	DID     syntax.DID `json:"did"`
	// Batch is the hash of the operations, in hexadecimal.
	Batch string `json:"batch"`
	Ops   int    `json:"ops"`
	// Base is what the keys are made from that the batch does not give: that of operation i is Base and i
	// microseconds.
	Base syntax.TID `json:"base"`
}

// journalLine is any other line: how many operations were about to be sent, or are done.
type journalLine struct {
	Sent int `json:"sent,omitempty"`
	Done int `json:"done,omitempty"`
}

const (
	journalVersion = 1
	// maxJournal is far more than a batch needs that would take years of write points.
	maxJournal = 64 << 20
)

// OpenJournal opens the journal in a file, which is made, readable for its owner alone, if it is not there. The error
// wraps [ErrJournal] when another journal has the file open, or when it is not a journal's.
func OpenJournal(path string) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write: %w", err)
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
		return fmt.Errorf("write: lock %s: %w", j.path, err)
	}
	if err == nil && !locked {
		return j.fault("is in use")
	}
	content, err := io.ReadAll(io.LimitReader(j.file, maxJournal+1))
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if len(content) > maxJournal {
		return j.fault("is too large to be one")
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
	// What is left was being written when the process or the machine stopped. A file that was never a journal is
	// left as it is.
	if beginning := `{"journal":`; j.head == nil && !bytes.HasPrefix(rest, []byte(beginning[:min(len(beginning), len(rest))])) {
		return j.fault("is not a journal")
	}
	size := int64(len(content) - len(rest))
	// Also a journal that is not new: the process that made it may have been killed before this.
	if err := disk.SyncDir(filepath.Dir(j.path)); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := j.file.Truncate(size); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if _, err := j.file.Seek(size, io.SeekStart); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// read takes in one line and reports whether it is one.
func (j *Journal) read(text []byte) bool {
	if j.head == nil {
		j.head = new(journalHead)
		if json.Unmarshal(text, j.head) != nil {
			return false
		}
		hash, _ := hex.DecodeString(j.head.Batch)
		return j.head.Version == journalVersion && len(hash) == len(digest{}) && j.head.Ops > 0 && syntax.ValidTID(string(j.head.Base))
	}
	var line journalLine
	if json.Unmarshal(text, &line) != nil || max(line.Sent, line.Done) > j.head.Ops || min(line.Sent, line.Done) < 0 {
		return false
	}
	j.sent, j.done = max(j.sent, line.Sent, line.Done), max(j.done, line.Done)
	return true
}

// begin makes the journal that of a batch, or checks that it is.
func (j *Journal) begin(did syntax.DID, batch digest, ops int, clock *syntax.TIDClock) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	want := journalHead{Version: journalVersion, DID: did, Batch: hex.EncodeToString(batch[:]), Ops: ops}
	if j.head == nil {
		want.Base = clock.Reserve(ops)
		if err := j.append(&want); err != nil {
			return err
		}
		j.head = &want
		return nil
	}
	switch {
	case j.head.DID != did:
		return j.fault(fmt.Sprintf("is of the account %s, not of %s", j.head.DID, did))
	case j.head.Ops != ops:
		return j.fault(fmt.Sprintf("is of another batch, one of %d operations and not of %d", j.head.Ops, ops))
	case j.head.Batch != want.Batch:
		return j.fault("is of another batch, one with other operations")
	}
	return nil
}

// markSent notes that the first n operations are about to be sent.
func (j *Journal) markSent(n int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n <= j.sent {
		return nil
	}
	err := j.append(&journalLine{Sent: n})
	if err == nil {
		j.sent = n
	}
	return err
}

// markDone notes that the first n operations are done.
func (j *Journal) markDone(n int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n <= j.done {
		return nil
	}
	err := j.append(&journalLine{Done: n})
	if err == nil {
		j.sent, j.done = max(j.sent, n), n
	}
	return err
}

// append writes one line and waits until it is on the disk. After a failure it writes nothing more: part of a line may
// be there.
func (j *Journal) append(line any) error {
	if j.broken != nil {
		return j.broken
	}
	text, err := json.Marshal(line)
	if err == nil {
		_, err = j.file.Write(append(text, '\n'))
	}
	if err == nil {
		err = disk.Sync(j.file)
	}
	if err != nil {
		j.broken = fmt.Errorf("write: %w", err)
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
	return j.done, j.head.Ops
}

// Close closes the file. It is not needed to make anything last.
func (j *Journal) Close() error { return j.file.Close() }

func (j *Journal) fault(what string) error {
	return fmt.Errorf("write: %w %s %s", ErrJournal, j.path, what)
}

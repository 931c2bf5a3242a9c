package firehose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/layers-pub/layers-go/internal/disk"
)

// CursorStore keeps the position of each endpoint across restarts of a program. A subscription saves a position only
// when all events before it are acknowledged. An implementation must be safe for concurrent use.
type CursorStore interface {
	// Load returns the position that was saved last for an endpoint, and whether there is one.
	Load(ctx context.Context, endpoint string) (Position, bool, error)
	// Save saves the position of an endpoint. When it returns nil, the position is durable.
	Save(ctx context.Context, endpoint string, p Position) error
}

// CursorFile is a [CursorStore] in one file of JSON: an object with a [Position] for each endpoint. The file is replaced
// as a whole and synced, so that a crash at any time leaves the old or the new positions. Several processes may use the
// same file, for different endpoints; they exclude each other by a lock on a second file, whose name ends in ".lock".
type CursorFile struct{ path string }

// NewCursorFile returns the store in the file at path, which is created when the first position is saved.
func NewCursorFile(path string) *CursorFile { return &CursorFile{path} }

// maxCursorFile is the size of the largest file that is read, in bytes.
const maxCursorFile = 1 << 20

// Load returns the position that was saved last for an endpoint, and whether there is one.
func (f *CursorFile) Load(_ context.Context, endpoint string) (Position, bool, error) {
	positions, err := f.read()
	p, ok := positions[endpoint]
	return p, ok, err
}

func (f *CursorFile) read() (map[string]Position, error) {
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]Position{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("firehose: cursor file: %w", err)
	}
	if info.Size() > maxCursorFile {
		return nil, fmt.Errorf("firehose: cursor file %s: %d bytes, limit %d", f.path, info.Size(), maxCursorFile)
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("firehose: cursor file: %w", err)
	}
	positions := map[string]Position{}
	if err := json.Unmarshal(data, &positions); err != nil {
		return nil, fmt.Errorf("firehose: cursor file %s: %w", f.path, err)
	}
	return positions, nil
}

// Save saves the position of an endpoint. When it returns nil, the file and its name are on the disk.
func (f *CursorFile) Save(ctx context.Context, endpoint string, p Position) (err error) {
	lock, err := disk.Lock(ctx, f.path+".lock")
	switch {
	case err == nil:
		defer lock.Close()
	case !errors.Is(err, errors.ErrUnsupported):
		return fmt.Errorf("firehose: cursor file %s: %w", f.path, err)
	}
	positions, err := f.read()
	if err != nil {
		return err
	}
	positions[endpoint] = p
	data, err := json.MarshalIndent(positions, "", "\t")
	if err != nil {
		return fmt.Errorf("firehose: cursor file %s: %w", f.path, err)
	}
	partial, err := disk.NewPartial(f.path)
	if err != nil {
		return fmt.Errorf("firehose: cursor file: %w", err)
	}
	defer partial.Discard()
	if _, err = partial.Write(append(data, '\n')); err == nil {
		err = partial.Keep()
	}
	if err != nil {
		return fmt.Errorf("firehose: cursor file: %w", err)
	}
	return nil
}

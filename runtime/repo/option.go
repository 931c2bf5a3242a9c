package repo

import (
	"fmt"
	"slices"

	"github.com/layers-pub/layers-go/runtime/car"
)

// The limits of [Read] that hold unless an [Option] sets others.
const (
	// DefaultMaxSize is the largest archive that is read, in bytes.
	DefaultMaxSize = 4 << 30
	// DefaultMaxMemory is how much of an archive [Read] keeps in memory: one that is larger goes to a
	// temporary file.
	DefaultMaxMemory = 8 << 20
)

// highestSize is the largest archive that can be indexed.
const highestSize = 1<<40 - 1

// Option sets how a repository is read.
type Option func(*options) error

type options struct {
	archive   []car.Option
	maxSize   int64
	maxMemory int64
	directory string
	partial   bool
}

func newOptions(opts []Option) (options, error) {
	o := options{maxSize: DefaultMaxSize, maxMemory: DefaultMaxMemory}
	for _, opt := range opts {
		if err := opt(&o); err != nil {
			return options{}, err
		}
	}
	return o, nil
}

// WithArchiveOptions sets limits of the archive in place of the defaults of package car.
func WithArchiveOptions(opts ...car.Option) Option {
	return func(o *options) error {
		o.archive = slices.Concat(o.archive, opts)
		return nil
	}
}

// WithMaxSize sets the largest archive that [Read] reads, in bytes, in place of [DefaultMaxSize].
func WithMaxSize(size int64) Option {
	return func(o *options) error {
		if size < 1 || size > highestSize {
			return fmt.Errorf("repo: limit of the archive's size is %d, must be from 1 to %d", size, int64(highestSize))
		}
		o.maxSize = size
		return nil
	}
}

// WithMaxMemory sets how much of an archive [Read] keeps in memory, in bytes, in place of
// [DefaultMaxMemory]. At 0 everything goes to a file.
func WithMaxMemory(size int64) Option {
	return func(o *options) error {
		if size < 0 || size > highestSize {
			return fmt.Errorf("repo: limit of the memory is %d, must be from 0 to %d", size, int64(highestSize))
		}
		o.maxMemory = size
		return nil
	}
}

// WithTempDir sets the directory of the temporary file of [Read], in place of [os.TempDir].
func WithTempDir(directory string) Option {
	return func(o *options) error {
		o.directory = directory
		return nil
	}
}

// WithPartial takes an archive that holds a part of a repository, as com.atproto.sync.getRepo with since
// gives it out: the blocks that are newer than a revision. Subtrees and records that are not in it are
// taken to be unchanged, and skipped; [Counts] says how many. Everything that is in it is checked as
// otherwise.
//
// An archive that was cut short between two blocks, or that leaves out something new, cannot be told from
// one that is as it should be. A path that is no longer in the repository is in no archive: what was
// deleted, only a comparison with the whole tree shows.
func WithPartial() Option {
	return func(o *options) error {
		o.partial = true
		return nil
	}
}

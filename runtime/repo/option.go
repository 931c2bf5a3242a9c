package repo

import (
	"fmt"
	"slices"

	"github.com/layers-pub/layers-go/runtime/car"
)

// The default limits of [Read]. [WithMaxSize] and [WithMaxMemory] change them.
const (
	// DefaultMaxSize is the size of the largest archive that Read accepts, in bytes.
	DefaultMaxSize = 4 << 30
	// DefaultMaxMemory is the size in bytes of the largest archive that Read keeps in memory. It writes a
	// larger one to a temporary file.
	DefaultMaxMemory = 8 << 20
)

// highestSize is the largest archive that can be indexed.
const highestSize = 1<<40 - 1

// Option sets how [Open], [FromBytes] and [Read] read a repository.
type Option func(*options) error

type options struct {
	archive   []car.Option
	maxSize   int64
	maxMemory int64
	size      int64 // the expected size of the archive in bytes; 0 if it is unknown
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

// WithArchiveOptions sets options of package car for reading the archive, such as its limits.
func WithArchiveOptions(opts ...car.Option) Option {
	return func(o *options) error {
		o.archive = slices.Concat(o.archive, opts)
		return nil
	}
}

// WithMaxSize sets the size of the largest archive that [Read] accepts, in bytes. The default is [DefaultMaxSize].
func WithMaxSize(size int64) Option {
	return func(o *options) error {
		if size < 1 || size > highestSize {
			return fmt.Errorf("repo: limit of the archive's size is %d, must be from 1 to %d", size, int64(highestSize))
		}
		o.maxSize = size
		return nil
	}
}

// WithMaxMemory sets the size of the largest archive that [Read] keeps in memory, in bytes. The default is
// [DefaultMaxMemory]. With 0, Read writes every archive to a temporary file. The limit does not include the memory of
// the archive's index.
func WithMaxMemory(size int64) Option {
	return func(o *options) error {
		if size < 0 || size > highestSize {
			return fmt.Errorf("repo: limit of the memory is %d, must be from 0 to %d", size, int64(highestSize))
		}
		o.maxMemory = size
		return nil
	}
}

// WithSize sets the expected size of the archive in bytes, such as the length that a server announced; 0 means that it
// is unknown. [Read] does not rely on it. But if it is over the limit, Read fails at once with [ErrTooLarge], and if
// the archive will not fit in memory, Read writes it to a temporary file from the beginning.
func WithSize(size int64) Option {
	return func(o *options) error {
		if size < 0 {
			return fmt.Errorf("repo: size of the archive is %d", size)
		}
		o.size = size
		return nil
	}
}

// WithTempDir sets the directory for the temporary file of [Read]. The default is [os.TempDir].
func WithTempDir(directory string) Option {
	return func(o *options) error {
		o.directory = directory
		return nil
	}
}

// WithPartial accepts an archive that holds a part of a repository, as com.atproto.sync.getRepo returns it for
// the parameter since: the blocks that are newer than a revision. Subtrees and records that are not in the archive are
// assumed to be unchanged and are skipped; [Counts] says how many. Everything that is in the archive is checked as
// usual.
//
// A partial archive that was truncated between two blocks, or that lacks new blocks, cannot be distinguished from
// a complete one. Nor does a partial archive show which paths were deleted; only a comparison with the whole tree
// does.
func WithPartial() Option {
	return func(o *options) error {
		o.partial = true
		return nil
	}
}

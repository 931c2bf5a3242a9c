package car

import (
	"fmt"
	"runtime"
)

// The default limits for reading an archive, which an [Option] can change.
const (
	// DefaultMaxHeaderSize is the size of the largest header that is accepted, in bytes. A root takes 41.
	DefaultMaxHeaderSize = 64 << 10
	// DefaultMaxBlockSize is the size of the largest block that is accepted, in bytes. The data model
	// recommends at most 1 MiB for a record; a tree node is usually far smaller.
	DefaultMaxBlockSize = 2 << 20
	// DefaultMaxBlocks is the highest number of blocks that is accepted, 4,194,304. An [Index] of that many takes 224 MiB
	// of memory.
	DefaultMaxBlocks = 1 << 22
)

// The highest values that options may set. maxBlockSize has a limit because an [Index] packs the size and the position of
// a block into 8 bytes.
const (
	maxBlockSize = 1<<sizeBits - 1
	maxBlocks    = 1 << 30
	maxHeader    = 1 << 30
	maxWorkers   = 1 << 10
)

// Option sets a limit for reading an archive, or how it is read.
type Option func(*options) error

type options struct {
	maxHeaderSize int
	maxBlockSize  int
	maxBlocks     int
	workers       int
	unverified    bool
}

func newOptions(opts []Option) (options, error) {
	o := options{
		maxHeaderSize: DefaultMaxHeaderSize,
		maxBlockSize:  DefaultMaxBlockSize,
		maxBlocks:     DefaultMaxBlocks,
		workers:       runtime.GOMAXPROCS(0),
	}
	for _, opt := range opts {
		if err := opt(&o); err != nil {
			return options{}, err
		}
	}
	return o, nil
}

// WithMaxHeaderSize sets the size of the largest header that is accepted, in bytes. The default is
// [DefaultMaxHeaderSize].
func WithMaxHeaderSize(size int) Option {
	return bounded("header size", size, maxHeader, func(o *options) { o.maxHeaderSize = size })
}

// WithMaxBlockSize sets the size of the largest block that is accepted, in bytes. The default is
// [DefaultMaxBlockSize], and the maximum is one byte less than 16 MiB.
func WithMaxBlockSize(size int) Option {
	return bounded("block size", size, maxBlockSize, func(o *options) { o.maxBlockSize = size })
}

// WithMaxBlocks sets the highest number of blocks that is accepted. The default is [DefaultMaxBlocks].
func WithMaxBlocks(count int) Option {
	return bounded("number of blocks", count, maxBlocks, func(o *options) { o.maxBlocks = count })
}

// WithWorkers sets how many goroutines [NewIndexBytes] and [NewIndexChunks] use to check blocks. The default is
// runtime.GOMAXPROCS(0). The goroutines have ended when these functions return.
func WithWorkers(count int) Option {
	return bounded("number of workers", count, maxWorkers, func(o *options) { o.workers = count })
}

func bounded(what string, value, highest int, set func(*options)) Option {
	return func(o *options) error {
		if value < 1 || value > highest {
			return fmt.Errorf("car: limit of the %s is %d, must be from 1 to %d", what, value, highest)
		}
		set(o)
		return nil
	}
}

// WithoutVerification makes a [Reader] skip the check of each block against its CID. It is for
// an archive whose blocks are checked elsewhere. It does not affect an [Index], which always checks blocks.
func WithoutVerification() Option {
	return func(o *options) error {
		o.unverified = true
		return nil
	}
}

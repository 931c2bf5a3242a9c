// Package download reads repositories from servers that may be slow.
package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ErrSlow says that a server sends less than 1 KiB a second, on average over [Options.Patience].
var ErrSlow = errors.New("the server sends too slowly")

// minRate is how many bytes of an archive a server has to send a second, on average over [Options.Patience].
const minRate = 1 << 10

// Options are the options of [Repo]. All fields except Host are required.
type Options struct {
	// Host is the origin of the server; "" stands for the account's own.
	Host string
	// Patience is the period over which the rate is measured: a server that sends less than 1 KiB a second in one of
	// them fails.
	Patience time.Duration
	// MaxSize is the size of the largest archive that is read, in bytes.
	MaxSize int64
}

// Repo reads a repository and verifies the signature of its commit. The caller must close it. The error is that of package
// pds or repo, or wraps [ErrSlow].
func Repo(ctx context.Context, client *pds.Client, did syntax.DID, options Options) (*repo.Repo, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var received atomic.Int64
	go watch(ctx, cancel, &received, options.Patience)
	body, err := client.GetRepoCAR(ctx, syntax.AtIdentifier(did), &pds.RepoCAROptions{MaxSize: options.MaxSize, Host: options.Host})
	if err != nil {
		return nil, cause(ctx, err)
	}
	defer body.Close()
	r, err := repo.Read(ctx, &counted{body, &received}, repo.WithMaxSize(options.MaxSize))
	if err != nil {
		return nil, cause(ctx, fmt.Errorf("repository of %s: %w", did, err))
	}
	if err := client.VerifyRepo(ctx, did, r); err != nil {
		r.Close()
		return nil, cause(ctx, err)
	}
	return r, nil
}

// watch cancels a context with an [ErrSlow] when received has grown by less than minRate a second in a period of
// patience.
func watch(ctx context.Context, cancel context.CancelCauseFunc, received *atomic.Int64, patience time.Duration) {
	ticker := time.NewTicker(patience)
	defer ticker.Stop()
	for last := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		n := received.Load()
		if float64(n-last) < minRate*patience.Seconds() {
			cancel(fmt.Errorf("%w: %d bytes in %v", ErrSlow, n-last, patience))
			return
		}
		last = n
	}
}

// cause returns the cause of ctx if ctx has ended, and otherwise err.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// counted is a reader that adds the number of bytes that are read to n.
type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}

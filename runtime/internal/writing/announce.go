package writing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/pause"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Announcer returns the function that announces the pauses of an account's calls: the account's method Announce, if
// it has one, as a client of package auth does.
func Announcer(a Client) func(xrpc.Pause) {
	if a, can := a.(interface{ Announce(xrpc.Pause) }); can {
		return a.Announce
	}
	return func(xrpc.Pause) {}
}

// Sleep announces p and waits for p.Wait, if that is not 0. If ctx would end first, it returns an [*xrpc.WaitError]
// at once.
func Sleep(ctx context.Context, p xrpc.Pause, announce func(xrpc.Pause)) error {
	if p.Wait <= 0 || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p.Until = time.Now().Add(p.Wait)
	err := pause.Wait(ctx, p.Until, func() { announce(p) })
	switch {
	case errors.Is(err, pause.ErrDeadline):
		return &xrpc.WaitError{Pause: p, Err: err}
	case errors.Is(err, pause.ErrInterrupted):
		return fmt.Errorf("waiting for %s: %w", p.Reason, err)
	}
	return err
}

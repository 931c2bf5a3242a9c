package writing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/pause"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Announcer returns the function that announces the pauses of an account's calls: the method Announce of a, if it has
// one, as a client of package auth does, or else a function that does nothing.
func Announcer(a Client) func(xrpc.Pause) {
	if a, can := a.(interface{ Announce(xrpc.Pause) }); can {
		return a.Announce
	}
	return func(xrpc.Pause) {}
}

// Sleep announces p and waits for p.Wait; it does nothing if p.Wait is 0. If the deadline of ctx comes before the end
// of the pause, Sleep returns an [*xrpc.WaitError] at once. If ctx ends during the pause, the error wraps that of ctx.
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

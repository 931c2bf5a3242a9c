package exit

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// SignalError is the cause with which a signal ends the context of [WithSignals].
type SignalError struct{ signal syscall.Signal }

func (e *SignalError) Error() string {
	if e.signal == syscall.SIGINT {
		return "interrupted"
	}
	return "terminated"
}

// Status returns the exit status that shells give to a command that a signal ended.
func (e *SignalError) Status() int { return 128 + int(e.signal) }

// grace is how long a command has to end after a signal: to remove partial files, or to store a session that is being
// renewed.
const grace = 10 * time.Second

// WithSignals returns a context that ends with a [SignalError] at the first signal to interrupt or terminate the
// process. A second signal ends the process; so does the first one, if the process still runs after the time grace.
// Signals that the process inherited as ignored stay ignored. stop ends this handling of signals and cancels the
// context.
func WithSignals(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 2)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	done := make(chan struct{})
	go func() {
		var first *SignalError
		select {
		case s := <-signals:
			first = &SignalError{s.(syscall.Signal)}
			cancel(first)
		case <-done:
			return
		}
		select {
		case <-signals:
		case <-time.After(grace):
		case <-done:
			return
		}
		os.Exit(first.Status())
	}()
	return ctx, sync.OnceFunc(func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	})
}

// Signalled returns err, or, if a signal has ended ctx, an error that names the signal, has its exit status, and keeps
// the advice in err.
func Signalled(ctx context.Context, err error) error {
	by, ok := errors.AsType[*SignalError](context.Cause(ctx))
	if !ok {
		return err
	}
	end := &Error{Status: by.Status(), Err: by}
	if h, ok := errors.AsType[*hint](err); ok {
		end.Err = &hint{by, h.text}
	}
	return end
}

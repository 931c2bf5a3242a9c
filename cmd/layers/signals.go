package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// signalError says that a signal asked the command to end.
type signalError struct{ signal syscall.Signal }

func (e *signalError) Error() string {
	if e.signal == syscall.SIGINT {
		return "interrupted"
	}
	return "terminated"
}

// status is the exit status that shells give to a command that a signal ended.
func (e *signalError) status() int { return 128 + int(e.signal) }

// grace is how long a command has to end after a signal: to remove partial files, or to store a session that is being
// renewed.
const grace = 10 * time.Second

// withSignals returns a context that ends with a [signalError] at the first signal to interrupt or terminate the
// process. A second signal, or the end of grace, ends the process. Signals that the process was started to ignore stay
// ignored. stop ends this handling of signals and cancels the context.
func withSignals(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 2)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	done := make(chan struct{})
	go func() {
		var first *signalError
		select {
		case s := <-signals:
			first = &signalError{s.(syscall.Signal)}
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
		os.Exit(first.status())
	}()
	return ctx, sync.OnceFunc(func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	})
}

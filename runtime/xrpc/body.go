package xrpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
)

// watch cancels the context of an attempt when no byte has been transferred for too long.
type watch struct {
	after  time.Duration
	timer  *time.Timer // nil: no time-out
	cancel context.CancelCauseFunc
}

func newWatch(ctx context.Context, after time.Duration) (context.Context, *watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{after: after, cancel: cancel}
	if after > 0 {
		w.timer = time.AfterFunc(after, func() { cancel(fmt.Errorf("%w: no byte for %v", ErrTimeout, after)) })
	}
	return ctx, w
}

// start starts the timer, or restarts it.
func (w *watch) start() {
	if w.timer != nil {
		w.timer.Reset(w.after)
	}
}

// pause stops the timer.
func (w *watch) pause() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// end cancels the context of the attempt.
func (w *watch) end() {
	w.pause()
	w.cancel(nil)
}

// payload is the body of a call. It may be sent several times.
type payload struct {
	mediaType string
	source    io.Reader
	seeker    io.Seeker // the source; nil if it cannot be rewound
	start     int64     // the initial position of seeker
	size      int64     // in bytes; -1: unknown
	current   *upload   // the body of the last request; nil: none yet
}

// newPayload returns a payload of the data of r from its current position to its end.
func newPayload(r io.Reader, mediaType string) *payload {
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	p := &payload{mediaType: mediaType, source: r, size: -1}
	if seeker, ok := r.(io.Seeker); ok {
		start, err := seeker.Seek(0, io.SeekCurrent)
		end, err2 := seeker.Seek(0, io.SeekEnd)
		_, err3 := seeker.Seek(start, io.SeekStart)
		if err == nil && err2 == nil && err3 == nil { // a pipe is an *os.File, too
			p.seeker, p.start, p.size = seeker, start, max(end-start, 0)
		}
	} else if buffer, ok := r.(interface{ Len() int }); ok {
		p.size = int64(buffer.Len())
	}
	return p
}

// attach makes the payload the body of req. Reading it fails when ctx ends.
func (p *payload) attach(ctx context.Context, req *http.Request, w *watch) {
	if p.size == 0 {
		req.Body = http.NoBody
		return
	}
	p.current = p.upload(ctx, w)
	req.Body, req.ContentLength = p.current, p.size
	if p.seeker != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			if err := p.rewind(); err != nil {
				return nil, err
			}
			p.current = p.upload(ctx, w)
			return p.current, nil
		}
	}
}

// upload returns a reader of the payload for one request.
func (p *payload) upload(ctx context.Context, w *watch) *upload {
	u := &upload{source: p.source, watch: w, reading: make(chan struct{}, 1)}
	if p.seeker == nil {
		r := newInterruptible(p.source)
		context.AfterFunc(ctx, func() { r.Close() })
		u.source = r
	}
	return u
}

// stop keeps the last request from reading the payload any further.
func (p *payload) stop() {
	if p.current == nil {
		return
	}
	p.current.stop()
	if r, ok := p.current.source.(*interruptible); ok {
		r.Close()
	} else {
		p.current.wait() // so that the source is not read any more when the call returns
	}
}

// rewind seeks the payload back to its beginning, if any of it has been read. The error wraps ErrBody if that is not
// possible.
func (p *payload) rewind() error {
	if p.current == nil {
		return nil
	}
	p.stop()
	if !p.current.begun() {
		return nil
	}
	if p.seeker == nil {
		return ErrBody
	}
	if _, err := p.seeker.Seek(p.start, io.SeekStart); err != nil {
		return fmt.Errorf("%w: %w", ErrBody, err)
	}
	return nil
}

// failure returns the error that reading the source returned, if any.
func (p *payload) failure() error {
	if p.current == nil {
		return nil
	}
	p.current.mu.Lock()
	defer p.current.mu.Unlock()
	return p.current.err
}

// upload is the body of one request. [http.Transport] may continue to read the body after it has returned an answer;
// stop keeps it from reading the source.
type upload struct {
	watch   *watch
	reading chan struct{} // has an element during a Read of source
	source  io.Reader

	mu      sync.Mutex
	stopped bool  // source must not be read any more
	touched bool  // source has been read from
	err     error // the last error of source, other than io.EOF
}

var errStopped = errors.New("the call has ended")

func (u *upload) Read(b []byte) (int, error) {
	u.reading <- struct{}{}
	defer func() { <-u.reading }()
	u.mu.Lock()
	stopped := u.stopped
	u.touched = u.touched || !stopped
	u.mu.Unlock()
	if stopped {
		return 0, errStopped
	}
	n, err := u.source.Read(b)
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.stopped {
		u.watch.start()
	}
	if err != io.EOF {
		u.err = err
	}
	return n, err
}

// Close does nothing, since the source belongs to the caller.
func (u *upload) Close() error { return nil }

// stop keeps every later Read from reaching the source.
func (u *upload) stop() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stopped = true
}

// wait waits until a Read in progress has returned.
func (u *upload) wait() {
	u.reading <- struct{}{}
	<-u.reading
}

// begun reports whether the source has been read from.
func (u *upload) begun() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.touched
}

// interruptible is a reader whose Read returns when the reader is closed, even if the Read of its source blocks. It
// reads the source in a goroutine that its own first Read starts.
type interruptible struct {
	source io.Reader
	begin  sync.Once
	r      *io.PipeReader
	w      *io.PipeWriter
}

func newInterruptible(source io.Reader) *interruptible {
	r, w := io.Pipe()
	return &interruptible{source: source, r: r, w: w}
}

func (i *interruptible) Read(b []byte) (int, error) {
	i.begin.Do(func() {
		go func() {
			err := panics.Catch(func() error {
				_, err := io.Copy(i.w, i.source)
				return err
			})
			i.w.CloseWithError(err)
		}()
	})
	return i.r.Read(b)
}

// Close makes a Read in progress and every later one fail. It does not close the source.
func (i *interruptible) Close() error { return i.r.Close() }

// answer is the body of a response. A read fails when no byte arrives for too long, when bytes arrive too slowly, or
// when the caller's context ends; the error names the call.
type answer struct {
	x     *exchange
	ctx   context.Context // of the attempt
	watch *watch
	body  io.ReadCloser
	size  int64 // that the server announced, in bytes; -1: unknown
	err   error // the error of every later Read

	waited time.Duration // the time spent in reads since the rate was last checked
	came   int64         // the number of bytes received since then
}

// rateWindow is how long a call waits for bytes before their rate is checked.
const rateWindow = 2 * time.Minute

// slow records a read of n bytes, and returns an error if the reads of the last rateWindow returned too few bytes.
func (a *answer) slow(n int, took time.Duration) error {
	a.came += int64(n)
	a.waited += took
	if a.waited < rateWindow {
		return nil
	}
	came, waited := a.came, a.waited
	a.came, a.waited = 0, 0
	if float64(came) >= float64(a.x.c.minRate)*waited.Seconds() {
		return nil
	}
	return fmt.Errorf("%w: too slow: %d bytes in %v, the minimum is %d bytes a second", ErrTimeout, came,
		waited.Round(time.Second), a.x.c.minRate)
}

func (a *answer) Read(b []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	a.watch.start()
	start := time.Now()
	n, err := a.body.Read(b)
	a.watch.pause()
	if err == nil {
		if slow := a.slow(n, time.Since(start)); slow != nil {
			a.watch.cancel(slow) // so that it becomes the cause of the context's end
			err = slow
		}
	}
	switch {
	case err == io.EOF:
		a.err = io.EOF
		a.watch.end()
	case err != nil && !errors.Is(err, http.ErrBodyReadAfterClose):
		if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, ErrInflation) && !errors.Is(err, ErrTimeout) {
			err = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
		}
		a.err = a.x.broken(a.ctx, err)
	default:
		a.err = err
	}
	return n, a.err
}

// Size returns the length of the body that the server announced, or -1 if it announced none or the body was
// compressed.
func (a *answer) Size() int64 { return a.size }

// Close releases the connection, which can be used again if all of the body has been read.
func (a *answer) Close() error {
	err := a.body.Close()
	a.watch.end()
	return err
}

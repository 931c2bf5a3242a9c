package main

import (
	"fmt"
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows the progress of an operation on a terminal; elsewhere it does nothing. Messages on standard error
// appear above it.
type progress struct {
	all  *mpb.Progress
	bar  *mpb.Bar
	back func() // ends that
}

// newProgress starts to show how many bytes of name have been received.
func newProgress(w io.Writer, name string) *progress {
	return start(w, func(all *mpb.Progress) *mpb.Bar {
		return all.New(0, mpb.SpinnerStyle(),
			mpb.PrependDecorators(decor.Name(oneLine(name)+" ")),
			mpb.AppendDecorators(decor.CurrentKibiByte("% .1f "), decor.AverageSpeed(decor.SizeB1024(0), "% .1f")),
			mpb.BarRemoveOnComplete())
	})
}

// newCount starts to show how many of something are done. Until the first [progress.set] it says that they are being
// checked.
func newCount(w io.Writer, name string) *progress {
	return start(w, func(all *mpb.Progress) *mpb.Bar {
		return all.New(0, mpb.BarStyle(), mpb.PrependDecorators(decor.Any(func(s decor.Statistics) string {
			if s.Total <= 0 {
				return "checking " + oneLine(name)
			}
			return fmt.Sprintf("%d of %d %s", s.Current, s.Total, oneLine(name))
		})), mpb.BarRemoveOnComplete())
	})
}

// start starts a bar on w if that is a terminal.
func start(w io.Writer, newBar func(*mpb.Progress) *mpb.Bar) *progress {
	messages, ok := w.(*textWriter)
	if !ok || !isTerminal(messages.exact) {
		return new(progress)
	}
	all := mpb.New(mpb.WithOutput(messages.exact))
	return &progress{all, newBar(all), messages.redirect(all)}
}

// reader returns a reader of r that shows the progress of reading.
func (p *progress) reader(r io.Reader) io.Reader {
	if p.bar == nil {
		return r
	}
	watched, err := p.bar.ProxyReader(r)
	if err != nil {
		return r // the bar has ended already
	}
	return watched
}

// set shows that done of total are done.
func (p *progress) set(done, total int) {
	if p.bar != nil {
		p.bar.SetTotal(int64(total), false)
		p.bar.SetCurrent(int64(done))
	}
}

// end removes the bar from the terminal, so that it cannot be mistaken for a result.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.all.Wait()
		p.back()
		p.bar = nil
	}
}

package terminal

import (
	"fmt"
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Bar shows the progress of an operation on a terminal; elsewhere it does nothing. Messages on standard error
// appear above it.
type Bar struct {
	all  *mpb.Progress
	bar  *mpb.Bar
	back func() // makes messages go to the terminal directly again
}

// NewBytes starts to show how many bytes of name have been received.
func NewBytes(w io.Writer, name string) *Bar {
	return start(w, func(all *mpb.Progress) *mpb.Bar {
		return all.New(0, mpb.SpinnerStyle(),
			mpb.PrependDecorators(decor.Name(OneLine(name)+" ")),
			mpb.AppendDecorators(decor.CurrentKibiByte("% .1f "), decor.AverageSpeed(decor.SizeB1024(0), "% .1f")),
			mpb.BarRemoveOnComplete())
	})
}

// NewCount starts to show how many of something are done. Until the first [Bar.Set] it shows that they are being
// checked.
func NewCount(w io.Writer, name string) *Bar {
	return start(w, func(all *mpb.Progress) *mpb.Bar {
		return all.New(0, mpb.BarStyle(), mpb.PrependDecorators(decor.Any(func(s decor.Statistics) string {
			if s.Total <= 0 {
				return "checking " + OneLine(name)
			}
			return fmt.Sprintf("%d of %d %s", s.Current, s.Total, OneLine(name))
		})), mpb.BarRemoveOnComplete())
	})
}

// NewStatus starts to show a status line on messages. It calls text for the line several times a second. Output of the
// command to out appears above the line. NewStatus shows nothing unless both are terminals, since the output of a pipe
// may appear on the same terminal.
func NewStatus(messages, out io.Writer, text func() string) *Bar {
	w, ok := out.(*Writer)
	if !ok || !IsTerminal(w.exact) {
		return new(Bar)
	}
	p := start(messages, func(all *mpb.Progress) *mpb.Bar {
		line := func(decor.Statistics) string { return OneLine(text()) }
		return all.New(0, mpb.NopStyle(), mpb.PrependDecorators(decor.Any(line)), mpb.BarRemoveOnComplete())
	})
	if p.bar != nil {
		messages, out := p.back, w.redirect(p.all)
		p.back = func() { out(); messages() }
	}
	return p
}

// start starts a bar on w if that is a terminal.
func start(w io.Writer, newBar func(*mpb.Progress) *mpb.Bar) *Bar {
	messages, ok := w.(*Writer)
	if !ok || messages.quiet || !IsTerminal(messages.exact) {
		return new(Bar)
	}
	all := mpb.New(mpb.WithOutput(messages.exact))
	return &Bar{all, newBar(all), messages.redirect(all)}
}

// Reader returns a reader of r that shows the progress of reading.
func (p *Bar) Reader(r io.Reader) io.Reader {
	if p.bar == nil {
		return r
	}
	watched, err := p.bar.ProxyReader(r)
	if err != nil {
		return r // the bar has ended already
	}
	return watched
}

// Set shows that done of total items are done.
func (p *Bar) Set(done, total int) {
	if p.bar != nil {
		p.bar.SetTotal(int64(total), false)
		p.bar.SetCurrent(int64(done))
	}
}

// End removes the bar from the terminal, so that it cannot be mistaken for a result.
func (p *Bar) End() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.all.Wait()
		p.back()
		p.bar = nil
	}
}

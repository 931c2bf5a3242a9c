package main

import (
	"io"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress shows how much of something has come, on a terminal; elsewhere it does nothing.
type progress struct {
	all *mpb.Progress
	bar *mpb.Bar
}

// newProgress starts to show the progress of what is called name, of unknown size.
func newProgress(w io.Writer, name string) *progress {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return new(progress)
	}
	all := mpb.New(mpb.WithOutput(w))
	bar := all.New(0, mpb.SpinnerStyle(),
		mpb.PrependDecorators(decor.Name(name+" ")),
		mpb.AppendDecorators(decor.CurrentKibiByte("% .1f "), decor.AverageSpeed(decor.SizeB1024(0), "% .1f")),
		mpb.BarRemoveOnComplete())
	return &progress{all, bar}
}

// reader returns r, watched.
func (p *progress) reader(r io.Reader) io.Reader {
	if p.bar == nil {
		return r
	}
	watched, err := p.bar.ProxyReader(r)
	if err != nil {
		return r // the bar is done already
	}
	return watched
}

// end stops showing it.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.SetTotal(-1, true)
		p.all.Wait()
	}
}

// newCount starts to show how many of something are done.
func newCount(w io.Writer, name string) *progress {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return new(progress)
	}
	all := mpb.New(mpb.WithOutput(w))
	bar := all.New(0, mpb.BarStyle(), mpb.PrependDecorators(decor.CountersNoUnit("%d of %d "+name)), mpb.BarRemoveOnComplete())
	return &progress{all, bar}
}

// set shows that so many of total are done.
func (p *progress) set(done, total int) {
	if p.bar != nil {
		p.bar.SetTotal(int64(total), false)
		p.bar.SetCurrent(int64(done))
	}
}

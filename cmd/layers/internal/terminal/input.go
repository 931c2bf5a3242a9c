package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// Input reads standard input, or another pipe or terminal. A Read ends when the context does, even if no data arrives.
// If the input is a terminal, the first Read prints on stderr that it waits for input.
type Input struct {
	ctx    context.Context
	source io.Reader
	stderr io.Writer // nil to print no message
	once   sync.Once
	pipe   *io.PipeReader
}

// NewInput returns an Input that reads source. If stderr is nil, it does not print that it waits.
func NewInput(ctx context.Context, source io.Reader, stderr io.Writer) *Input {
	return &Input{ctx: ctx, source: source, stderr: stderr}
}

// Terminal returns the terminal that the input reads, or nil if it reads something else.
func (in *Input) Terminal() *os.File {
	if IsTerminal(in.source) {
		return in.source.(*os.File)
	}
	return nil
}

// Read implements [io.Reader].
func (in *Input) Read(p []byte) (int, error) {
	in.once.Do(in.start)
	return in.pipe.Read(p)
}

func (in *Input) start() {
	if in.stderr != nil && IsTerminal(in.source) {
		fmt.Fprintln(in.stderr, "reading from standard input; end with "+endOfInput)
	}
	reader, writer := io.Pipe()
	in.pipe = reader
	context.AfterFunc(in.ctx, func() { writer.CloseWithError(context.Cause(in.ctx)) })
	go func() { // it ends with the process if the other side sends nothing
		_, err := io.Copy(writer, in.source)
		writer.CloseWithError(err)
	}()
}

// IsTerminal reports whether stream, a reader or a writer, is a terminal.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// ReadSecret reads a line from a terminal without showing what is typed. When ctx ends, it makes the terminal show
// input again, and returns the cause.
func ReadSecret(ctx context.Context, terminal *os.File) (string, error) {
	fd := int(terminal.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		return string(l.text), l.err
	case <-ctx.Done():
		return "", errors.Join(context.Cause(ctx), term.Restore(fd, state))
	}
}

// Open opens a file to read it. It waits for the other end of a named pipe until ctx ends.
func Open(ctx context.Context, name string) (*os.File, error) {
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		file, err := os.Open(name)
		done <- opened{file, err}
	}()
	select {
	case o := <-done:
		return o.file, o.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Stream returns a reader for a file that is read from its beginning to its end: an [Input] if it is a pipe or a
// terminal, and otherwise the file.
func Stream(ctx context.Context, file *os.File, stderr io.Writer) io.Reader {
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		return file
	}
	return NewInput(ctx, file, stderr)
}

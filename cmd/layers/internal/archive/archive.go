// Package archive opens the archives of repositories, CAR files of version 1 or 2, and converts between the versions.
package archive

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/internal/carv2"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Archive is a repository and the file that it is read from.
type Archive struct {
	*repo.Repo
	file *os.File
}

// Close closes the file, or removes the temporary copy that was made of a stream.
func (a *Archive) Close() {
	if a.file != nil {
		a.file.Close() // it was only read from: nothing is lost
	} else {
		a.Repo.Close()
	}
}

// Open opens the archive in a file, of CAR version 1 or 2. The name - stands for standard input. Standard input, and
// any file that cannot be read at an offset, is first copied to its end.
func Open(ctx context.Context, name string, stdin io.Reader, stderr io.Writer) (*Archive, error) {
	if name == "-" {
		return readArchive(ctx, stdin)
	}
	file, err := terminal.Open(ctx, name)
	if err != nil {
		return nil, exit.WithoutName(err)
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = errors.New("is a directory")
	case info.Mode().IsRegular():
		return openFile(ctx, file, info.Size())
	default: // a pipe
		defer file.Close()
		return readArchive(ctx, terminal.Stream(ctx, file, stderr))
	}
	file.Close()
	return nil, exit.WithoutName(err)
}

// openFile opens the archive in a file of size bytes, which it closes if there is an error.
func openFile(ctx context.Context, file *os.File, size int64) (*Archive, error) {
	payload, err := payloadOf(file, size)
	if err == nil {
		var r *repo.Repo
		if r, err = repo.Open(ctx, payload, payload.Size()); err == nil {
			return &Archive{r, file}, nil
		}
	}
	file.Close()
	return nil, err
}

// readArchive reads an archive to its end. It copies one of version 2 to a temporary file, since such an archive gives
// offsets to its parts.
func readArchive(ctx context.Context, r io.Reader) (*Archive, error) {
	buffered := bufio.NewReader(r)
	if start, _ := buffered.Peek(carv2.PragmaSize); !carv2.IsPragma(start) { // reading will meet an error again
		read, err := repo.Read(ctx, buffered)
		return &Archive{Repo: read}, err
	}
	file, err := os.CreateTemp("", "layers-*.car")
	if err != nil {
		return nil, err
	}
	os.Remove(file.Name()) // where open files keep their names it stays until the system clears its directory
	size, err := io.Copy(file, io.LimitReader(buffered, repo.DefaultMaxSize+1))
	if err == nil && size > repo.DefaultMaxSize {
		err = fmt.Errorf("%w: more than %d bytes", repo.ErrTooLarge, int64(repo.DefaultMaxSize))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return openFile(ctx, file, size)
}

// payloadOf returns the archive of version 1 that a file of size bytes is or, if it is of version 2, has in it.
func payloadOf(file io.ReaderAt, size int64) (*io.SectionReader, error) {
	if carv2.Is(file) {
		return carv2.Payload(file, size)
	}
	return io.NewSectionReader(file, 0, size), nil
}

// openRegular opens a file if it is a regular one, and returns its archive of version 1. The caller closes the file.
func openRegular(name string) (*os.File, *io.SectionReader, error) {
	info, err := os.Stat(name) // before it is opened, which waits if it is a pipe
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, nil, exit.WithoutName(err)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, exit.WithoutName(err)
	}
	payload, err := payloadOf(file, info.Size())
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, payload, nil
}

// Saved returns the commit of the archive in a file, and the version of the CAR format that it is in. If the file is
// not an archive of did, both are zero, and the caller may replace the file.
func Saved(ctx context.Context, name string, did syntax.DID) (revision repo.Revision, version int) {
	file, payload, err := openRegular(name)
	if err != nil {
		return repo.Revision{}, 0
	}
	defer file.Close()
	saved, err := repo.Open(ctx, payload, payload.Size())
	if err != nil || saved.Commit().DID != did {
		return repo.Revision{}, 0
	}
	if carv2.Is(file) {
		return saved.Revision(), 2
	}
	return saved.Revision(), 1
}

// CheckFile reads the whole archive in a file, and returns an error if it is not valid.
func CheckFile(ctx context.Context, name string) error {
	file, payload, err := openRegular(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return check(ctx, payload)
}

// maxDocument is the size of the largest DID document that is read, in bytes.
const maxDocument = 1 << 20

// VerifyBy verifies the signature of a repository under the key in a file with the account's DID document.
func VerifyBy(ctx context.Context, r *repo.Repo, name string) error {
	file, err := terminal.Open(ctx, name)
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxDocument+1))
	if err == nil && len(text) > maxDocument {
		err = fmt.Errorf("larger than %d bytes, the limit for a DID document", maxDocument)
	}
	var document *identity.Document
	if err == nil {
		document, err = identity.ParseDocument(text)
	}
	if err == nil && document.DID != r.Commit().DID {
		err = fmt.Errorf("the document is that of %s, but the repository belongs to %s", document.DID, r.Commit().DID)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	key, err := document.RequireKey()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return r.Verify(document.DID, key)
}

// Name returns the file name for an account's archive, without characters that file systems refuse.
func Name(did syntax.DID) string {
	return strings.NewReplacer(":", "-", "%", "-").Replace(string(did)) + ".car"
}

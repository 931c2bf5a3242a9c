// Package archive opens archives of repositories, which are CAR files of version 1 or 2, and converts them between the
// two versions.
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

// Close closes the archive's file, or removes the temporary copy of an archive that was read from a stream.
func (a *Archive) Close() {
	if a.file != nil {
		a.file.Close() // it was only read from: nothing is lost
	} else {
		a.Repo.Close()
	}
}

// Open opens the archive of CAR version 1 or 2 in the file called name, or in stdin if name is "-". It first reads
// standard input, or a file that is not regular, such as a pipe, to its end.
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

// openFile opens the archive in a file of size bytes. If it fails, it closes the file.
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

// readArchive reads an archive from r to its end. It copies an archive of version 2 to a temporary file, because the
// parts of such an archive are found by their offsets.
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
	os.Remove(file.Name()) // a system that cannot remove an open file keeps it until it clears the directory
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

// payloadOf returns the archive of CAR version 1 in a file of size bytes: the whole file or, if the file is of version
// 2, its payload.
func payloadOf(file io.ReaderAt, size int64) (*io.SectionReader, error) {
	if carv2.Is(file) {
		return carv2.Payload(file, size)
	}
	return io.NewSectionReader(file, 0, size), nil
}

// openRegular opens the file called name, which must be a regular file, and returns it with the archive of CAR version
// 1 in it. The caller closes the file.
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

// Saved returns the revision of the archive in the file called name, and the CAR version of the file. If the file
// cannot be read, or is not an archive of did, both are zero, and the caller may replace the file.
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

// CheckFile reads the whole archive in the file called name, and returns an error if it is not valid.
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

// VerifyBy verifies the signature of a repository with the signing key in the account's DID document, which it reads as
// JSON from the file called name. It is an error if the document is that of another account.
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

// Name returns the name of the file for an account's archive: the DID with a hyphen for each : and %, which some file
// systems refuse, and the extension .car.
func Name(did syntax.DID) string {
	return strings.NewReplacer(":", "-", "%", "-").Replace(string(did)) + ".car"
}

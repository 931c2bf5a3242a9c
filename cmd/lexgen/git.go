package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os/exec"
	"slices"
	"strings"
)

// git runs git in a directory and returns its output.
func git(ctx context.Context, dir string, stdin io.Reader, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir, command.Stdin = dir, stdin
	output, err := command.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		message := strings.TrimSpace(string(exit.Stderr))
		return nil, fmt.Errorf("git %s: %s", args[0], strings.TrimPrefix(message, "fatal: "))
	}
	return output, err
}

// isRevision reports whether name is a commit of the git repository that contains dir.
func isRevision(ctx context.Context, dir, name string) bool {
	_, err := git(ctx, dir, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	return err == nil
}

// revision returns the files that a commit has at the given paths, which are relative to dir. For a path of a directory
// it returns the files in it. The content is the one that git stores, without the conversions of a checkout.
func revision(ctx context.Context, dir, name string, paths ...string) (fs.FS, error) {
	// These options keep git from taking name for an option, and special characters in paths for patterns.
	args := append([]string{"--literal-pathspecs", "ls-tree", "-r", "-z", "--end-of-options", name + "^{commit}", "--"}, paths...)
	list, err := git(ctx, dir, nil, args...)
	if err != nil {
		return nil, err
	}
	var files []string
	var objects bytes.Buffer
	for entry := range strings.SplitSeq(string(list), "\x00") {
		// An entry is "mode type object TAB path".
		head, file, _ := strings.Cut(entry, "\t")
		if fields := strings.Fields(head); len(fields) == 3 && fields[1] == "blob" && fs.ValidPath(file) {
			files = append(files, file)
			fmt.Fprintln(&objects, fields[2])
		}
	}
	output, err := git(ctx, dir, &objects, "cat-file", "--batch", "--buffer")
	if err != nil {
		return nil, err
	}
	contents := make(map[string][]byte, len(files))
	r := bufio.NewReader(bytes.NewReader(output))
	for _, file := range files {
		// A blob is "object type size LF content LF".
		var object, typ string
		var size int64
		if _, err := fmt.Fscanf(r, "%s %s %d\n", &object, &typ, &size); err != nil {
			return nil, fmt.Errorf("git cat-file: %s: %w", file, err)
		}
		contents[file] = make([]byte, size)
		if _, err := io.ReadFull(r, contents[file]); err != nil {
			return nil, fmt.Errorf("git cat-file: %s: %w", file, err)
		}
		if _, err := r.Discard(1); err != nil {
			return nil, fmt.Errorf("git cat-file: %s: %w", file, err)
		}
	}
	return memory(contents)
}

// memory returns a file system with the given files, by path. It is a zip archive in memory.
func memory(contents map[string][]byte) (fs.FS, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, file := range slices.Sorted(maps.Keys(contents)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: file, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(contents[file]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
}

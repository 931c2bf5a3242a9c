//go:build !race

package nasty

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
)

// TestMessages holds that verifying the largest commit messages takes linear time and bounded memory.
func TestMessages(t *testing.T) {
	data := []byte("\xa1\x61n\x01")
	old, never := cid.Of(cid.DagCBOR, data), cid.Of(cid.DagCBOR, []byte("\xa0"))
	const size = 1_900_000
	long := strings.Repeat("k", 490)
	spread := func(key string, count int, op func(path string) repo.Op) []repo.Op {
		ops := make([]repo.Op, reposync.MaxOps)
		for i := range ops {
			ops[i] = op(fmt.Sprintf("%s/%s%08d", unknown, key, i*count/len(ops)))
		}
		return ops
	}
	updates := func(path string) repo.Op {
		return repo.Op{Action: repo.Update, Path: path, CID: old, Prev: never}
	}
	creations := func(path string) repo.Op {
		return repo.Op{Action: repo.Create, Path: path, CID: old}
	}
	deletions := func(path string) repo.Op {
		return repo.Op{Action: repo.Delete, Path: path + "x", Prev: never}
	}
	whole := func(key string) func(int) []byte {
		return func(n int) []byte { return paths(n, unknown, key, data) }
	}
	// Each operation can be undone, and prevData is wrong: the whole inversion is made.
	verify := func(key string, op func(string) repo.Op) func(*testing.T, []byte) {
		v := reposync.NewVerifier()
		return func(t *testing.T, input []byte) {
			count := len(input) / (90 + len(key)) / 2
			m := message(input, spread(key, max(count, reposync.MaxOps), op))
			_, err := v.Invert(m)
			if !errors.Is(err, reposync.ErrInvalid) || !strings.Contains(err.Error(), "prevData is") {
				t.Errorf("%v", err)
			}
		}
	}
	measure(t, []row{
		{name: "200 updates", input: whole(""), size: size, run: verify("", updates)},
		{name: "200 creations", input: whole(""), size: size, run: verify("", creations)},
		{name: "200 deletions", input: whole(""), size: size, run: verify("", deletions)},
		{name: "200 creations, long keys", input: whole(long), size: size, run: verify(long, creations)},
		{name: "200 deletions, long keys", input: whole(long), size: size, run: verify(long, deletions)},
		{
			name: "one block many times", size: size,
			input: func(n int) []byte {
				b := paths(90, unknown, "", data)
				return append(b, bytes.Repeat(section(old, data), n/len(section(old, data)))...)
			},
			run: func(t *testing.T, input []byte) {
				if _, err := reposync.NewVerifier().Invert(message(input, nil)); !errors.Is(err, reposync.ErrInvalid) {
					t.Error(err)
				}
			},
		},
		{
			name: "blocks that only differ in the last byte of their CIDs' first half", size: size,
			input: func(n int) []byte {
				b := paths(90, unknown, "", data)
				for i := range n / 40 {
					c := old
					c[20], c[21] = byte(i), byte(i>>8)
					b = append(b, section(c, data[:3])...)
				}
				return b
			},
			run: func(t *testing.T, input []byte) {
				if _, err := reposync.NewVerifier().Read(message(input, nil)); err != nil {
					t.Error(err)
				}
			},
		},
	})
}

// message returns a message of an archive whose commit is that of tree.
func message(archive []byte, ops []repo.Op) *reposync.Commit {
	var s car.Scanner
	roots, err := s.Reset(archive)
	if err != nil {
		panic(err)
	}
	return &reposync.Commit{
		DID: did, Rev: rev, Since: "3jzfcijpj2z22", Commit: roots[0], PrevData: cid.Of(cid.DagCBOR, nil), Ops: ops, Blocks: archive,
	}
}

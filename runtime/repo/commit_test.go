package repo_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/repo"
)

func testCommit() repo.Commit {
	return repo.Commit{
		DID:  testDID,
		Rev:  testRev,
		Data: cid.Of(cid.DagCBOR, []byte("data")),
		Sig:  bytes.Repeat([]byte{7}, 64),
	}
}

// TestCommitBytes holds the encoding, field by field.
func TestCommitBytes(t *testing.T) {
	c := testCommit()
	link := "d82a582500" + hex.EncodeToString(c.Data[:])
	text := func(s string) string { return hex.EncodeToString([]byte(s)) }
	did := "63" + text("did") + "7820" + text(string(testDID))
	rev := "63" + text("rev") + "6d" + text(string(testRev))
	sig := "63" + text("sig") + "5840" + strings.Repeat("07", 64)
	data := "64" + text("data") + link
	prev := "64" + text("prev") + "f6"
	version := "67" + text("version") + "03"
	if got, want := hex.EncodeToString(c.Block()), "a6"+did+rev+sig+data+prev+version; got != want {
		t.Errorf("Block() = %s, want %s", got, want)
	}
	if got, want := hex.EncodeToString(c.Unsigned()), "a5"+did+rev+data+prev+version; got != want {
		t.Errorf("Unsigned() = %s, want %s", got, want)
	}
}

func TestParseCommit(t *testing.T) {
	withPrev := testCommit()
	withPrev.Prev = cid.Of(cid.DagCBOR, []byte("prev"))
	longDID := testCommit()
	longDID.DID = "did:web:" + "a.example.com"
	for _, c := range []repo.Commit{testCommit(), withPrev, longDID} {
		block := c.Block()
		got, err := repo.ParseCommit(block)
		if err != nil || !reflect.DeepEqual(*got, c) {
			t.Errorf("ParseCommit = %+v, %v; want %+v", got, err, c)
		}
		clear(block)
		if !reflect.DeepEqual(*got, c) {
			t.Error("the commit shares memory with the block")
		}
	}
}

// invalidCommit is a block that is not a commit, and what the error says.
type invalidCommit struct {
	name    string
	block   []byte
	message string
}

// invalidCommits returns blocks with something wrong in each part of a commit.
func invalidCommits(t testing.TB) []invalidCommit {
	commit := testCommit()
	block := commit.Block()
	data := string(commit.Data[:])
	replace := func(old, new string) []byte {
		replaced := bytes.Replace(block, []byte(old), []byte(new), 1)
		if bytes.Equal(replaced, block) {
			t.Fatalf("nothing to replace: %q", old)
		}
		return replaced
	}
	return []invalidCommit{
		{"empty", nil, "byte 0"},
		{"a record", []byte("\xa1\x64text\x62hi"), "byte 0"},
		{"unsigned", commit.Unsigned(), "six fields"},
		{"version 2", replace("\x67version\x03", "\x67version\x02"), "of 3"},
		{"version in two bytes", replace("\x67version\x03", "\x67version\x18\x03"), "of 3"},
		{"no prev", bytes.Replace(replace("\xa6\x63did", "\xa5\x63did"), []byte("\x64prev\xf6"), nil, 1), "six fields"},
		{"a field more", append(replace("\xa6\x63did", "\xa7\x63did"), "\x68whatever\xf6"...), "six fields"},
		{"fields in another order", replace("\x64prev\xf6\x67version\x03", "\x67version\x03\x64prev\xf6"), "prev"},
		{"did is bytes", replace("\x63did\x78\x20", "\x63did\x58\x20"), "did is not a string"},
		{"length of did in three bytes", replace("\x63did\x78\x20", "\x63did\x79\x00\x20"), "shortest form"},
		{"length of did absurd", replace("\x63did\x78\x20", "\x63did\x7b\xff\xff\xff\xff\xff\xff\xff\xff"), "length of did"},
		{"did is not one", replace("did:plc:", "dad:plc:"), "did: "},
		{"rev is not a TID", replace("\x6d"+string(testRev), "\x6d1111111111111"), "rev: "},
		{"rev is too short", replace("\x6d"+string(testRev), "\x6c"+string(testRev[:12])), "rev: "},
		{"sig of 63 bytes", replace("\x58\x40\x07", "\x58\x3f"), "64 bytes"},
		{"sig is text", replace("\x63sig\x58\x40", "\x63sig\x78\x40"), "64 bytes"},
		{"sig of no stated length", replace("\x63sig\x58\x40", "\x63sig\x5f\x40"), "64 bytes"},
		{"data is null", replace("\xd8\x2a\x58\x25\x00"+data, "\xf6"), "data is not a link"},
		{"data of raw bytes", replace("\x00\x01\x71\x12", "\x00\x01\x55\x12"), "DAG-CBOR"},
		{"data of another hash", replace("\x00\x01\x71\x12", "\x00\x01\x71\x13"), "hash function"},
		{"prev is false", replace("\x64prev\xf6", "\x64prev\xf4"), "prev is not a link"},
		{"bytes behind it", append(bytes.Clone(block), 0), "1 bytes after the commit"},
	}
}

func TestParseCommitInvalid(t *testing.T) {
	commit := testCommit()
	block := commit.Block()
	for _, test := range invalidCommits(t) {
		t.Run(test.name, func(t *testing.T) {
			c, err := repo.ParseCommit(test.block)
			if !errors.Is(err, repo.ErrCommit) || c != nil {
				t.Fatalf("ParseCommit = %v, %v", c, err)
			}
			if !strings.Contains(err.Error(), test.message) {
				t.Errorf("error %q does not say %q", err, test.message)
			}
		})
	}
	for i := range block {
		if _, err := repo.ParseCommit(block[:i]); !errors.Is(err, repo.ErrCommit) {
			t.Fatalf("cut at byte %d: %v", i, err)
		}
	}
}

func FuzzCommit(f *testing.F) {
	commit := testCommit()
	f.Add(commit.Block())
	commit.Prev = commit.Data
	f.Add(commit.Block())
	f.Add(commit.Unsigned())
	for _, test := range invalidCommits(f) {
		f.Add(test.block)
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		c, err := repo.ParseCommit(block)
		if err == nil && !bytes.Equal(c.Block(), block) {
			t.Errorf("parsed %x\nwritten %x", block, c.Block())
		}
	})
}

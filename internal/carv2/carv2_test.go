package carv2_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/layers-pub/layers-go/internal/carv2"
)

func archives(t *testing.T) (v1, v2 []byte) {
	t.Helper()
	v1, err := os.ReadFile("../../tests/testdata/acceptance.car")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := carv2.Write(&out, bytes.NewReader(v1)); err != nil {
		t.Fatal(err)
	}
	return v1, out.Bytes()
}

func TestRoundTrip(t *testing.T) {
	v1, v2 := archives(t)
	if !carv2.Is(bytes.NewReader(v2)) || carv2.Is(bytes.NewReader(v1)) || carv2.Is(bytes.NewReader(nil)) {
		t.Fatal("Is")
	}
	payload, err := carv2.Payload(bytes.NewReader(v2), int64(len(v2)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(payload)
	if err != nil || !bytes.Equal(got, v1) {
		t.Fatalf("%d bytes, want those %d that were written: %v", len(got), len(v1), err)
	}
}

func TestMalformed(t *testing.T) {
	v1, v2 := archives(t)
	const dataOffset, dataSize = carv2.PragmaSize + 16, carv2.PragmaSize + 24
	change := func(at int, value uint64) []byte {
		b := bytes.Clone(v2)
		binary.LittleEndian.PutUint64(b[at:], value)
		return b
	}
	for name, archive := range map[string][]byte{
		"version 1":              v1,
		"empty":                  nil,
		"pragma alone":           v2[:carv2.PragmaSize],
		"header cut":             v2[:carv2.PragmaSize+39],
		"data cut":               v2[:len(v1)],
		"data inside the header": change(dataOffset, 0),
		"data behind the end":    change(dataOffset, uint64(len(v2))+1),
		"offset of 64 bits":      change(dataOffset, 1<<63+7),
		"size behind the end":    change(dataSize, uint64(len(v2))),
		"size of 64 bits":        change(dataSize, 1<<64-1),
	} {
		if _, err := carv2.Payload(bytes.NewReader(archive), int64(len(archive))); !errors.Is(err, carv2.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzPayload(f *testing.F) {
	f.Add([]byte("\x0a\xa1gversion\x02"))
	f.Add(append([]byte("\x0a\xa1gversion\x02"), make([]byte, 64)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		payload, err := carv2.Payload(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			if n, err := io.Copy(io.Discard, payload); err != nil || n != payload.Size() {
				t.Fatal(n, err)
			}
		}
	})
}

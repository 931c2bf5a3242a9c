package pointer_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/internal/pointer"
)

func TestFind(t *testing.T) {
	const text = `{"a": [1, {"b/~": 2}], "c": "x"}`
	//            0123456789012345678901234567890
	const cbor = "\xa2\x61a\x82\x01\xa1\x63b/~\x02\x61c\x61x"
	for _, test := range []struct {
		name    string
		data    string
		json    bool
		offsets []int
		want    []string
	}{
		{"JSON", text, true, []int{0, 1, 6, 7, 10, 11, 18, 23, 28, 32}, []string{"", "/a", "/a", "/a/0", "/a/1", "/a/1/b~1~0", "/a/1/b~1~0", "/c", "/c", ""}},
		{"CBOR", cbor, false, []int{0, 1, 3, 4, 5, 6, 10, 11, 13, 15}, []string{"", "/a", "/a", "/a/0", "/a/1", "/a/1/b~1~0", "/a/1/b~1~0", "/c", "/c", ""}},
		{"the same offset twice", text, true, []int{7, 7}, []string{"/a/0", "/a/0"}},
		{"broken JSON", `{"a":[1,}`, true, []int{6, 8, 9}, []string{"/a/0", "/a/1", "/a/1"}},
		{"broken CBOR", "\xa1\x61a\x82\x01", false, []int{4, 5}, []string{"/a/0", "/a/1"}},
		{"nothing at all", "", true, []int{0}, []string{""}},
		{"a byte order mark", "\uFEFF[1]", true, []int{4}, []string{"/0"}},
	} {
		got, err := pointer.Find(context.Background(), []byte(test.data), test.json, test.offsets)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}

// However deep and long the keys of the input are, a pointer is short.
func TestShort(t *testing.T) {
	key := strings.Repeat("é", 1000)
	text := strings.Repeat(`{"`+key+`":`, 20) + "1" + strings.Repeat("}", 20)
	got, err := pointer.Find(context.Background(), []byte(text), true, []int{strings.Index(text, "1")})
	if err != nil || len(got[0]) > 1024+len("…") || !strings.Contains(got[0], "…") {
		t.Errorf("%d bytes: %q, %v", len(got[0]), got, err)
	}
	if long := pointer.Append(got[0], key); len(long) > 1024+len("…") {
		t.Errorf("Append: %d bytes", len(long))
	}
	if got := pointer.Append("/a", "b/c"); got != "/a/b~1c" {
		t.Errorf("Append = %s", got)
	}
}

func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	text := "[" + strings.Repeat("1,", 1<<18) + "1]"
	if _, err := pointer.Find(ctx, []byte(text), true, []int{len(text) - 2}); err != context.Canceled {
		t.Errorf("Find: %v", err)
	}
}

package rec_test

import (
	"fmt"
	"testing"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
)

func TestEnvelopePrint(t *testing.T) {
	for _, test := range []struct {
		encoding   lex.Encoding
		data, want string
	}{
		{lex.JSON, `{"a":1}`, `at://a.test/b.c.d/e {"a":1}`},
		{lex.CBOR, "\xa1\x61a\x01", `at://a.test/b.c.d/e {"a":1}`},
		{lex.CBOR, "\xff", "at://a.test/b.c.d/e ff"},
	} {
		e := rec.Envelope{URI: "at://a.test/b.c.d/e", Data: []byte(test.data), Encoding: test.encoding}
		if got := fmt.Sprintf("%v", e); got != test.want {
			t.Errorf("%%v: %s, want %s", got, test.want)
		}
		if got := fmt.Sprint(&e); got != test.want {
			t.Errorf("Sprint of a pointer: %s, want %s", got, test.want)
		}
	}
}

package rpc_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/layers-pub/layers-go/runtime/rpc"
)

// TestMessages checks which errors end an iteration, and what is yielded with them.
func TestMessages(t *testing.T) {
	invalid, end := errors.New("invalid"), errors.New("end")
	frames := func(yield func(rpc.Frame, error) bool) {
		_ = yield(rpc.Frame{Type: "a"}, nil) &&
			yield(rpc.Frame{}, fmt.Errorf("frame: %w", &rpc.BadFrame{Data: []byte{1}, Err: invalid})) &&
			yield(rpc.Frame{Type: "invalid"}, nil) &&
			yield(rpc.Frame{}, end) &&
			yield(rpc.Frame{Type: "b"}, nil)
	}
	decode := func(typ string, _ []byte) (string, error) {
		if typ == "invalid" {
			return typ, invalid
		}
		return typ, nil
	}
	got := ""
	for message, err := range rpc.Messages(frames, decode) {
		bad, isBad := errors.AsType[*rpc.BadFrame](err)
		got += fmt.Sprintf("%s %v %t; ", message, err, isBad)
		if isBad && (len(bad.Data) != 1 || !errors.Is(err, invalid)) {
			t.Errorf("got %+v", bad)
		}
	}
	if want := "a <nil> false;  frame: invalid true; invalid invalid false;  end false; "; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	for _, err := range rpc.Messages(frames, decode) {
		if err != nil {
			break // which a sequence must not call again after
		}
	}
}

package demo

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
)

// TestTour runs the demo and looks for what each step is to show.
func TestTour(t *testing.T) {
	var stdout bytes.Buffer
	command := Command()
	command.SetArgs(nil)
	command.SetOut(&stdout)
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := stdout.String()
	parts := strings.Split(out, "\n\n")
	for _, want := range []string{
		"34 records written in 1 request, and a recording of 19244 bytes",
		`/createdAt: format: "" is not a valid datetime`,
		"DID     did:plc:",
		"total                                         37      34       2       1",
		"/annotations/0/tokenIndex not an integer",
		`"sentense" is not a known value; "sentence" is`,
		"\ncreate expression.expression/",
		"Kim    saw    her",
		"coreference     ╰─1─╯",
		"layers demo --keep",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q", want)
		}
	}
	if n := strings.Count(out, " signed\n"); n != 4 {
		t.Errorf("%d signed changes, want 4", n)
	}
	for _, s := range steps {
		for _, function := range s.functions {
			shown := code(function)
			if lines := strings.Count(shown, "\n"); lines < 2 || lines > 11 || strings.Contains(shown, "d.") && strings.Contains(shown, " d.") || strings.Contains(shown, "show") {
				t.Errorf("%s shows %d lines:\n%s", function, lines, shown)
			}
			if !strings.Contains(out, indent(shown)) {
				t.Errorf("the code of %s is not printed", function)
			}
		}
	}
	if len(parts) < 3*len(steps) {
		t.Errorf("only %d paragraphs", len(parts))
	}
}

// TestSlowAnswers has the relay send each change before the server has answered the call that made it.
func TestSlowAnswers(t *testing.T) {
	w, err := start()
	if err != nil {
		t.Fatal(err)
	}
	defer w.network.Close()
	w.pds.Fail(fault.Trickle(100, 10*time.Millisecond), "com.atproto.repo.createRecord")
	if err := tour(t.Context(), io.Discard, w); err != nil {
		t.Error(err)
	}
}

// TestFailure has the server refuse the sentence that is annotated live: the demo does not wait for it.
func TestFailure(t *testing.T) {
	w, err := start()
	if err != nil {
		t.Fatal(err)
	}
	defer w.network.Close()
	w.pds.Fail(fault.Error(400, "InvalidRequest", "not today"), "com.atproto.repo.createRecord")
	if err := tour(t.Context(), io.Discard, w); err == nil || !strings.Contains(err.Error(), "follow: ") || !strings.Contains(err.Error(), "not today") {
		t.Errorf("got %v", err)
	}
}

// TestInterrupt ends the demo early: the error says why.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	command := Command()
	command.SetArgs(nil)
	command.SetOut(new(bytes.Buffer))
	command.SilenceErrors, command.SilenceUsage = true, true
	if err := command.ExecuteContext(ctx); err == nil || !strings.Contains(exit.Message(err), "canceled") {
		t.Errorf("got %v", err)
	}
}

// TestPicture compares the picture in the README with one of what the demo prints now.
func TestPicture(t *testing.T) {
	want, err := Picture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../../docs/demo.svg")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/demo.svg is not what the demo prints: go generate ./cmd/layers/internal/demo (%v)", err)
	}
	for _, text := range []string{"GetRepo", "coreference", "signed"} {
		if !bytes.Contains(want, []byte(text)) {
			t.Errorf("the picture lacks %s", text)
		}
	}
}

package terminal_test

import (
	"testing"

	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
)

func TestNumber(t *testing.T) {
	for _, test := range []struct {
		n           int
		thing, want string
	}{
		{0, "record", "0 records are"},
		{1, "record", "1 record is"},
		{2, "record", "2 records are"},
		{1, "repository", "1 repository is"},
		{20, "repository", "20 repositories are"},
	} {
		if got := terminal.Number(test.n, test.thing) + " " + terminal.Are(test.n); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

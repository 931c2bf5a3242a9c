package limit_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/limit"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// TestErrTooLarge checks that the packages' errors wrap the common one, say so once and are not one another's.
func TestErrTooLarge(t *testing.T) {
	all := map[string]error{
		"blob": blob.ErrTooLarge, "car": car.ErrTooLarge, "repo": repo.ErrTooLarge, "write": write.ErrTooLarge, "xrpc": xrpc.ErrTooLarge,
	}
	for name, err := range all {
		if !errors.Is(err, limit.ErrTooLarge) {
			t.Errorf("the error of package %s is not limit.ErrTooLarge", name)
		}
		if strings.Count(err.Error(), "too large") != 1 {
			t.Errorf("the error of package %s is %q", name, err)
		}
		for other, another := range all {
			if other != name && errors.Is(err, another) {
				t.Errorf("the error of package %s is that of package %s", name, other)
			}
		}
	}
}

// TestAcrossLayers checks errors that a caller of package repo sees: its own, and that of package car below it.
func TestAcrossLayers(t *testing.T) {
	_, own := repo.Read(t.Context(), bytes.NewReader(nil), repo.WithSize(2), repo.WithMaxSize(1))
	_, below := repo.Read(t.Context(), bytes.NewReader([]byte("\xff\xff\xff\xff\x0f")))
	for want, err := range map[error]error{repo.ErrTooLarge: own, car.ErrTooLarge: below} {
		if !errors.Is(err, limit.ErrTooLarge) || !errors.Is(err, want) || strings.Count(err.Error(), "too large") != 1 {
			t.Errorf("%v", err)
		}
	}
}

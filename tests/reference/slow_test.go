package reference

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// TestInstallWaits waits for another process's installation no longer than its context, within go test's ten minutes.
func TestInstallWaits(t *testing.T) {
	if installTimeout > 8*time.Minute {
		t.Errorf("an installation may take %v", installTimeout)
	}
	cache := t.TempDir()
	unlock, err := lock(filepath.Join(cache, "reference.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	said := ""
	err = servers.installInto(ctx, func(text string) { said = text }, "npm", cache, filepath.Join(cache, "reference-x"))
	if _, ok := errors.AsType[*unavailableError](err); !ok || said == "" {
		t.Errorf("%v, %q", err, said)
	}
}

package batch_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// moved is an account that is at another server than its calls.
type moved struct{ *testAccount }

var errMoved = errors.New("moved")

func (moved) CheckPDS(context.Context) error { return errMoved }

// An account that is somewhere else is not even looked at: what its old server has says nothing.
func TestMoved(t *testing.T) {
	for _, action := range pageActions {
		for _, there := range []int{0, 1, 2} {
			pds := newPDS(t)
			if there > 0 {
				pds.Put(pageKey, jsonOf(t, membership(there)))
			}
			err := action.do(t, moved{pds}, nil, 0)
			if !errors.Is(err, errMoved) || errors.Is(err, write.ErrUnknown) || len(pds.Calls) > 0 {
				t.Errorf("%s: %v, %v", action.name, err, pds.Calls)
			}
		}
	}
}

// What was not sent is known not to have been carried out.
func TestNotSent(t *testing.T) {
	for _, action := range pageActions {
		pds := newPDS(t)
		if action.before > 0 {
			pds.Put(pageKey, jsonOf(t, membership(action.before)))
		}
		refusal := fmt.Errorf("xrpc: any: %w: %w", xrpc.ErrNotSent, errMoved)
		gone := false
		pds.Intercept = func(_ int, nsid string, do func() error) error {
			if nsid == "com.atproto.repo.getRecord" && !gone {
				return do()
			}
			gone = true
			return refusal
		}
		if err := action.do(t, pds, nil, 0); !errors.Is(err, errMoved) || errors.Is(err, write.ErrUnknown) || pds.Procedures() != 1 {
			t.Errorf("%s: %v, %v", action.name, err, pds.Calls)
		}
		if pds.Calls[len(pds.Calls)-1] == "getRecord" {
			t.Errorf("%s: looked for what was not sent", action.name)
		}
	}
}

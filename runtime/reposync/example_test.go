package reposync_test

import (
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/reposync"
)

// A message without blocks is invalid.
func Example() {
	verifier := reposync.NewVerifier()
	message := &reposync.Commit{DID: "did:plc:ewvi7nxzyoun6zhxrhs64oiz", Rev: "3kdbyhpfzs22c"}
	change, err := verifier.Verify(message, multikey.Key{}, reposync.State{})
	fmt.Println(change, errors.Is(err, reposync.ErrInvalid))
	// Output: <nil> true
}

package identity_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
)

// offline returns the network of the examples, with one account on it.
func offline() *internet {
	n := newNetwork()
	n.handle("alice.test", alice)
	n.account(alice, "alice.test")
	n.handle("mallory.test", alice)
	return n
}

func Example() {
	ctx := context.Background()
	fake := offline()
	// A program needs no options. These keep the example off the Internet.
	directory, err := identity.New(
		identity.WithNetwork(network.Network{HTTPClient: &http.Client{Transport: fake}, LookupTXT: fake.lookupTXT}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	account, err := directory.Resolve(ctx, "alice.test")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(account.DID)
	fmt.Println(account.Handle)
	fmt.Println(account.PDS)
	fmt.Println(account.Key)

	_, err = directory.Resolve(ctx, "mallory.test")
	fmt.Println(errors.Is(err, identity.ErrInvalid), err)

	// Output:
	// did:plc:aaaaaaaaaaaaaaaaaaaaaaaa
	// alice.test
	// https://pds.test
	// zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF
	// true identity: mallory.test: invalid: leads to did:plc:aaaaaaaaaaaaaaaaaaaaaaaa, which claims the handle alice.test
}

func ExampleParseDocument() {
	document, err := identity.ParseDocument([]byte(`{
		"id": "did:web:bob.test",
		"alsoKnownAs": ["at://bob.test"],
		"service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.test/"}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(document.DID, document.Handle, document.PDS)
	_, err = document.RequireKey()
	fmt.Println(err)
	// Output:
	// did:web:bob.test bob.test https://pds.test
	// identity: did:web:bob.test: not found: the document has no signing key (#atproto)
}

package multikey_test

import (
	"encoding/hex"
	"fmt"
	"log"

	"github.com/layers-pub/layers-go/runtime/multikey"
)

// This example verifies a signature with the key of a DID document.
func Example() {
	key, err := multikey.Parse("zQ3shqwJEJyMBsBXCWyCBpUBMqxcon9oHB7mCvx4sSpMdLJwc")
	if err != nil {
		log.Fatal(err)
	}
	message := []byte("\xa1\x65hello\x65world")
	signature, err := hex.DecodeString("e56a5d22e11451f55461aa33b22f06d01ddc58ed3d72065b208c20d6dd9829d5" +
		"27fc51339ce9ddb33fea82261bf3dcf0c5809b07bd5fef240ae4bafb35ab1fa0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(key.Curve(), key.Verify(message, signature))
	fmt.Println(key.Verify([]byte("another message"), signature))
	// Output:
	// k256 <nil>
	// invalid signature: it was not made by key zQ3shqwJEJyMBsBXCWyCBpUBMqxcon9oHB7mCvx4sSpMdLJwc
}

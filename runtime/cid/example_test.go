package cid_test

import (
	"fmt"
	"log"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// A block matches a CID if it has the hash that is in the CID.
func Example() {
	want, err := cid.Parse("bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua")
	if err != nil {
		log.Fatal(err)
	}
	emptyMap := []byte{0xa0} // in DAG-CBOR
	fmt.Println(want.Matches(emptyMap))
	fmt.Println(cid.Of(cid.Raw, emptyMap))
	// Output:
	// true
	// bafkreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua
}

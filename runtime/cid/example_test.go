package cid_test

import (
	"fmt"
	"log"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// A block is what its CID says if it has the same hash.
func Example() {
	want, err := cid.Parse("bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua")
	if err != nil {
		log.Fatal(err)
	}
	emptyMap := []byte{0xa0} // in DAG-CBOR
	fmt.Println(cid.Of(cid.DagCBOR, emptyMap) == want)
	fmt.Println(cid.Of(cid.Raw, emptyMap))
	// Output:
	// true
	// bafkreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua
}

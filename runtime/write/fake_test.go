package write_test

import "github.com/layers-pub/layers-go/tests/fakepds"

const (
	did        = fakepds.DID
	collection = fakepds.Collection
)

type (
	fakePDS    = fakepds.PDS
	fakeRecord = fakepds.Record
)

var (
	newPDS      = fakepds.New
	membership  = fakepds.Membership
	jsonOf      = fakepds.JSON
	lookup      = fakepds.Lookup
	untyped     = fakepds.Untyped
	uriOf       = fakepds.URI
	cidOfRecord = fakepds.CID
	failure     = fakepds.Failure
	errInternal = fakepds.ErrInternal
	lost        = fakepds.Lost
)

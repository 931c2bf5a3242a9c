package write_test

import "github.com/layers-pub/layers-go/tests/author"

const (
	did        = author.DID
	collection = author.Collection
)

type testAccount = author.Author

var (
	newPDS      = author.New
	membership  = author.Membership
	jsonOf      = author.JSON
	lookup      = author.Lookup
	untyped     = author.Untyped
	uriOf       = author.URI
	cidOfRecord = author.CID
	failure     = author.Failure
	errInternal = author.ErrInternal
	lost        = author.Lost
)

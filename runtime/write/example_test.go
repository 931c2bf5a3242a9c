package write_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/write"
)

// logIn returns an account of a network in this process; programs have theirs on the public one, and no option for it.
func logIn(ctx context.Context, n *atptest.Network) *auth.Client {
	alice := n.NewAccount("alice.test")
	account, err := auth.Login(ctx, "alice.test", alice.Password, auth.WithNetwork(n.Options()))
	if err != nil {
		log.Fatal(err)
	}
	return account
}

func ExampleCreate() {
	ctx := context.Background()
	n, err := atptest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer n.Close()
	account := logIn(ctx, n)

	membership := &corpus.Membership{
		CorpusRef:     "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.corpus.corpus/3l3famgxlzxwf",
		ExpressionRef: "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.expression.expression/3l3famgxlzxwf",
		CreatedAt:     "2026-01-01T00:00:00Z",
	}
	ref, err := write.Create(ctx, account, membership, &write.CreateOptions{Lookup: records.Lookup})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ref.URI.Collection(), ref.CID)

	// What is not valid is not sent.
	membership.Ordinal.Set(-1)
	_, err = write.Create(ctx, account, membership, &write.CreateOptions{Lookup: records.Lookup, RecordKey: "first"})
	var invalid *issue.Error
	if errors.As(err, &invalid) {
		for _, problem := range invalid.Issues {
			fmt.Println(problem)
		}
	}
	// Output:
	// pub.layers.corpus.membership bafyreif26vrrc2xxzgh6vwqgcz5fsnjyilx4sxx6inmlrg734dv43ibpzi
	// /ordinal: minimum: -1 is below the minimum of 0
}

func ExamplePut() {
	ctx := context.Background()
	n, err := atptest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer n.Close()
	account := logIn(ctx, n)
	opts := &write.PutOptions{Lookup: records.Lookup}

	record, err := write.ParseRecord([]byte(`{
		"$type": "pub.layers.corpus.membership",
		"corpusRef": "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.corpus.corpus/3l3famgxlzxwf",
		"expressionRef": "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.expression.expression/3l3famgxlzxwf",
		"createdAt": "2026-01-01T00:00:00Z",
		"addedInVersion2": true
	}`))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := write.Put(ctx, account, "3l3famgxlzxwf", record, opts); err != nil {
		log.Fatal(err)
	}

	// Somebody who does not know the new field makes the record anew.
	membership := &corpus.Membership{
		CorpusRef:     "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.corpus.corpus/3l3famgxlzxwf",
		ExpressionRef: "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.expression.expression/3l3famgxlzxwf",
		CreatedAt:     "2027-01-01T00:00:00Z",
	}
	_, err = write.Put(ctx, account, "3l3famgxlzxwf", membership, opts)
	var drop *write.DropError
	if errors.As(err, &drop) {
		fmt.Println(drop)
	}
	// Output:
	// fields would be lost: /addedInVersion2
}

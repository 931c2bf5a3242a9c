package repo_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/layers-pub/layers-go/runtime/repo"
)

// The archive of a repository is written and read again.
func Example() {
	ctx := context.Background()
	records := []repo.Record{
		{Collection: "com.example.note", RecordKey: "3jzfcijpj2z2a", Data: []byte("\xa1\x64text\x65hello")},
		{Collection: "com.example.profile", RecordKey: "self", Data: []byte("\xa1\x64name\x64Anna")},
	}
	commit := repo.Commit{DID: "did:plc:ewvi7nxzyoun6zhxrhs64oiz", Rev: "3jzfcijpj2z2a"}
	sign := func(unsigned []byte) ([]byte, error) {
		return make([]byte, repo.SignatureSize), nil // a real one signs
	}
	var archive bytes.Buffer
	if _, err := repo.Build(ctx, &archive, commit, records, sign, repo.OrderTree); err != nil {
		log.Fatal(err)
	}

	r, err := repo.Read(ctx, &archive)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	for record, err := range r.Records(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(record.Collection, record.RecordKey, record.CID)
	}
	counts, _ := r.Counts()
	fmt.Println(counts.Records, "records,", counts.Blocks, "blocks")
	// Output:
	// com.example.note 3jzfcijpj2z2a bafyreidefdycgbfy3oglcb6ism3eqhyp5llsrpzxjsuac2gsy4mtrtx244
	// com.example.profile self bafyreicek6yam446dty4rqvskad6c2wdqlaez3cl4ce7omaixsv7bvclhi
	// 2 records, 4 blocks
}

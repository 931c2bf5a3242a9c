package repo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
)

// This example writes the archive of a repository and reads it.
func Example() {
	ctx := context.Background()
	records := []repo.Record{
		{Collection: "com.example.note", RecordKey: "3jzfcijpj2z2a", Data: []byte("\xa1\x64text\x65hello")},
		{Collection: "com.example.profile", RecordKey: "self", Data: []byte("\xa1\x64name\x64Anna")},
	}
	commit := repo.Commit{DID: "did:plc:ewvi7nxzyoun6zhxrhs64oiz", Rev: "3jzfcijpj2z2a"}
	sign := func(unsigned []byte) ([]byte, error) {
		return make([]byte, multikey.SignatureSize), nil // a real one signs
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

// This example decodes a whole repository on several cores while the file is read and checked. Package records of the
// generated code has the table of types.
func ExampleRepo_Decode() {
	ctx := context.Background()
	file, err := os.Open("../../tests/testdata/acceptance.car")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		log.Fatal(err)
	}
	r, err := repo.Open(ctx, file, info.Size())
	if err != nil {
		log.Fatal(err)
	}
	var failed, unknown int
	for record, err := range r.Decode(ctx, records.Lookup, nil) {
		if err != nil {
			log.Fatal(err) // the archive is damaged, and the error says where
		}
		switch v := record.Value.(type) {
		case nil:
			unknown++
		case *media.Media:
			if record.Issues == nil {
				fmt.Println(record.RecordKey, v.CreatedAt)
			}
		}
		if record.Issues != nil {
			failed++
		}
	}
	fmt.Println(r.Commit().Rev, failed, "failed,", unknown, "of unknown collections")
	// Output:
	// 3l6piilifdnpl 2023-11-23T12:34:56.000-08:00
	// 3lepbhcsmfer3 1985-04-12T23:20:50.123456Z
	// 3liqqapm4r4wo 2024-02-29T23:59:59.999Z
	// 3ljdpbp2ilbdp 2024-06-30T12:00:00+05:30
	// 3lykc7x3eekor 2024-02-29T23:59:59.999Z
	// 3lyl7di5njn66 2026-01-01T00:00:00Z
	// 3n2wjxnnxe52t 233 failed, 2 of unknown collections
}

// Verify checks that the account signed the repository. The key is that of the account's DID document.
func ExampleRepo_Verify() {
	ctx := context.Background()
	archive, err := os.ReadFile("../../tests/testdata/acceptance.car")
	if err != nil {
		log.Fatal(err)
	}
	key, err := multikey.ParseLegacy("EcdsaSecp256k1VerificationKey2019",
		"zQYaNAh8RDH2ghNHYfFSWirVVYL7GwoogV2ax8fFY13fNznRHEKAuNXakjHrGLXXhHXTEK7jLAz815yMvAgaiXf4o")
	if err != nil {
		log.Fatal(err)
	}
	r, err := repo.FromBytes(ctx, archive)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Trust())
	if err := r.Verify("did:plc:dlkuiatgml2qsceoi5njkvs7", key); err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Trust())
	fmt.Println(r.Verify("did:plc:ewvi7nxzyoun6zhxrhs64oiz", key))
	// Output:
	// hashed
	// signed
	// repo: commit of another account: it belongs to did:plc:dlkuiatgml2qsceoi5njkvs7, not to did:plc:ewvi7nxzyoun6zhxrhs64oiz
}

// The records of one collection are typed. One that breaks the lexicon's rules does not end the loop.
func ExampleEntries() {
	ctx := context.Background()
	file, err := os.Open("../../tests/testdata/acceptance.car")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	r, err := repo.Read(ctx, file)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	failed := 0
	for entry, err := range repo.Entries[media.Media](ctx, r, nil) {
		if _, ok := errors.AsType[*rec.Failure](err); ok {
			failed++ // it says what is wrong, and has the record as it came
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.URI.RecordKey(), entry.Value.CreatedAt)
	}
	fmt.Println(failed, "failed")
	// Output:
	// 3l6piilifdnpl 2023-11-23T12:34:56.000-08:00
	// 3lepbhcsmfer3 1985-04-12T23:20:50.123456Z
	// 3liqqapm4r4wo 2024-02-29T23:59:59.999Z
	// 3ljdpbp2ilbdp 2024-06-30T12:00:00+05:30
	// 3lykc7x3eekor 2024-02-29T23:59:59.999Z
	// 3lyl7di5njn66 2026-01-01T00:00:00Z
	// 9 failed
}

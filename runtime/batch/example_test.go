package batch_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/batch"
)

func ExampleApply() {
	ctx := context.Background()
	n, err := atptest.Start() // a network in this process
	if err != nil {
		log.Fatal(err)
	}
	defer n.Close()
	alice := n.NewAccount("alice.test")
	account, err := auth.Login(ctx, "alice.test", alice.Password, auth.WithNetwork(n.Options()))
	if err != nil {
		log.Fatal(err)
	}
	directory, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(directory)

	// A file, one operation to a line. Its records have no keys yet.
	const line = `{"action":"create","value":{"$type":"pub.layers.corpus.membership",` +
		`"corpusRef":"at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.corpus.corpus/3l3famgxlzxwf",` +
		`"expressionRef":"at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.expression.expression/3l3famgxlzxwf",` +
		`"createdAt":"2026-01-01T00:00:00Z"}}` + "\n"
	path := filepath.Join(directory, "batch.jsonl")
	if err := os.WriteFile(path, []byte(strings.Repeat(line, 500)), 0o600); err != nil {
		log.Fatal(err)
	}
	ops := batch.ReadOps(func() (io.ReadCloser, error) { return os.Open(path) }, nil)

	// Run it as often as it takes: what is done is not done again.
	for range 2 {
		journal, err := batch.OpenJournal(path + ".journal")
		if err != nil {
			log.Fatal(err)
		}
		result, err := batch.Apply(ctx, account, ops, &batch.ApplyOptions{
			Lookup:  records.Lookup,
			Journal: journal,
			Progress: func(p batch.Progress) {
				fmt.Printf("%d of %d, %d write points\n", p.Done, p.Ops, p.Points)
			},
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.Written, "written,", result.Already, "were already there")
		journal.Close()
	}
	// Output:
	// 0 of 500, 0 write points
	// 200 of 500, 600 write points
	// 400 of 500, 1200 write points
	// 500 of 500, 1500 write points
	// 500 written, 0 were already there
	// 500 of 500, 0 write points
	// 0 written, 500 were already there
}

package plan_test

import (
	"fmt"
	"log"
	"testing/fstest"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/plan"
)

func Example() {
	set, err := lexicon.Load(fstest.MapFS{"lexicons/com/example/app/note.json": {Data: []byte(`{
		"lexicon": 1,
		"id": "com.example.app.note",
		"defs": {"main": {"type": "record", "key": "tid", "record": {
			"type": "object",
			"required": ["text"],
			"properties": {"text": {"type": "string"}, "pinned": {"type": "boolean"}}
		}}}
	}`)}}, "lexicons")
	if err != nil {
		log.Fatal(err)
	}
	p, err := plan.New(set, plan.Options{Module: "example.org/sdk", Output: "api"})
	if err != nil {
		log.Fatal(err)
	}
	for _, pkg := range p.Packages {
		fmt.Println("package", pkg.ImportPath)
		for _, d := range pkg.Files[0].Decls {
			if s, ok := d.(*plan.Struct); ok {
				fmt.Println(" ", s.Name, "has", s.Fields[0].Name, "and", s.Fields[1].Name)
			}
		}
	}
	// Output:
	// package example.org/sdk/api/com/example
	//   AppNote has Text and Pinned
}

package lexicon_test

import (
	"fmt"
	"testing/fstest"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

func Example() {
	files := fstest.MapFS{"lexicons/com/example/post.json": {Data: []byte(`{
		"lexicon": 1,
		"id": "com.example.post",
		"defs": {
			"main": {
				"type": "record",
				"key": "tid",
				"record": {
					"type": "object",
					"required": ["text"],
					"properties": {
						"text": {"type": "string", "maxLength": 3000},
						"reply": {"type": "ref", "ref": "#replyRef"}
					}
				}
			},
			"replyRef": {"type": "object", "properties": {}}
		}
	}`)}}
	set, err := lexicon.Load(files, "lexicons")
	if err != nil {
		fmt.Println(err)
		return
	}
	post := set.Lookup("com.example.post")
	for _, property := range post.Def("main").Node.Record.Properties {
		fmt.Println(property.Name, property.Node.Type)
	}
	_, def, _ := set.Resolve(post, "#replyRef")
	fmt.Println(def.Node.Pointer)
	// Output:
	// text string
	// reply ref
	// /defs/replyRef
}

func ExampleLoad_problems() {
	files := fstest.MapFS{"com/example/defs.json": {Data: []byte(`{
		"lexicon": 1,
		"id": "com.example.defs",
		"defs": {
			"name": {"type": "string", "maxLength": "64"},
			"tags": {"type": "array", "items": {"type": "ref", "ref": "#tag"}}
		}
	}`)}}
	_, err := lexicon.Load(files, ".")
	fmt.Println(err)
	// Output:
	// com/example/defs.json:/defs/name/maxLength: expected integer, but got string; a limit is a whole number, 0 or more
	// com/example/defs.json:/defs/tags/items/ref: #tag refers to "tag", which com.example.defs does not define; define it or correct the reference
}

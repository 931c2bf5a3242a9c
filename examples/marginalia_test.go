package examples_test

import (
	"fmt"

	"github.com/layers-pub/layers-go/examples/marginalia"
	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// A remark uses types of Layers where its lexicon refers to them.
func Example() {
	remark := marginalia.Remark{
		Expression: "at://alice.example.org/pub.layers.expression.expression/3kvmuvbiyrk2t",
		Anchor:     layers.Anchor{TextSpan: &layers.Span{ByteStart: 0, ByteEnd: 5}},
		Text:       "Hear, hear!",
		About:      marginalia.NewRemarkAbout(&layers.ObjectRef{}),
		CreatedAt:  "2026-01-31T12:00:00Z",
	}
	if err := remark.Validate(); err != nil {
		fmt.Println(err)
		return
	}
	text, err := lex.EncodeJSON(&remark)
	fmt.Println(string(text), err)
	// Output:
	// {"text":"Hear, hear!","$type":"org.example.marginalia.remark","about":{"$type":"pub.layers.defs#objectRef"},"anchor":{"textSpan":{"byteEnd":5,"byteStart":0}},"createdAt":"2026-01-31T12:00:00Z","expression":"at://alice.example.org/pub.layers.expression.expression/3kvmuvbiyrk2t"} <nil>
}

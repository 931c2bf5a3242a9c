package lex_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/persona"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
)

// A record keeps what its lexicon does not name, and encodes to the bytes that it came from.
func Example() {
	body := []byte(`{
		"$type": "pub.layers.persona.persona",
		"name": "Anna",
		"createdAt": "1985-04-12T23:20:50.123Z",
		"mood": {"today": "curious"}
	}`)
	var record persona.Persona
	if err := lex.DecodeJSON(body, &record); err != nil {
		log.Fatal(err)
	}
	mood, _ := record.Extra.Get("mood")
	text, _ := mood.MarshalJSON()
	fmt.Println(record.Name, record.Domain.Or("(no domain)"), string(text))

	record.Domain = lex.Some(persona.PersonaDomainLinguistics)
	block, err := lex.EncodeCBOR(&record)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cid.Of(cid.DagCBOR, block))
	text, _ = lex.CBORToJSON(block)
	fmt.Println(string(text))
	// Output:
	// Anna (no domain) {"today":"curious"}
	// bafyreietiqoqtunkmnqkenshjo2fhxgkygk3ivploa3fk7jdzgrpxfnsyu
	// {"mood":{"today":"curious"},"name":"Anna","$type":"pub.layers.persona.persona","domain":"linguistics","createdAt":"1985-04-12T23:20:50.123Z"}
}

// A record is written as a literal of its type. Some takes constants that have a type; Set takes any.
func ExampleOpt() {
	layer := annotation.AnnotationLayer{
		Expression: "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.expression.expression/3l3famgxlzxwf",
		Kind:       annotation.AnnotationLayerKindTokenTag,
		Subkind:    lex.Some(annotation.AnnotationLayerSubkindPos),
		Formalism:  lex.Some[annotation.AnnotationLayerFormalism]("my-own"), // other values are legal
		Rank:       lex.SomeInt(1),
		Annotations: []annotation.Annotation{
			{UUID: layers.UUID{Value: "a1"}, TokenIndex: lex.SomeInt(0), Label: lex.Some("NOUN")},
		},
		CreatedAt: "2026-01-01T00:00:00Z",
	}
	layer.SourceMethod.Set("automatic")
	layer.Annotations[0].Confidence.Set(950)
	fmt.Println(layer.Validate(), layer.SourceMethod.Or("").IsKnown(), layer.Formalism.Or("").IsKnown())
	fmt.Println(layer.SourceMethod.Or("").Known())
	fmt.Println(layer.Annotations[0])
	// Output:
	// <nil> true false
	// [manual-native manual-corrected automatic automatic-corrected converted converted-corrected crowd-sourced custom]
	// {"uuid":{"value":"a1"},"label":"NOUN","confidence":950,"tokenIndex":0}
}

// Decoding continues after an issue, and lists all of them. The record can be used, but encoding it fails, since its bytes
// would not be those that were decoded.
func ExampleDecodeJSON() {
	body := []byte(`{
		"$type": "pub.layers.persona.persona",
		"name": 7,
		"domain": "syntax",
		"ontologyRefs": ["at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.ontology.ontology/3jzfcijpj2z2a", "https://example.com"],
		"features": {"entries": [{"key": "language"}]}
	}`)
	var record persona.Persona
	err := lex.DecodeJSON(body, &record)
	for _, problem := range issue.Of(err) {
		fmt.Printf("%s: %s: %s\n", problem.Path, problem.Rule, problem.Message())
	}
	fmt.Println(record.Domain.Or(""), len(record.OntologyRefs))

	_, err = lex.EncodeCBOR(&record)
	fmt.Println(errors.Is(err, lex.ErrIncomplete))
	// Output:
	// /createdAt: required: required field is missing
	// /name: type: not a string
	// /ontologyRefs/1: format: "https://example.com" is not a valid at-uri
	// /features/entries/0/value: required: required field is missing
	// syntax 2
	// true
}

// This example checks a value that was made in Go against its lexicon.
func ExampleValidate() {
	span := layers.Span{ByteStart: -1, ByteEnd: 4}
	fmt.Println(lex.Validate(&span))
	span.ByteStart = 0
	fmt.Println(lex.Validate(&span))
	// Output:
	// lex: /byteStart: minimum: -1 is below the minimum of 0
	// <nil>
}

// DecodeAll decodes records from any source. None is lost: each is decoded, failed or skipped.
func ExampleDecodeAll() {
	came := []rec.Envelope{
		{
			URI:  "at://anna.example.com/pub.layers.persona.persona/3jzfcijpj2z2a",
			Data: []byte(`{"$type":"pub.layers.persona.persona","name":"Anna","createdAt":"1985-04-12T23:20:50.123Z"}`),
		},
		{
			URI:  "at://anna.example.com/pub.layers.persona.persona/3jzfcijpj2z2b",
			Data: []byte(`{"$type":"pub.layers.persona.persona","name":"Ben"}`),
		},
		{
			URI:  "at://anna.example.com/com.example.note/3jzfcijpj2z2c",
			Data: []byte(`{"$type":"com.example.note","text":"hello"}`),
		},
	}
	envelopes := func(yield func(rec.Envelope, error) bool) {
		for _, e := range came {
			e.Encoding, e.Trust = lex.JSON, rec.Served
			if !yield(e, nil) {
				return
			}
		}
	}
	batch, err := rec.DecodeAll[persona.Persona](context.Background(), envelopes)
	if err != nil {
		log.Fatal(err)
	}
	for _, entry := range batch.Entries {
		fmt.Println("decoded", entry.URI.RecordKey(), entry.Value.Name)
	}
	for _, failure := range batch.Failures {
		fmt.Println("failed", failure.URI.RecordKey(), failure.Issues)
	}
	fmt.Printf("%+v\n", batch.Counts)
	// Output:
	// decoded 3jzfcijpj2z2a Anna
	// failed 3jzfcijpj2z2b [/createdAt: required: required field is missing]
	// {Expected:3 Decoded:1 Failed:1 Skipped:1}
}

// Data of a type that no lexicon describes is a Map.
func ExampleMap() {
	var m lex.Map
	if err := lex.DecodeJSON([]byte(`{"$type":"com.example.note","tags":["a","b"],"likes":3}`), &m); err != nil {
		log.Fatal(err)
	}
	likes, _ := m.Get("likes")
	n, _ := likes.Int()
	more, err := lex.ValueOf(n + 1)
	if err != nil {
		log.Fatal(err)
	}
	m.Set("likes", more)
	for key, value := range m.All() {
		text, _ := value.MarshalJSON()
		fmt.Println(key, string(text))
	}
	// Output:
	// tags ["a","b"]
	// $type "com.example.note"
	// likes 4
}

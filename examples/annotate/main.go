// Command annotate publishes a sentence with its tokens, parts of speech and dependencies, reads all of it back, and prints it:
//
//	LAYERS_PASSWORD=... go run ./annotate alice.example.com
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/linguistics/annotate"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/linguistics/reading/pdssource"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

func main() {
	ctx := context.Background()
	servers := must(network.FromEnv()) // the public network, unless the environment says otherwise
	account := must(auth.Login(ctx, syntax.AtIdentifier(os.Args[1]), os.Getenv("LAYERS_PASSWORD"), auth.WithNetwork(servers)))

	sentence := &expression.Expression{ID: "1", Kind: "sentence", Text: lex.Some("The cat sleeps."), CreatedAt: "2026-01-02T03:04:05Z"}
	ref := must(write.Create(ctx, account, sentence, nil))
	a := must(annotate.Words(ref.URI, "The cat sleeps.", []string{"The", "cat", "sleeps", "."}))
	tags := must(a.Tags(annotation.AnnotationLayerSubkindPos, []string{"DET", "NOUN", "VERB", "PUNCT"}))
	tree := must(a.Dependencies([]int{1, 2, annotate.Root, 2}, []string{"det", "nsubj", "root", "punct"}))
	for _, record := range []lex.Record{a.Segmentation(), tags, tree} {
		must(write.Create(ctx, account, record, nil))
	}

	client := must(pds.New(pds.WithNetwork(servers)))
	index := reading.New(reading.WithSource(pdssource.New(client)))
	for token, tags := range must(index.Expression(ctx, ref.URI)).Tokens() {
		head := "-"
		arc := tags.Find(annotation.AnnotationLayerSubkindDependency)
		if arc.Head != nil {
			head = arc.Head.Text
		}
		fmt.Println(token.Text, tags.Label(annotation.AnnotationLayerSubkindPos), arc.Value.Label.Or(""), head)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

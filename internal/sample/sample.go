// Package sample has a small corpus for the demo and for tests: five sentences in English and Japanese with tokens,
// parts of speech, dependencies and a coreference, a recording, and records with deliberate mistakes. For a given DID,
// the records are always the same, byte for byte.
//
//	corpus, err := sample.New(did)
//	if err != nil {
//		return err
//	}
//	for _, record := range corpus.Records {
//		fmt.Println(record.URI, string(record.JSON))
//	}
package sample

import (
	"fmt"
	"regexp"
	"time"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/linguistics/annotate"
	"github.com/layers-pub/layers-go/linguistics/text"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Record is a record of the corpus.
type Record struct {
	URI        syntax.ATURI
	Collection syntax.NSID
	RecordKey  syntax.RecordKey
	// JSON is the record as it is sent to a server, with its $type.
	JSON []byte
}

// Corpus is the corpus as the records of one repository.
type Corpus struct {
	// Records are the valid records. A record comes after those that it refers to.
	Records []Record
	// Doubtful are records that are valid but probably wrong: package check warns about each of them.
	Doubtful []Record
	// Broken are records that violate their lexicons.
	Broken []Record
	// Unknown are records of collections without a known lexicon.
	Unknown []Record
	// Later is one more sentence with its annotations, to be written while a program follows the repository.
	Later []Record
	// Sentence is the first English sentence, which has annotations of each kind, and Japanese the first Japanese one.
	Sentence, Japanese syntax.ATURI
	// Corpus is the record of the corpus, and Recording the expression with the transcript of the recording.
	Corpus, Recording syntax.ATURI
}

// All returns all records except those of Later.
func (c *Corpus) All() []Record {
	var all []Record
	for _, records := range [][]Record{c.Records, c.Doubtful, c.Broken, c.Unknown} {
		all = append(all, records...)
	}
	return all
}

// createdAt is the value of the field createdAt in all records.
const createdAt = "2026-01-02T03:04:05.000Z"

// New returns the corpus as records of the account did.
func New(did syntax.DID) (*Corpus, error) {
	b := &builder{did: did}
	c := &Corpus{}
	c.Corpus = b.add(&corpus.Corpus{
		Name:            "Cats and printers",
		Description:     lex.Some("Sentences in English and Japanese, written for the demo of layers-go."),
		Languages:       []string{"en", "ja"},
		ExpressionCount: lex.SomeInt(6),
		CreatedAt:       createdAt,
	})
	var second syntax.ATURI
	for i, s := range sentences {
		uri := b.sentence(s)
		switch {
		case i == 1:
			second = uri
		case i == 0:
			c.Sentence = uri
		case s.language == "ja" && c.Japanese == "":
			c.Japanese = uri
		}
		b.member(c.Corpus, uri, s.split, i+1)
	}
	c.Recording = b.recording()
	b.member(c.Corpus, c.Recording, corpus.MembershipSplitTrain, len(sentences)+1)
	c.Records = b.take()
	b.doubtful(second)
	c.Doubtful = b.take()
	b.broken(c.Sentence)
	c.Broken = b.take()
	b.json("com.example.notes.note", `{"$type":"com.example.notes.note","text":"A record of a lexicon that Layers does not have."}`)
	c.Unknown = b.take()
	b.member(c.Corpus, b.sentence(later), later.split, len(sentences)+2)
	c.Later = b.take()
	return c, b.err
}

// builder makes records whose record keys and UUIDs are numbered, not random.
type builder struct {
	did     syntax.DID
	records []Record
	keys    int
	uuids   map[string]string
	err     error // the first error
}

// take returns the records since the last call.
func (b *builder) take() []Record {
	records := b.records
	b.records = nil
	return records
}

// add adds a record and returns its URI.
func (b *builder) add(record lex.Record) syntax.ATURI {
	text, err := lex.EncodeJSON(record)
	b.fail(err)
	return b.json(record.RecordType(), string(text))
}

// json adds the record whose JSON is text, and returns its URI.
func (b *builder) json(collection syntax.NSID, text string) syntax.ATURI {
	uri, key := b.next(collection)
	b.keys++
	b.records = append(b.records, Record{URI: uri, Collection: collection, RecordKey: syntax.RecordKey(key), JSON: []byte(b.number(text))})
	return uri
}

// next returns the URI and the key of the next record. Keys are a second apart.
func (b *builder) next(collection syntax.NSID) (syntax.ATURI, syntax.TID) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	key := syntax.TIDFromInteger(uint64(start.Add(time.Duration(b.keys)*time.Second).UnixMicro()) << 10)
	return syntax.ATURI(fmt.Sprintf("at://%s/%s/%s", b.did, collection, key)), key
}

var uuidForm = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// number replaces the random UUIDs of package annotate in text by numbered ones. It replaces the same UUID by the same
// number in all records.
func (b *builder) number(text string) string {
	return uuidForm.ReplaceAllStringFunc(text, func(id string) string {
		if b.uuids == nil {
			b.uuids = map[string]string{}
		}
		if b.uuids[id] == "" {
			b.uuids[id] = fmt.Sprintf("00000000-0000-4000-8000-%012d", len(b.uuids)+1)
		}
		return b.uuids[id]
	})
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *builder) member(of, expression syntax.ATURI, split corpus.MembershipSplit, ordinal int) {
	b.add(&corpus.Membership{CorpusRef: of, ExpressionRef: expression, Split: lex.Some(split), Ordinal: lex.SomeInt(int64(ordinal)), CreatedAt: createdAt})
}

// sentence adds a sentence with its annotations, and returns the URI of the sentence.
func (b *builder) sentence(s sentence) syntax.ATURI {
	uri := b.add(&expression.Expression{
		ID:        s.id,
		Kind:      expression.ExpressionKindSentence,
		Text:      lex.Some(s.text),
		Languages: []string{s.language},
		CreatedAt: createdAt,
	})
	a, err := annotate.Words(uri, s.text, s.forms())
	if err != nil {
		b.fail(err)
		return uri
	}
	a.CreatedAt = createdAt
	a.Formalism = annotation.AnnotationLayerFormalismUniversalDependencies
	b.add(a.Segmentation())
	tags, err := a.Tags(annotation.AnnotationLayerSubkindPos, s.column(func(w word) string { return w.pos }))
	b.layer(tags, err)
	lemmas, err := a.Values(annotation.AnnotationLayerSubkindLemma, s.column(func(w word) string { return w.lemma }))
	b.layer(lemmas, err)
	var heads []int
	for _, w := range s.words {
		heads = append(heads, w.head-1) // annotate counts from 0
	}
	tree, err := a.Dependencies(heads, s.column(func(w word) string { return w.relation }))
	b.layer(tree, err)
	if len(s.mentions) == 0 {
		return uri
	}
	a.Formalism = ""
	var mentions []annotate.Mention
	var clusters [][]int
	for _, m := range s.mentions {
		span, err := text.Find(s.text, m.form, 0)
		b.fail(err)
		for len(clusters) <= m.cluster {
			clusters = append(clusters, nil)
		}
		clusters[m.cluster] = append(clusters[m.cluster], len(mentions))
		mentions = append(mentions, annotate.Mention{Span: span, Label: m.label})
	}
	layer, err := a.Spans(annotation.AnnotationLayerSubkindEntityMention, mentions)
	at := b.layer(layer, err)
	if layer == nil {
		return uri
	}
	set, err := a.Clusters(annotation.ClusterSetKindCoreference, at, layer, clusters)
	b.fail(err)
	if set != nil {
		b.add(set)
	}
	return uri
}

func (b *builder) layer(layer *annotation.AnnotationLayer, err error) syntax.ATURI {
	if err != nil {
		b.fail(err)
		return ""
	}
	layer.SourceMethod = lex.Some(annotation.AnnotationLayerSourceMethodManualNative)
	return b.add(layer)
}

// doubtful adds records that are valid but probably wrong.
func (b *builder) doubtful(sentence syntax.ATURI) {
	b.add(&expression.Expression{
		ID:        "typo",
		Kind:      "sentense",
		Text:      lex.Some("The kind of this record is misspelt."),
		CreatedAt: createdAt,
	})
	b.add(&annotation.AnnotationLayer{
		Expression: sentence,
		Kind:       annotation.AnnotationLayerKindSpan,
		Subkind:    lex.Some(annotation.AnnotationLayerSubkindNer),
		Annotations: []annotation.Annotation{{
			UUID:   layers.UUID{Value: "00000000-0000-4000-8000-ffffffffffff"},
			Anchor: &layers.Anchor{TextSpan: &layers.Span{ByteStart: 28, ByteEnd: 400}}, // outside of the text
			Label:  lex.Some("ANIMAL"),
		}},
		CreatedAt: createdAt,
	})
}

// broken adds records that violate their lexicons.
func (b *builder) broken(sentence syntax.ATURI) {
	b.json(expression.NSIDExpression, `{"$type":"pub.layers.expression.expression","id":"no-kind","text":"A required field is missing.","createdAt":"`+createdAt+`"}`)
	b.json(annotation.NSIDAnnotationLayer, fmt.Sprintf(`{"$type":"pub.layers.annotation.annotationLayer","expression":%q,"kind":"token-tag","annotations":[`+
		`{"uuid":{"value":"00000000-0000-4000-8000-eeeeeeeeeeee"},"tokenIndex":"3","label":"VERB"},{"uuid":{"value":"00000000-0000-4000-8000-dddddddddddd"},"tokenIndex":-1,"label":"NOUN"}],`+
		`"createdAt":"yesterday"}`, sentence))
}

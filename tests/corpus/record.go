package corpus

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// The collections of the records in a corpus.
const (
	collectionCorpus       = "pub.layers.corpus.corpus"
	collectionMembership   = "pub.layers.corpus.membership"
	collectionOntology     = "pub.layers.ontology.ontology"
	collectionTypeDef      = "pub.layers.ontology.typeDef"
	collectionMedia        = "pub.layers.media.media"
	collectionEdge         = "pub.layers.graph.graphEdge"
	collectionExpression   = "pub.layers.expression.expression"
	collectionSegmentation = "pub.layers.segmentation.segmentation"
	// CollectionAnnotationLayer is the collection with the most records and the largest ones.
	CollectionAnnotationLayer = "pub.layers.annotation.annotationLayer"
)

// The records of a corpus are numbered in the order in which they were written: the corpus, the
// ontology, its types, the media, the sentences with perSentence records each, and the edges.
const (
	corpusRecord   = 0
	ontologyRecord = 1
	firstType      = 2
	perSentence    = 5
)

var types = []string{"ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"}

const firstMedia = firstType + 17

func (c *Corpus) firstSentence() int { return firstMedia + c.media }

func (c *Corpus) firstEdge() int { return c.n - c.edges }

// others returns the number of records that do not belong to a sentence.
func (c *Corpus) others() int { return firstMedia + c.media + c.edges }

// record is a record and its path.
type record struct {
	collection, key string
	value           object
}

// record makes record i, which is the same each time.
func (c *Corpus) record(i int) record {
	r := record{key: key(i)}
	switch {
	case i == corpusRecord:
		r.collection, r.value = collectionCorpus, c.corpusRecord()
	case i == ontologyRecord:
		r.collection, r.value = collectionOntology, ontology()
	case i < firstMedia:
		r.collection, r.value = collectionTypeDef, c.typeDef(i-firstType)
	case i < c.firstSentence():
		r.collection, r.value = collectionMedia, medium(i-firstMedia)
	case i >= c.firstEdge():
		r.collection, r.value = collectionEdge, c.edge(i-c.firstEdge())
	default:
		r.collection, r.value = c.sentenceRecord((i-c.firstSentence())/perSentence, (i-c.firstSentence())%perSentence)
	}
	r.value["$type"] = r.collection
	r.value["createdAt"] = timeOf(i).Format("2006-01-02T15:04:05.000Z")
	return r
}

// sentenceRecord makes one of the records of sentence s; the argument which, from 0 to perSentence-1, selects it.
func (c *Corpus) sentenceRecord(s, which int) (collection string, value object) {
	made := makeSentence(s)
	expression := c.uri(collectionExpression, c.firstSentence()+s*perSentence)
	switch which {
	case 0:
		return collectionExpression, c.expression(s, &made)
	case 1:
		return collectionSegmentation, segmentation(&made, expression)
	case 2:
		return CollectionAnnotationLayer, c.partsOfSpeech(s, &made, expression)
	case 3:
		return CollectionAnnotationLayer, dependencies(s, &made, expression)
	}
	return collectionMembership, c.membership(s, expression)
}

func (c *Corpus) expression(s int, made *sentence) object {
	o := object{
		"id":        fmt.Sprintf("sentence-%06d", s),
		"kind":      "sentence",
		"text":      made.text,
		"languages": []string{made.language},
		"metadata":  metadata(s, 1000),
		"features":  features("genre", "conversation", "speaker", fmt.Sprintf("speaker %d", s%31), "source", "field notes, notebook "+fmt.Sprint(s/200)),
		"sourceUrl": fmt.Sprintf("https://corpus.example.com/documents/%d#sentence-%d", s/50, s%50),
	}
	if c.media > 0 && s%40 == 0 {
		o["mediaRef"] = c.uri(collectionMedia, firstMedia+s/40%c.media)
	}
	return o
}

func segmentation(made *sentence, expression string) object {
	tokens := make([]object, len(made.tokens))
	for i, t := range made.tokens {
		tokens[i] = object{
			"text":       t.text,
			"tokenIndex": i,
			"textSpan":   object{"byteStart": t.byteStart, "byteEnd": t.byteEnd, "charStart": t.charStart, "charEnd": t.charEnd},
		}
	}
	return object{
		"expression": expression,
		"metadata":   metadata(0, 990),
		"tokenizations": []object{{
			"uuid":   object{"value": made.tokenization},
			"kind":   "whitespace",
			"tokens": tokens,
		}},
	}
}

func (c *Corpus) partsOfSpeech(s int, made *sentence, expression string) object {
	annotations := make([]object, len(made.tokens))
	for i, t := range made.tokens {
		annotations[i] = object{
			"uuid":       object{"value": t.id},
			"label":      t.pos,
			"tokenIndex": i,
			"confidence": t.confidence,
		}
		if t.pos == "VERB" || t.pos == "AUX" {
			annotations[i]["features"] = features("Mood", "Ind", "VerbForm", "Fin")
		}
	}
	layer := layer(made, expression, "token-tag", "pos", annotations)
	layer["labelSet"] = "universal-pos"
	layer["ontologyRef"] = c.uri(collectionOntology, ontologyRecord)
	layer["metadata"] = metadata(s, 950)
	return layer
}

func dependencies(s int, made *sentence, expression string) object {
	annotations := make([]object, len(made.tokens))
	for i, t := range made.tokens {
		label := relations[t.pos]
		if t.head < 0 {
			label = "root"
		}
		annotations[i] = object{
			"uuid":       object{"value": uuid(made.random)},
			"label":      label,
			"tokenIndex": i,
			"headIndex":  t.head,
			"confidence": t.confidence - 100,
		}
		if i%3 == 0 {
			annotations[i]["anchor"] = object{"tokenRef": object{"tokenIndex": i, "tokenizationId": object{"value": made.tokenization}}}
		}
	}
	layer := layer(made, expression, "relation", "dependency", annotations)
	layer["labelSet"] = "universal-dependencies"
	layer["metadata"] = metadata(s+1, 870)
	return layer
}

func layer(made *sentence, expression, kind, subkind string, annotations []object) object {
	return object{
		"expression":     expression,
		"kind":           kind,
		"subkind":        subkind,
		"formalism":      "universal-dependencies",
		"sourceMethod":   "automatic-corrected",
		"tokenizationId": object{"value": made.tokenization},
		"languages":      []string{made.language},
		"annotations":    annotations,
	}
}

func (c *Corpus) membership(s int, expression string) object {
	split := "train"
	switch s % 10 {
	case 8:
		split = "dev"
	case 9:
		split = "test"
	}
	return object{
		"corpusRef":     c.uri(collectionCorpus, corpusRecord),
		"expressionRef": expression,
		"split":         split,
		"ordinal":       s,
	}
}

func (c *Corpus) corpusRecord() object {
	return object{
		"name":            "A corpus of field notes",
		"description":     "Sentences in English, German, Russian and Japanese, made up for tests.",
		"version":         "1.0",
		"domain":          "spoken",
		"languages":       []string{"en", "de", "ru", "ja"},
		"expressionCount": c.sentences,
		"ontologyRefs":    []string{c.uri(collectionOntology, ontologyRecord)},
		"licensing": object{"licenses": []object{{
			"spdx": "CC-BY-SA-4.0", "url": "https://creativecommons.org/licenses/by-sa/4.0/", "attribution": "The field notes project",
		}}},
	}
}

func ontology() object {
	return object{"name": "Universal parts of speech", "domain": "general", "version": "2", "description": "The parts of speech of Universal Dependencies."}
}

func (c *Corpus) typeDef(i int) object {
	return object{
		"name":        types[i],
		"typeKind":    "entity-type",
		"gloss":       fmt.Sprintf("The part of speech %s, as Universal Dependencies has it.", types[i]),
		"ontologyRef": c.uri(collectionOntology, ontologyRecord),
	}
}

func medium(i int) object {
	seconds := 60 + i%600
	return object{
		"kind":          "audio",
		"title":         fmt.Sprintf("Recording %d", i),
		"mimeType":      "audio/wav",
		"durationMs":    seconds * 1000,
		"fileSizeBytes": seconds * 176400,
		"blob": object{
			"$type":    "blob",
			"ref":      cid.Of(cid.Raw, fmt.Appendf(nil, "recording %d", i)),
			"mimeType": "audio/wav",
			"size":     seconds * 176400,
		},
		"audio":     object{"sampleRate": 44100, "channels": 2, "bitDepth": 16, "codec": "pcm", "speakerCount": 1 + i%3},
		"languages": []string{languages[i%len(languages)].tag},
	}
}

func (c *Corpus) edge(i int) object {
	random := rand.New(rand.NewPCG(0xed6e, uint64(i)))
	sentence := func() string {
		return c.uri(collectionExpression, c.firstSentence()+random.IntN(c.sentences)*perSentence)
	}
	return object{
		"source":     object{"recordRef": sentence()},
		"target":     object{"recordRef": sentence()},
		"edgeType":   "translation-of",
		"label":      "translation",
		"confidence": 500 + random.IntN(501),
		"metadata":   metadata(i, 800),
	}
}

func metadata(i, confidence int) object {
	return object{
		"tool":       "field-notes-annotator 2.4",
		"confidence": confidence,
		"timestamp":  timeOf(i).Add(-time.Hour).Format(time.RFC3339),
		"agent":      object{"id": fmt.Sprintf("annotator-%d", i%7), "name": "Annotator " + string(rune('A'+i%7))},
	}
}

// features makes a feature map. pairs are alternating keys and values.
func features(pairs ...string) object {
	var entries []object
	for i := 0; i < len(pairs); i += 2 {
		entries = append(entries, object{"key": pairs[i], "value": pairs[i+1]})
	}
	return object{"entries": entries}
}

// uri returns the at-uri of record i, which must be in the collection.
func (c *Corpus) uri(collection string, i int) string {
	return "at://" + c.did + "/" + collection + "/" + key(i)
}

// firstTime is the time of the first record in microseconds since 1970: the beginning of 2025.
const firstTime = 1_735_689_600_000_000

// between is the time between two records in microseconds.
const between = 1_300_007

func timeOf(i int) time.Time { return time.UnixMicro(firstTime + int64(i)*between).UTC() }

// key returns the record key of record i, a TID.
func key(i int) string { return tid(uint64(timeOf(i).UnixMicro())) }

// rev returns revision number k, a TID whose time is about that of its last record.
func (c *Corpus) rev(k int) string {
	return tid(uint64(timeOf((k+1)*c.n/revisions).UnixMicro()) - 500)
}

// tid returns the TID of a time in microseconds.
func tid(micros uint64) string {
	const digits = "234567abcdefghijklmnopqrstuvwxyz"
	v := micros<<10 | 21 // the number of the clock
	var text [13]byte
	for i := 12; i >= 0; i-- {
		text[i] = digits[v&31]
		v >>= 5
	}
	return string(text[:])
}

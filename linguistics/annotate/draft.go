package annotate

import (
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/text"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Record is a record with the URI under which it has to be written.
type Record struct {
	URI   syntax.ATURI
	Value lex.Record
}

// Draft is a new text with its annotations. Its methods add records; they keep the first error for [Draft.Records], so
// the caller need not check each call. It must not be used by several goroutines at once.
type Draft struct {
	// Annotator makes the records. Its fields, such as Metadata, can be set before records are added.
	*Annotator
	// Expression is the record of the text. Unless the caller changes these fields, its kind is sentence, and its ID is
	// the text.
	Expression *expression.Expression

	did     syntax.DID
	clock   *syntax.TIDClock
	uri     syntax.ATURI
	tokens  syntax.ATURI // of the segmentation
	records []Record
	err     error
}

// NewDraft returns the draft of a text for the repository of an account. Its tokens have the given forms, as for
// [Words]; without forms, they are those of text.Tokenize. Record keys are TIDs of the current time.
func NewDraft(did syntax.DID, content string, forms ...string) *Draft {
	d := &Draft{did: did, clock: syntax.NewTIDClock()}
	if _, err := syntax.ParseDID(string(did)); err != nil {
		d.err = err
	}
	d.uri, d.tokens = d.newURI(expression.NSIDExpression), d.newURI(segmentation.NSIDSegmentation)
	var err error
	if len(forms) > 0 {
		d.Annotator, err = Words(d.uri, content, forms)
	} else {
		d.Annotator, err = New(d.uri, content, text.Tokenize(content))
	}
	if err != nil {
		d.fail(err)
		d.Annotator = &Annotator{Expression: d.uri, Text: content}
	}
	d.Expression = &expression.Expression{ID: shortened(content), Kind: expression.ExpressionKindSentence, Text: lex.Some(content)}
	return d
}

// maxID is the length of the longest ID of an expression, in bytes.
const maxID = 1024

// shortened returns content, or as much of its beginning as fits into an ID.
func shortened(content string) string {
	if len(content) <= maxID {
		return content
	}
	end := maxID
	for end > 0 && content[end]&0xc0 == 0x80 { // not within a character
		end--
	}
	return content[:end]
}

// newURI returns a URI with a new record key.
func (d *Draft) newURI(collection syntax.NSID) syntax.ATURI {
	return syntax.ATURI("at://" + string(d.did) + "/" + string(collection) + "/" + string(d.clock.Next()))
}

// fail keeps err for [Draft.Records], unless there is an earlier error.
func (d *Draft) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// URI returns the URI of the expression.
func (d *Draft) URI() syntax.ATURI { return d.uri }

// Add adds another record about the text, and returns the URI under which it has to be written.
func (d *Draft) Add(record lex.Record) syntax.ATURI {
	uri := d.newURI(record.RecordType())
	d.records = append(d.records, Record{uri, record})
	return uri
}

// Layer is a layer of a draft.
type Layer struct {
	URI syntax.ATURI
	// Value is the record, or nil if it could not be made: [Draft.Records] then returns the error.
	Value *annotation.AnnotationLayer
}

// add adds a layer, or keeps the error of making it.
func (d *Draft) add(layer *annotation.AnnotationLayer, err error) Layer {
	if err != nil {
		d.fail(err)
		return Layer{}
	}
	return Layer{d.Add(layer), layer}
}

// Tags adds a layer of labels, one for each token, as [Annotator.Tags] makes it.
func (d *Draft) Tags(subkind annotation.AnnotationLayerSubkind, labels ...string) Layer {
	return d.add(d.Annotator.Tags(subkind, labels))
}

// Values adds a layer of values, one for each token, as [Annotator.Values] makes it.
func (d *Draft) Values(subkind annotation.AnnotationLayerSubkind, values ...string) Layer {
	return d.add(d.Annotator.Values(subkind, values))
}

// Dependencies adds a layer of dependencies, as [Annotator.Dependencies] makes it.
func (d *Draft) Dependencies(heads []int, labels ...string) Layer {
	return d.add(d.Annotator.Dependencies(heads, labels))
}

// Spans adds a layer of stretches of the text, as [Annotator.Spans] makes it.
func (d *Draft) Spans(subkind annotation.AnnotationLayerSubkind, mentions ...Mention) Layer {
	return d.add(d.Annotator.Spans(subkind, mentions))
}

// Mentions adds a layer of stretches of the text with labels. Each pair has a substring of the text, which is searched
// for after the previous mention, and its label. The error of [Draft.Records] wraps text.ErrNotFound if a substring is
// not found.
func (d *Draft) Mentions(subkind annotation.AnnotationLayerSubkind, pairs ...[2]string) Layer {
	var mentions []Mention
	at := int64(0)
	for _, pair := range pairs {
		span, err := text.Find(d.Text[at:], pair[0], 0)
		if err != nil {
			return d.add(nil, err)
		}
		span.ByteStart, span.ByteEnd = span.ByteStart+at, span.ByteEnd+at
		at = span.ByteEnd
		mentions = append(mentions, Mention{span, pair[1]})
	}
	return d.Spans(subkind, mentions...)
}

// Intervals adds a layer of stretches of the recording, as [Annotator.Intervals] makes it.
func (d *Draft) Intervals(subkind annotation.AnnotationLayerSubkind, intervals ...Interval) Layer {
	return d.add(d.Annotator.Intervals(subkind, intervals))
}

// Clusters adds a set of clusters of a layer's annotations, as [Annotator.Clusters] makes it. Each cluster is given by
// the indexes of its annotations.
func (d *Draft) Clusters(kind annotation.ClusterSetKind, layer Layer, clusters ...[]int) {
	if layer.Value == nil {
		return // the reason is known
	}
	set, err := d.Annotator.Clusters(kind, layer.URI, layer.Value, clusters)
	if err != nil {
		d.fail(err)
		return
	}
	d.Add(set)
}

// Records returns the records, each after those that it refers to: the expression, the segmentation if the text has
// tokens, and the records that were added. It returns the first error of the earlier method calls.
func (d *Draft) Records() ([]Record, error) {
	if d.err != nil {
		return nil, d.err
	}
	e := d.Expression
	if e.CreatedAt == "" {
		e.CreatedAt = d.CreatedAt
	}
	if e.Metadata == nil {
		e.Metadata = d.Metadata
	}
	all := []Record{{d.uri, e}}
	if len(d.Tokenization.Tokens) > 0 {
		all = append(all, Record{d.tokens, d.Segmentation()})
	}
	return append(all, d.records...), nil
}

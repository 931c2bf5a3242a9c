package draw

// Root is the head of a token that has none.
const Root = -1

// Sentence is a text in tokens with layers of annotation.
type Sentence struct {
	// Title is what the sentence is called, such as its identifier. It may be empty.
	Title string
	// Language is the BCP 47 tag of its language; empty if it is not known.
	Language string
	// Tokens are the tokens, in the order of the text.
	Tokens []string
	// Layers are what is annotated, in the order of the rows.
	Layers []Layer
}

// Layer is a layer of annotation. Usually one of its fields besides Name is set. Places that are not those of tokens are
// stated as notes.
type Layer struct {
	Name string
	// Tags has a tag for each token. An empty one is not drawn.
	Tags []string
	// Spans are stretches of the text.
	Spans []Span
	// Arcs are relations between tokens.
	Arcs []Arc
	// Notes are what has no place at the tokens, a line each.
	Notes []string
}

// Span is a stretch of the text.
type Span struct {
	// Tokens are the indexes of the tokens in it, in ascending order. They may have gaps.
	Tokens []int
	Label  string
	// Cluster is the number of the cluster that the span belongs to, from 1; 0 for none. Spans of one cluster have the same
	// color.
	Cluster int
}

// Arc is a relation between two tokens, given by their indexes, or between [Root] and a token.
type Arc struct {
	Head, Dependent int
	Label           string
}

// The limits of what is drawn. What is beyond is left out, and the number of such things is stated.
const (
	// MaxTokens is how many tokens of a sentence are drawn.
	MaxTokens = 2000
	// MaxLayers is how many layers of a sentence are drawn.
	MaxLayers = 64
	// MaxSpans is how many spans, and how many arcs, of a layer are drawn.
	MaxSpans = 8000
	// MaxNotes is how many notes of a layer, and of a section, are written.
	MaxNotes = 200
	// MaxSentences is how many sentences of a document are drawn.
	MaxSentences = 500
	// MaxRows is how many rows of a table are drawn, and MaxNodes how many nodes of a tree.
	MaxRows, MaxNodes = 1000, 5000
	// MaxDepth is how deep a tree is drawn.
	MaxDepth = 32
)

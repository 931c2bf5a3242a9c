package sample

import "github.com/layers-pub/layers-go/layers/corpus"

// sentence is a sentence with its annotations, as in Universal Dependencies.
type sentence struct {
	id, language, text string
	split              corpus.MembershipSplit
	words              []word
	mentions           []mention
}

type word struct {
	form, lemma, pos string
	head             int // the number of the head in the sentence, from 1; 0 for the root
	relation         string
}

// mention is a part of a sentence that mentions an entity. Mentions with the same cluster mention the same entity.
type mention struct {
	form, label string
	cluster     int
}

func (s sentence) column(of func(word) string) []string {
	var column []string
	for _, w := range s.words {
		column = append(column, of(w))
	}
	return column
}

func (s sentence) forms() []string { return s.column(func(w word) string { return w.form }) }

var sentences = []sentence{
	{
		id: "en-1", language: "en", text: "Kim saw her cat and fed it.", split: corpus.MembershipSplitTrain,
		words: []word{
			{"Kim", "Kim", "PROPN", 2, "nsubj"},
			{"saw", "see", "VERB", 0, "root"},
			{"her", "her", "PRON", 4, "nmod:poss"},
			{"cat", "cat", "NOUN", 2, "obj"},
			{"and", "and", "CCONJ", 6, "cc"},
			{"fed", "feed", "VERB", 2, "conj"},
			{"it", "it", "PRON", 6, "obj"},
			{".", ".", "PUNCT", 2, "punct"},
		},
		mentions: []mention{{"Kim", "PER", 0}, {"her", "PER", 0}, {"her cat", "PET", 1}, {"it", "PET", 1}},
	},
	{
		id: "en-2", language: "en", text: "Now it sleeps on the printer.", split: corpus.MembershipSplitTest,
		words: []word{
			{"Now", "now", "ADV", 3, "advmod"},
			{"it", "it", "PRON", 3, "nsubj"},
			{"sleeps", "sleep", "VERB", 0, "root"},
			{"on", "on", "ADP", 6, "case"},
			{"the", "the", "DET", 6, "det"},
			{"printer", "printer", "NOUN", 3, "obl"},
			{".", ".", "PUNCT", 3, "punct"},
		},
	},
	{
		id: "ja-1", language: "ja", text: "猫が魚を見た。", split: corpus.MembershipSplitTrain,
		words: []word{
			{"猫", "猫", "NOUN", 5, "nsubj"},
			{"が", "が", "ADP", 1, "case"},
			{"魚", "魚", "NOUN", 5, "obj"},
			{"を", "を", "ADP", 3, "case"},
			{"見", "見る", "VERB", 0, "root"},
			{"た", "た", "AUX", 5, "aux"},
			{"。", "。", "PUNCT", 5, "punct"},
		},
	},
	{
		id: "ja-2", language: "ja", text: "魚は逃げた。", split: corpus.MembershipSplitTest,
		words: []word{
			{"魚", "魚", "NOUN", 3, "nsubj"},
			{"は", "は", "ADP", 1, "case"},
			{"逃げ", "逃げる", "VERB", 0, "root"},
			{"た", "た", "AUX", 3, "aux"},
			{"。", "。", "PUNCT", 3, "punct"},
		},
	},
}

// later is the sentence of [Corpus].Later.
var later = sentence{
	id: "en-3", language: "en", text: "The printer purrs.", split: corpus.MembershipSplitTrain,
	words: []word{
		{"The", "the", "DET", 2, "det"},
		{"printer", "printer", "NOUN", 3, "nsubj"},
		{"purrs", "purr", "VERB", 0, "root"},
		{".", ".", "PUNCT", 3, "punct"},
	},
}

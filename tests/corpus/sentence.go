package corpus

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// word is a word of a language with its part of speech.
type word struct{ text, pos string }

// language is a language with some of its words, the more frequent first.
type language struct {
	tag   string
	words []word
}

// languages are the languages of the sentences. Characters of their scripts take one to three bytes in UTF-8.
var languages = []language{
	{"en", words("the/DET of/ADP and/CCONJ a/DET in/ADP to/PART is/AUX that/SCONJ it/PRON was/AUX for/ADP with/ADP language/NOUN speakers/NOUN they/PRON annotate/VERB corpus/NOUN every/DET old/ADJ two/NUM sentence/NOUN carefully/ADV Anna/PROPN naïve/ADJ morphology/NOUN compares/VERB rather/ADV unusual/ADJ transcriptions/NOUN oh/INTJ")},
	{"de", words("der/DET die/DET und/CCONJ in/ADP zu/PART den/DET das/DET nicht/PART von/ADP sie/PRON ist/AUX dass/SCONJ Straße/NOUN Wörter/NOUN schöne/ADJ möchte/AUX hören/VERB über/ADP zwölf/NUM Sätze/NOUN häufig/ADV Jürgen/PROPN annotieren/VERB Sprachwissenschaft/NOUN ausführlich/ADV größere/ADJ Überlieferung/NOUN verknüpft/VERB ach/INTJ Wortschatz/NOUN")},
	{"ru", words("и/CCONJ в/ADP не/PART на/ADP я/PRON что/SCONJ он/PRON с/ADP это/PRON был/AUX слово/NOUN язык/NOUN говорит/VERB новый/ADJ очень/ADV два/NUM Анна/PROPN книги/NOUN размечает/VERB предложение/NOUN старый/ADJ быстро/ADV корпус/NOUN переводит/VERB ах/INTJ лингвист/NOUN значение/NOUN каждый/DET московский/ADJ словосочетание/NOUN")},
	{"ja", words("の/ADP は/ADP を/ADP が/ADP に/ADP と/CCONJ で/ADP た/AUX です/AUX この/DET 言語/NOUN 言葉/NOUN 話す/VERB 私/PRON 新しい/ADJ とても/ADV 二/NUM 東京/PROPN 文/NOUN 注釈/NOUN 読む/VERB 古い/ADJ すぐ/ADV 翻訳/NOUN ああ/INTJ 辞書/NOUN 意味/NOUN 比べる/VERB 珍しい/ADJ 形態素/NOUN")},
}

func words(list string) []word {
	var words []word
	for entry := range strings.FieldsSeq(list) {
		text, pos, _ := strings.Cut(entry, "/")
		words = append(words, word{text, pos})
	}
	return words
}

// relations has the dependency relation for each part of speech of a dependent.
var relations = map[string]string{
	"ADJ": "amod", "ADP": "case", "ADV": "advmod", "AUX": "aux", "CCONJ": "cc", "DET": "det", "INTJ": "discourse",
	"NOUN": "obl", "NUM": "nummod", "PART": "mark", "PRON": "nsubj", "PROPN": "nmod", "PUNCT": "punct", "SCONJ": "mark", "VERB": "advcl",
}

// token is a token of a sentence. Its start and end are offsets in the sentence's text, in bytes and in characters.
type token struct {
	word
	byteStart, byteEnd, charStart, charEnd int
	head                                   int // the index of the token that it depends on, or -1
	confidence                             int
	id                                     string
}

// sentence is a sentence, with the values that its records share.
type sentence struct {
	language     string
	text         string
	tokens       []token
	tokenization string // its id
	random       *rand.Rand
}

// makeSentence makes sentence s, which is the same each time.
func makeSentence(s int) sentence {
	random := rand.New(rand.NewPCG(0x1a7e25, uint64(s)))
	l := languages[random.IntN(len(languages))]
	made := sentence{language: l.tag, random: random, tokens: make([]token, 20+random.IntN(21))}
	made.tokenization = uuid(random)
	var text strings.Builder
	chars := 0
	for i := range made.tokens {
		w := word{".", "PUNCT"}
		if i < len(made.tokens)-1 {
			f := random.Float64()
			w = l.words[int(f*f*float64(len(l.words)))]
			if i > 0 {
				text.WriteByte(' ')
				chars++
			}
		}
		start, startChar := text.Len(), chars
		text.WriteString(w.text)
		chars += utf8.RuneCountInString(w.text)
		made.tokens[i] = token{
			word: w, byteStart: start, byteEnd: text.Len(), charStart: startChar, charEnd: chars,
			head: random.IntN(len(made.tokens)), confidence: 600 + random.IntN(401), id: uuid(random),
		}
		if made.tokens[i].head == i {
			made.tokens[i].head = -1
		}
	}
	made.text = text.String()
	return made
}

// uuid makes a UUID of version 4.
func uuid(random *rand.Rand) string {
	a, b := random.Uint64(), random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>50, b&0xffffffffffff)
}

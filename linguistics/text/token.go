package text

import (
	"fmt"
	"sort"
	"strings"
	"unicode"

	"github.com/clipperhouse/uax29/v2/words"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// Tokenize divides a text into words and marks of punctuation, by the word boundaries of Unicode Standard Annex 29, and
// leaves out the spaces between them. It is a starting point for languages that write spaces between words. It has no
// knowledge of particular languages, so it does not divide "don't" or a sentence in Thai.
func Tokenize(text string) []segmentation.Token {
	var tokens []segmentation.Token
	for it := words.FromString(text); it.Next(); {
		// A space may belong to a mark after it.
		start := it.Start() + spaces(it.Value())
		if end := it.Start() + len(strings.TrimRightFunc(it.Value(), unicode.IsSpace)); start < end {
			tokens = append(tokens, token(len(tokens), text, start, end))
		}
	}
	return tokens
}

// Align returns the tokens with the given forms, which must occur in the text in this order, with nothing but spaces
// between them. The error wraps ErrNotFound, and names the token.
func Align(text string, forms []string) ([]segmentation.Token, error) {
	tokens := make([]segmentation.Token, 0, len(forms))
	at := 0
	for i, form := range forms {
		at += spaces(text[at:])
		if form == "" || !strings.HasPrefix(text[at:], form) {
			return nil, fmt.Errorf("text: %w: token %d, %s, at byte %d, where the text continues with %s", ErrNotFound, i, quote.Text(form, 40), at, quote.Text(text[at:], 40))
		}
		tokens = append(tokens, token(i, text, at, at+len(form)))
		at += len(form)
	}
	if rest := at + spaces(text[at:]); rest < len(text) {
		return nil, fmt.Errorf("text: %w: no token is left for %s at byte %d", ErrNotFound, quote.Text(text[rest:], 40), rest)
	}
	return tokens, nil
}

// spaces returns the length of the spaces at the beginning of a text, in bytes.
func spaces(text string) int { return len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace)) }

// token returns the token with this index for a stretch of text.
func token(index int, text string, start, end int) segmentation.Token {
	s := span(start, end)
	return segmentation.Token{TokenIndex: int64(index), Text: lex.Some(text[start:end]), TextSpan: &s}
}

// CheckTokens checks that tokens are numbered from 0, that each has a span of the text, that they are in the order of
// the text without overlapping, and that their texts are those of their spans. [Join] makes the text again from such
// tokens. The error wraps ErrSpan.
func CheckTokens(text string, tokens []segmentation.Token) error {
	index := NewIndex(text)
	end := int64(0)
	for i := range tokens {
		t := &tokens[i]
		if t.TokenIndex != int64(i) {
			return fmt.Errorf("text: %w: token %d has the tokenIndex %d", ErrSpan, i, t.TokenIndex)
		}
		if t.TextSpan == nil {
			return fmt.Errorf("text: %w: token %d has no span", ErrSpan, i)
		}
		part, err := index.Of(*t.TextSpan)
		if err != nil {
			return fmt.Errorf("token %d: %w", i, err)
		}
		if form, ok := t.Text.Get(); ok && form != part {
			return fmt.Errorf("text: %w: the text of token %d is %s, but that of its span is %s", ErrSpan, i, quote.Text(form, 40), quote.Text(part, 40))
		}
		if t.TextSpan.ByteStart < end {
			return fmt.Errorf("text: %w: token %d begins at byte %d, before the previous token ends at byte %d", ErrSpan, i, t.TextSpan.ByteStart, end)
		}
		end = t.TextSpan.ByteEnd
	}
	return nil
}

// Join makes a text from tokens: it puts the tokens at their places, and spaces between them. For valid tokens, this is
// the original text, except that all white space becomes plain spaces. The error wraps ErrSpan if spans overlap, or if
// the text has more than 10,000,000 bytes, the limit of the lexicon for the text of an expression.
func Join(tokens []segmentation.Token) (string, error) {
	const limit = 10_000_000
	var b strings.Builder
	for i := range tokens {
		t := &tokens[i]
		form := t.Text.Or("")
		switch s := t.TextSpan; {
		case s == nil && i > 0:
			b.WriteByte(' ')
		case s == nil:
		case s.ByteStart < int64(b.Len()) || s.ByteEnd > limit || s.ByteEnd-s.ByteStart != int64(len(form)):
			return "", fmt.Errorf("text: %w: token %d has the span [%d, %d), which does not follow byte %d or does not fit its text", ErrSpan, i, s.ByteStart, s.ByteEnd, b.Len())
		default:
			b.WriteString(strings.Repeat(" ", int(s.ByteStart)-b.Len()))
		}
		if b.Len()+len(form) > limit {
			return "", fmt.Errorf("text: %w: the text of the tokens is longer than %d bytes", ErrSpan, limit)
		}
		b.WriteString(form)
	}
	return b.String(), nil
}

// TokenSpan returns the span from the first to the last of the tokens with the given indexes. The error wraps ErrSpan if
// there is none, or if a token does not exist or has no span.
func TokenSpan(tokens []segmentation.Token, indexes ...int64) (layers.Span, error) {
	if len(indexes) == 0 {
		return layers.Span{}, fmt.Errorf("text: %w: no tokens were given", ErrSpan)
	}
	var s layers.Span
	for i, index := range indexes {
		if index < 0 || index >= int64(len(tokens)) || tokens[index].TextSpan == nil {
			return layers.Span{}, fmt.Errorf("text: %w: token %d of %d does not exist, or has no span", ErrSpan, index, len(tokens))
		}
		t := tokens[index].TextSpan
		if i == 0 {
			s = layers.Span{ByteStart: t.ByteStart, ByteEnd: t.ByteEnd}
		}
		s.ByteStart, s.ByteEnd = min(s.ByteStart, t.ByteStart), max(s.ByteEnd, t.ByteEnd)
	}
	return s, nil
}

// TokensIn returns the indexes of the tokens that are in a span, at least in part. The tokens must be in the order
// of the text, as [CheckTokens] accepts them: then the time depends on the logarithm of their number.
func TokensIn(tokens []segmentation.Token, s layers.Span) []int64 {
	first := sort.Search(len(tokens), func(i int) bool {
		return tokens[i].TextSpan != nil && tokens[i].TextSpan.ByteEnd > s.ByteStart
	})
	var indexes []int64
	for i := first; i < len(tokens) && tokens[i].TextSpan != nil && tokens[i].TextSpan.ByteStart < s.ByteEnd; i++ {
		indexes = append(indexes, int64(i))
	}
	return indexes
}

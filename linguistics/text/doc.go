// Package text locates annotations in texts: spans from substrings and character offsets, the text of a span, and
// tokens.
//
//	span, err := text.Find("The café is open.", "café", 0)
//	if err != nil {
//		return err
//	}
//	word, err := text.Of("The café is open.", span) // "café"
//
// The spans of Layers count bytes of UTF-8. Programs that count characters, as those in Python do, or UTF-16 code units,
// as those in JavaScript do, convert with [FromRunes] and [FromUTF16]. No function here accepts a span that is not in its
// text, or that begins or ends within a character.
//
// All functions are safe for concurrent use.
package text

// Package syntax has a type for each string format of the lexicon language of
// the AT Protocol: [DID], [Handle], [AtIdentifier], [NSID], [ATURI],
// [RecordKey], [TID], [Datetime], [Language], [CID] and [URI].
//
// Each of them is a string, and keeps the text it was made from: what is read
// is written back byte for byte. A value that a Parse function returned is
// valid. One made by a conversion is as good as the string that was converted;
// its methods do not panic, whatever it holds.
//
//	uri, err := syntax.ParseATURI("at://did:plc:z72i7hdynmk6r22z27h6tvur/pub.layers.media.media/3jzfcijpj2z2a")
//	if err != nil {
//		return err // a *syntax.Error, with the place and the reason
//	}
//	fmt.Println(uri.Collection()) // pub.layers.media.media
//
// The Valid functions give the same answer without the reason, for code that
// checks a lot of strings. Neither they nor a Parse function that succeeds
// allocate memory.
//
// A format says what a string looks like, and no more: whether a handle belongs
// to somebody, or a language is in use, is for others to find out. Where the
// specification leaves a choice, the formats are as wide as its conformance
// tests allow, so that records which servers have accepted can be read.
//
// The functions and a [TIDClock] are safe for concurrent use. An
// [ATURIValidator] is not.
//
// Specification: https://atproto.com/specs/lexicon#string-formats
package syntax

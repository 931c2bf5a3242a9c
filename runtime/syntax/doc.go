// Package syntax has a type for each string format of the lexicon language of
// the AT Protocol: [DID], [Handle], [AtIdentifier], [NSID], [ATURI],
// [RecordKey], [TID], [Datetime], [Language], [CID] and [URI].
//
// Each of them is a string type, and keeps the text that it was made from: a
// value is written back byte for byte. A value that a Parse function returned is
// valid. A value made by a conversion is not checked, but its methods do not
// panic.
//
//	uri, err := syntax.ParseATURI("at://did:plc:z72i7hdynmk6r22z27h6tvur/pub.layers.media.media/3jzfcijpj2z2a")
//	if err != nil {
//		return err // a *syntax.Error, with the place and the reason
//	}
//	fmt.Println(uri.Collection()) // pub.layers.media.media
//
// The Valid functions apply the same checks but return no reason, for code that
// checks many strings. Neither they nor a Parse function that succeeds
// allocate memory.
//
// A format describes only what a string looks like: this package does not check
// whether an account has a handle, or whether a language exists. Where the
// specification leaves a choice, the formats are as permissive as its conformance
// tests allow, so that records which servers have accepted can be read.
//
// The functions and a [TIDClock] are safe for concurrent use. An
// [ATURIValidator] is not.
//
// Specification: https://atproto.com/specs/lexicon#string-formats
package syntax

// Package lex is what generated code stands on: it decodes, checks and encodes values of the atproto
// data model (https://atproto.com/specs/data-model) whose types lexicons describe.
//
// A generated type has one decode method and one encode method, which serve DAG-CBOR and JSON alike.
// Decoding checks everything the lexicon asks for and lists every failure; what the lexicon does not
// name is kept, so that a record encodes to the bytes that it was decoded from:
//
//	var record expression.Expression
//	if err := lex.DecodeCBOR(block, &record); err != nil {
//		for _, issue := range lex.IssuesOf(err) {
//			fmt.Println(issue.Path, issue.Rule, issue.Message())
//		}
//	}
//
// The package has three parts. Users call [DecodeCBOR], [DecodeJSON], [EncodeCBOR], [EncodeJSON],
// [Validate] and [DecodeAll]. Generated structs are made of [Opt], [Nullable], [Bytes], [CIDLink],
// [Blob] and [Map]. Generated methods call [Decoder] and [Encoder].
package lex

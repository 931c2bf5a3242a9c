// Package lex is the runtime of generated code: it decodes, checks and encodes values of the atproto
// data model (https://atproto.com/specs/data-model) whose types lexicons describe.
//
// A generated type has one decode method and one encode method, which serve both DAG-CBOR and JSON.
// Decoding checks everything that the lexicon requires and lists every issue. It keeps fields that the lexicon does
// not name, so that a record encodes to the bytes that it was decoded from:
//
//	var record expression.Expression
//	if err := lex.DecodeCBOR(block, &record); err != nil {
//		for _, problem := range issue.Of(err) {
//			fmt.Println(problem.Path, problem.Rule, problem.Message())
//		}
//	}
//
// Generated types have these methods, which their own documentation does not repeat:
//
//   - DecodeLex and EncodeLex read the value from a [Decoder] and write it to an [Encoder].
//   - MarshalJSON and UnmarshalJSON are [EncodeJSON] and [DecodeJSON] for encoding/json, and String is [Text].
//   - RecordType, on a record, returns the NSID of its collection, and Validate calls the function [Validate].
//   - Known, on a string with known values, returns them, for example to offer them to a user; IsKnown reports whether
//     the string is one of them. Other values are legal.
//
// Their field Extra holds the fields of the data that the lexicon does not name.
//
// The package has three parts. Users call [DecodeCBOR], [DecodeJSON], [EncodeCBOR], [EncodeJSON]
// and [Validate]. Generated structs have fields of [Opt], [Nullable], [Bytes], [cid.Link],
// [Blob] and [Map]. Generated methods call [Decoder] and [Encoder].
package lex

// Package reading joins the records about an expression: its tokens with what is annotated on each, its spans, trees and
// clusters, and the members of a corpus, whichever repositories they are in.
//
//	index := reading.New()
//	index.AddRepository(all) // what records.Decode returned
//	e, err := index.Expression(ctx, uri)
//	if err != nil {
//		return err
//	}
//	for token, tags := range e.Tokens() {
//		fmt.Println(token.Text, tags.Label(annotation.AnnotationLayerSubkindPos), tags.Value(annotation.AnnotationLayerSubkindLemma))
//	}
//
// An [Index] holds records of any number of repositories. They come from an archive ([Index.AddRepository]), one by one,
// such as from the handler of package follow ([Index.Add], [Index.Remove]), or, as soon as a reference leads to them, from a
// [Source]: the servers of the accounts (package pdssource) or a copy that package follow keeps (package storesource).
//
// # Nothing is left out
//
// What does not fit together is in the result, with the reason: an annotation whose anchor leads nowhere has no tokens
// and no span, and a [*Problem]; all problems are in [Expression.Problems], too. No record is believed: a span is one of the
// text, a token exists, and parents form no circle, or there is a problem that says so.
//
// # Order and cost
//
// Results are in an order that does not depend on that in which records were added. The time is proportional to the
// size of the records, apart from sorting.
package reading

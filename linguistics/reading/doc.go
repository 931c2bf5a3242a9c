// Package reading joins the records about an expression, across repositories: its tokens with their annotations, its
// spans, trees and clusters. It also joins a corpus with its members.
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
// An [Index] holds records of any number of repositories. They come from an archive ([Index.AddRepository]), one by
// one, for example in a handler of package follow ([Index.Add], [Index.Remove]), or on demand from a [Source]: the
// servers of the accounts (package pdssource) or a copy that package follow keeps (package storesource).
//
// # Problems
//
// Inconsistent data is not left out: an annotation with an invalid anchor is in the result without tokens and span, and
// with a [*Problem] that gives the reason. [Expression.Problems] lists all problems. Everything is checked: if a span
// is outside the text, a token does not exist, or parents form a cycle, there is a problem that says so.
//
// # Order and cost
//
// The order of results does not depend on the order in which records were added. Apart from sorting, the time is
// proportional to the size of the records.
package reading

package identity

import (
	"context"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ResolveLexicon returns the DID of the account that has the lexicon with the given NSID, as a record of the collection
// com.atproto.lexicon.schema whose key is the NSID. It is in the TXT record of the domain that controls the NSID, behind
// "_lexicon.": for pub.layers.corpus.corpus in that of _lexicon.corpus.layers.pub. Domains above it do not count.
//
// Answers are remembered as those about handles are. The error is an [Error] about the domain, or that of ctx. See
// https://atproto.com/specs/lexicon#lexicon-publication-and-resolution.
func (d *Directory) ResolveLexicon(ctx context.Context, id syntax.NSID) (syntax.DID, error) {
	return d.lexicons.get(ctx, "_lexicon."+id.Authority(), d.now(), anyAge)
}

// checkAuthority returns a failure unless name can be that of a TXT record about lexicons.
func checkAuthority(name string) *failure {
	if name == "_lexicon." {
		return invalid("the NSID has no authority")
	}
	return nil
}

// lookUpLexicons finds the DID in the TXT record with the given name.
func (s *sources) lookUpLexicons(ctx context.Context, name string) (syntax.DID, *failure) {
	return s.askTXT(ctx, name)
}

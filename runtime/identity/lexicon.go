package identity

import (
	"context"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ResolveLexicon returns the DID of the account that publishes the lexicon with the given NSID, as a record of the
// collection com.atproto.lexicon.schema whose key is the NSID. The DID is in a TXT record of the domain that controls
// the NSID, prefixed by "_lexicon.": for pub.layers.corpus.corpus it is in that of _lexicon.corpus.layers.pub. Parent
// domains are not consulted.
//
// Answers are cached in the same way as those about handles. The error is an [Error] about the domain, or that of ctx.
// See https://atproto.com/specs/lexicon#lexicon-publication-and-resolution.
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

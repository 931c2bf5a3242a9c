// Package xrpc calls the methods of a service over HTTP (https://atproto.com/specs/xrpc). The generated
// clients run on its [Client]:
//
//	service, err := xrpc.New("https://pds.example.com")
//	if err != nil {
//		return err
//	}
//	expressions := expression.NewClient(service)
//	for e, err := range expressions.ListExpressionsIter(ctx, &expression.ListExpressionsParams{Repo: actor}) {
//		...
//	}
//
// # Failures
//
// An answer that is a refusal is an [*Error]: it has the HTTP status and the server's name and words for
// it. No answer, or one cut short, is a [*TransportError]. Use [errors.As] for both, and [errors.Is] with
// the [lex.ErrorName] that a method declares. An answer that is JSON but not of the method's type is
// the [*lex.Error] that says where.
//
// # Repeating
//
// A call is sent again, after a pause that grows and is random, when that may help and cannot harm. A
// query may always be repeated. A procedure is repeated when no connection could be made, so that nothing
// was sent, and when the server's answer was 429, which says that it was not carried out; after anything
// else, the 429 of a proxy included, only if [lex.Call].Repeatable says so. A body of a call that is a
// stream is sent again if it is an [io.Seeker], from where it stood, or if nothing of it has been read.
//
// Below this package, [http.Transport] sends a request again on its own when a kept connection turns
// out to be closed. It does that with a procedure only if not a byte of it was written, or if the server
// ended it over HTTP/2 in a way that says that it was not looked at (GOAWAY, REFUSED_STREAM, or
// PROTOCOL_ERROR). A header Idempotency-Key would change that, so [WithHeader] does not take it.
//
// # Pauses
//
// A server's Retry-After and RateLimit headers are followed, up to [WithMaxWait]. Towards a server that
// sends no RateLimit headers, a client keeps to a pace of its own, see [WithPace]. Pauses are announced
// ([WithPauses]). A pause that is too long, for the client or for the context, is not begun: the call
// returns a [*WaitError] at once, which says when it may be made again.
//
// # Limits
//
// Sizes are limited ([WithMaxResponse], [WithMaxRequest]), and so are silence ([WithIdleTimeout]) and
// slowness ([WithMinRate]); how long a call may take in all is for its context to say.
package xrpc

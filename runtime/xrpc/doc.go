// Package xrpc calls the methods of a service over HTTP (https://atproto.com/specs/xrpc). The generated clients send
// their calls through its [Client]:
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
// If the server refuses a call, the error is an [*Error], which has the HTTP status and the server's error name and
// message. If there is no answer, or it is cut off, the error is a [*TransportError]. Use [errors.As] for both, and
// [errors.Is] with the [rpc.ErrorName] that a method declares. If an answer is JSON but not of the method's output
// type, the error is a [*issue.Error] that says where.
//
// # Repeating
//
// A failed call is sent again, after a random pause whose upper limit grows, if that may help and cannot do harm.
// Queries may always be repeated. A procedure is repeated if no connection could be made, so that nothing was sent,
// or if the server itself answered with status 429, which means that it did not carry the call out. After any other
// failure, including a 429 from a proxy, it is repeated only if the field Repeatable of its [rpc.Request] is set. A
// streamed request body is sent again, from its initial position, if it is an [io.Seeker] or if none of it has been
// read.
//
// Below this package, [http.Transport] itself sends a request again when a kept-alive connection turns out to be
// closed. It does so with a procedure only if no byte of the request was written, or if the server's HTTP/2 error
// says that the request was not processed (GOAWAY, REFUSED_STREAM, or PROTOCOL_ERROR). The header Idempotency-Key
// would change that, so [WithHeader] refuses it.
//
// # Pauses
//
// A client obeys a server's Retry-After and RateLimit headers, up to the limit of [WithMaxWait]. If a server sends no
// RateLimit headers, the client limits its own rate, see [WithPace]. With [WithPauses], the client calls a function
// before each pause. If a pause would be longer than the client or the context allows, the call does not wait: it
// returns a [*WaitError] at once, which says when the call may be made again.
//
// # Limits
//
// A client limits the sizes of answers and requests ([WithMaxResponse], [WithMaxRequest]), the time without any data
// ([WithIdleTimeout]) and the slowness of answers ([WithMinRate]). Limit the total time of a call by its context.
package xrpc

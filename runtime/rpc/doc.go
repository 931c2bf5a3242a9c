// Package rpc defines the calls that generated clients make, without their transport: https://atproto.com/specs/xrpc.
//
// A generated client passes a [Request] and a [Response] to a [Caller]. The clients of packages xrpc, auth and appview
// are Callers that use HTTP; a test can use one of its own:
//
//	type answers map[syntax.NSID]string
//
//	func (a answers) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
//		return lex.DecodeJSON([]byte(a[request.NSID]), response.Output)
//	}
package rpc

// Package rpc has the calls of generated clients, without their transport: https://atproto.com/specs/xrpc.
//
// A generated client fills in a [Call] and passes it to a [Caller]. The clients of packages xrpc, pds and appview are
// Callers that use HTTP; a test can bring its own:
//
//	type answers map[syntax.NSID]string
//
//	func (a answers) Call(ctx context.Context, c *rpc.Call) error {
//		return lex.DecodeJSON([]byte(a[c.NSID]), c.Output)
//	}
package rpc

// Package xrpcserver answers XRPC calls over HTTP: https://atproto.com/specs/xrpc. With the setting "servers", lexgen
// generates a [Method] for each query, procedure and subscription of a package, and a function NewHandler that returns
// a handler for all of them. The code for Layers has such a package in each namespace with queries:
//
//	http.Handle("/xrpc/", expressionserver.NewHandler(server))
//
// A handler decodes parameters and input and checks them against the lexicon, so the server receives only valid ones,
// and it checks and encodes the server's results. If the server returns an error that is or wraps an [rpc.ErrorName],
// such as one that the lexicon declares, or an [Error], the name is sent to the client. Any other error or panic is not
// revealed to the client; [WithErrorHook] sets a function that is called with it. Authentication is left to an
// [http.Handler] around this one; [Request] returns the HTTP request to the server.
//
// A subscription is a method that yields messages, which are sent as frames of a WebSocket
// (https://atproto.com/specs/event-stream); [Feed] distributes live messages to subscribers.
package xrpcserver

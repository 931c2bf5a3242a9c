// Package xrpcserver answers XRPC calls over HTTP: https://atproto.com/specs/xrpc. Code that lexgen generates with the setting
// "servers" makes a [Method] of each query and procedure of a package, and a function NewHandler of them all. The code for Layers
// has such a package in each namespace with queries:
//
//	http.Handle("/xrpc/", expressionserver.NewHandler(server))
//
// A handler decodes and checks parameters and input as the lexicon says, so that the server gets nothing that is invalid, and
// checks and encodes what the server returns. An error of the server that is or wraps an [rpc.ErrorName], such as one that the
// lexicon declares, or an [Error], is sent with its name; of any other error, or of a panic, the client learns nothing:
// [WithErrorHook] hears of those. Who calls is the concern of an [http.Handler] around this one; [Request] gives the server the request.
//
// A subscription is a method that yields messages, which are sent as frames of a WebSocket (https://atproto.com/specs/event-stream);
// [Feed] helps with those that are live.
package xrpcserver

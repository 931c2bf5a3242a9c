// Package xrpcserver answers XRPC calls over HTTP: https://atproto.com/specs/xrpc. Code that lexgen generates with the setting
// "servers" makes a [Method] of each query and procedure of a package, and a function NewHandler of them all. The code for Layers
// has such a package in each namespace with queries:
//
//	http.Handle("/xrpc/", expressionserver.NewHandler(server))
//
// A handler decodes and checks parameters and input as the lexicon says, so that the server gets nothing that is invalid, and
// encodes what the server returns. An error of the server that is or wraps an [rpc.ErrorName], such as one that the lexicon
// declares, or an [Error], is sent with its name; of any other error the client learns nothing. Who calls is the concern of an
// [http.Handler] around this one; [Request] gives the server the request.
package xrpcserver

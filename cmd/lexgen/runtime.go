package main

// Generated code imports the runtime. The command imports it, too, so that the go.sum of a module that has lexgen as
// a tool has all that the runtime needs: lexgen type-checks code that imports the runtime before any file in the
// module does.
import (
	_ "github.com/layers-pub/layers-go/runtime/bridge"
	_ "github.com/layers-pub/layers-go/runtime/cid"
	_ "github.com/layers-pub/layers-go/runtime/lex"
	_ "github.com/layers-pub/layers-go/runtime/rec"
	_ "github.com/layers-pub/layers-go/runtime/repo"
	_ "github.com/layers-pub/layers-go/runtime/rpc"
	_ "github.com/layers-pub/layers-go/runtime/syntax"
	_ "github.com/layers-pub/layers-go/runtime/xrpcserver"
)

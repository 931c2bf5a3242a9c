package main

// Generated code imports the runtime. That the command does so, too, puts what the runtime needs into the
// go.sum of a module that has lexgen as a tool: there, lexgen type-checks code that imports it before any
// file in the module does.
import (
	_ "github.com/layers-pub/layers-go/runtime/lex"
	_ "github.com/layers-pub/layers-go/runtime/repo"
	_ "github.com/layers-pub/layers-go/runtime/syntax"
)

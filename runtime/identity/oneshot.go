package identity

import (
	"context"
	"sync"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// forgetful returns the directory of the functions below, which remembers nothing.
var forgetful = sync.OnceValues(func() (*Directory, error) { return New(WithCacheSize(0)) })

// ResolveHandle is [Directory.ResolveHandle] of a directory with default options that remembers nothing.
func ResolveHandle(ctx context.Context, handle syntax.Handle) (syntax.DID, error) {
	d, err := forgetful()
	if err != nil {
		return "", err
	}
	return d.ResolveHandle(ctx, handle)
}

// ResolveDID is [Directory.ResolveDID] of a directory with default options that remembers nothing.
func ResolveDID(ctx context.Context, did syntax.DID) (*Document, error) {
	d, err := forgetful()
	if err != nil {
		return nil, err
	}
	return d.ResolveDID(ctx, did)
}

// ResolvePDS returns the origin of the server that has the repository of the account with the given handle or DID. It
// calls [Directory.Resolve] of a directory with default options that remembers nothing. The error is an [Error], also
// if the account has no usable server, or that of ctx.
func ResolvePDS(ctx context.Context, actor syntax.AtIdentifier) (string, error) {
	d, err := forgetful()
	if err != nil {
		return "", err
	}
	i, err := d.Resolve(ctx, actor)
	if err != nil {
		return "", err
	}
	return i.RequirePDS()
}

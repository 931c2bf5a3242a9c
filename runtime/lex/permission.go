package lex

import (
	"net/url"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// PermissionSet is a named bundle of permissions that a user can grant,
// https://atproto.com/specs/permission.
type PermissionSet struct {
	NSID          syntax.NSID
	Title, Detail string
	Permissions   []Permission
}

// Permission is one permission of a set. Which members mean something depends on the resource.
type Permission struct {
	// Resource is what the permission is about: repo, rpc, blob, account, identity.
	Resource string
	// Collection and Action say, for repo, which records may be written, and how.
	Collection, Action []string
	// LXM and Aud say, for rpc, which methods may be called and of which service; InheritAud takes the
	// service from the scope that includes the set.
	LXM        []string
	Aud        string
	InheritAud bool
	// Accept lists, for blob, the media types that may be uploaded.
	Accept []string
}

// Scope returns the OAuth scope that asks for the set. aud is the service for the permissions that
// inherit theirs, as in "did:web:api.example.com#svc_appview"; "" when there is none.
func (s PermissionSet) Scope(aud string) string {
	if aud == "" {
		return "include:" + string(s.NSID)
	}
	return "include:" + string(s.NSID) + "?aud=" + url.QueryEscape(aud)
}

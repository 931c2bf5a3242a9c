package rpc

import (
	"net/url"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// PermissionSet is a named bundle of permissions that a user can grant,
// https://atproto.com/specs/permission.
type PermissionSet struct {
	NSID syntax.NSID
	// Title and Detail describe the set to the user, "" if its lexicon does not have them.
	Title, Detail string
	Permissions   []Permission
}

// Permission is one permission of a set. Which fields apply depends on Resource.
type Permission struct {
	// Resource is what the permission is for: repo, rpc, blob, account or identity.
	Resource string
	// Collection and Action say, for repo, which collections may be written to, and with which actions.
	Collection, Action []string
	// LXM and Aud say, for rpc, which methods may be called and on which service. With InheritAud, the
	// service is that of the scope that includes the set.
	LXM        []string
	Aud        string
	InheritAud bool
	// Accept lists, for blob, the media types that may be uploaded.
	Accept []string
}

// Scope returns the OAuth scope that requests the set. aud is the service for the permissions with
// InheritAud, such as "did:web:api.example.com#svc_appview", or "" if there is none.
func (s PermissionSet) Scope(aud string) string {
	if aud == "" {
		return "include:" + string(s.NSID)
	}
	return "include:" + string(s.NSID) + "?aud=" + url.QueryEscape(aud)
}

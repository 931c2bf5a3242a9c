// Package group divides the namespaces of lexicons into Go packages, and names the packages:
//
//	groups, moves := group.New(set, &group.Options{Module: "example.org/sdk", Output: "api"})
//
// By default an authority is one package: app.bsky.feed.post and app.bsky.actor.profile are bsky.FeedPost and
// bsky.ActorProfile. It is the first two segments of an NSID, or one more for domains below which anyone can have a
// name ([Authority]). So most references stay within a package, and adding a document to a namespace, or a namespace to
// an authority, moves nothing to another package. A configuration can give a namespace a directory of its own; the
// namespaces below it then become one package each, or a single package.
//
// Packages that import each other in a cycle become one, since Go does not allow import cycles. The packages in a name
// lock are kept; if a cycle makes that impossible, New returns the packages that would move, and the references that
// cause the cycle.
package group

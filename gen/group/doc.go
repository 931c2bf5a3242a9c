// Package group divides the namespaces of lexicons into Go packages, and names the packages:
//
//	groups, moves := group.New(set, &group.Options{Module: "example.org/sdk", Output: "api"})
//
// By default an authority is one package: app.bsky.feed.post and app.bsky.actor.profile are bsky.FeedPost and
// bsky.ActorProfile. It is the first two segments of an NSID, or one more for domains below which anyone can have a name
// ([Authority]). So most references stay within a package, and a document
// that is added to a namespace, or a namespace that is added to an authority, moves nothing. A configuration can give a
// namespace a directory of its own; the namespaces below it then are a package each, or all one.
//
// Packages that need each other in a circle become one, since Go allows no circles. What a name lock says about a namespace
// is kept; where a circle makes that impossible New says which packages would move, and which references are to blame.
package group

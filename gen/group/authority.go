package group

import "strings"

// shared are domains, in the order of an NSID, below which each name has an owner of its own: hosts of sites, forges, and
// servers of accounts. The list need not be complete: an owner on another host has a package with the others there.
var shared = wordSet(`
	app.netlify app.railway.up app.replit app.vercel app.web  co.repl com.blogspot com.firebaseapp com.github com.gitlab
	com.herokuapp com.onrender com.tumblr com.vercel com.wordpress dev.deno dev.fly dev.is-a dev.pages
	dev.workers ht.sr io.bitbucket io.github io.gitlab io.readthedocs lol.omg me.glitch net.azurewebsites net.cloudfront
	net.ts org.bitbucket org.codeberg org.eu org.neocities page.codeberg run.val sh.surge site.srht
	social.bsky`)

// secondLevel are domains below those of countries in which owners register theirs, such as co.uk.
var secondLevel = wordSet("ac co com edu go gob gov ne net or org")

// Authority returns the part of a namespace that stands for its owner: the first two segments, or three if these are a
// domain below which anyone can register a name, such as io.github and uk.co.
func Authority(namespace string) string {
	segments := strings.Split(namespace, ".")
	n := min(2, len(segments))
	if len(segments) > 2 && len(segments[0]) == 2 && secondLevel[segments[1]] {
		n = 3
	}
	for i := 2; i <= min(3, len(segments)-1); i++ {
		if shared[strings.ToLower(strings.Join(segments[:i], "."))] {
			n = i + 1
		}
	}
	return strings.Join(segments[:n], ".")
}

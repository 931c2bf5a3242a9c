package group_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/layers-pub/layers-go/gen/group"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
)

// load returns documents, given as "nsid" or "nsid > nsid nsid", which refer to others.
func load(t *testing.T, documents ...string) *lexicon.Set {
	t.Helper()
	root := fstest.MapFS{}
	for _, document := range documents {
		id, refs, _ := strings.Cut(document, " > ")
		var properties []string
		for i, ref := range strings.Fields(refs) {
			properties = append(properties, fmt.Sprintf(`"p%d": {"type": "ref", "ref": %q}`, i, ref))
		}
		root["l/"+strings.ReplaceAll(id, ".", "/")+".json"] = &fstest.MapFile{Data: fmt.Appendf(nil,
			`{"lexicon": 1, "id": %q, "defs": {"main": {"type": "object", "properties": {%s}}}}`, id, strings.Join(properties, ","))}
	}
	set, err := lexicon.Load(root, "l")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestNew checks which packages namespaces become, in the order of their imports: "directory alias: namespace(prefix) ...".
func TestNew(t *testing.T) {
	for _, test := range []struct {
		name      string
		packages  map[string]string
		lock      map[string]naming.Place
		documents []string
		want      []string
		moves     int
	}{
		{"an authority is one package", nil, nil,
			[]string{"app.bsky.feed.post > app.bsky.actor.defs", "app.bsky.actor.defs > app.bsky.feed.post", "com.atproto.repo.strongRef"},
			[]string{"api/app/bsky bsky: app.bsky.actor(actor) app.bsky.feed(feed)", "api/com/atproto atproto: com.atproto.repo(repo)"}, 0},
		{"the authority's own namespace has no prefix", nil, nil, []string{"sh.tangled.string", "sh.tangled.repo.issue.state"},
			[]string{"api/sh/tangled tangled: sh.tangled() sh.tangled.repo.issue(repo issue)"}, 0},
		{"two authorities of one name", nil, nil, []string{"app.bsky.a.b", "chat.bsky.a.b"},
			[]string{"api/app/bsky appbsky: app.bsky.a(a)", "api/chat/bsky chatbsky: chat.bsky.a(a)"}, 0},
		{"a circle of authorities goes to the larger one", nil, nil,
			[]string{"app.aa.x.b > org.cc.y.d", "org.cc.y.d > app.aa.x.b", "org.cc.y.e"}, []string{"api/org/cc cc: app.aa.x(aa x) org.cc.y(y)"}, 0},
		{"owners on one host", nil, nil,
			[]string{"io.github.alice.blog.post > io.github.bob.defs", "io.github.alice.defs", "io.github.bob.defs", "io.github.status", "dev.pages.my-site.page", "uk.co.shop.item", "app.railway.up.site.y"},
			[]string{"api/app/railway/up/site site: app.railway.up.site()", "api/dev/pages/mysite mysite: dev.pages.my-site()", "api/io/github github: io.github()",
				"api/io/github/bob bob: io.github.bob()", "api/io/github/alice alice: io.github.alice() io.github.alice.blog(blog)", "api/uk/co/shop shop: uk.co.shop()"}, 0},
		{"a circle of owners on one host", nil, nil,
			[]string{"io.github.alice.blog.post > io.github.bob.x.y", "io.github.bob.x.y > io.github.alice.blog.post", "io.github.bob.x.z"},
			[]string{"api/io/github/bob bob: io.github.alice.blog(alice blog) io.github.bob.x(x)"}, 0},
		{"the lock of a host", nil, map[string]naming.Place{"io.github.alice": {Dir: "api/io/github", Prefix: []string{"alice"}}}, []string{"io.github.alice.post", "io.github.bob.post"},
			[]string{"api/io/github github: io.github.alice(alice)", "api/io/github/bob bob: io.github.bob()"}, 0},
		{"a directory for an authority", map[string]string{"app.bsky.*": "bsky"}, nil, []string{"app.bsky.feed.post", "app.bsky.actor.defs"},
			[]string{"bsky bsky: app.bsky.actor(actor) app.bsky.feed(feed)"}, 0},
		{"a directory for namespaces", map[string]string{"app.bsky": "bsky"}, nil, []string{"app.bsky.feed.post", "app.bsky.actor.defs"},
			[]string{"bsky/actor actor: app.bsky.actor()", "bsky/feed feed: app.bsky.feed()"}, 0},
		{"two namespaces in one directory", map[string]string{"a.b.c": "xx", "a.b.d": "xx"}, nil, []string{"a.b.c.e", "a.b.d.e"},
			[]string{"xx xx: a.b.c(c) a.b.d(d)"}, 0},
		{"a name that means something else", nil, nil, []string{"com.lex.a.b", "com.internal.a.b", "com.string.a.b"},
			[]string{"api/com/cominternal cominternal: com.internal.a(a)", "api/com/comlex comlex: com.lex.a(a)", "api/com/comstring comstring: com.string.a(a)"}, 0},
		{"the lock", nil, map[string]naming.Place{"app.bsky.feed": {Dir: "api/app/bsky/feed"}}, []string{"app.bsky.feed.post", "app.bsky.actor.defs"},
			[]string{"api/app/bsky bsky: app.bsky.actor(actor)", "api/app/bsky/feed feed: app.bsky.feed()"}, 0},
		{"a circle against the lock", nil, map[string]naming.Place{"app.bsky.feed": {Dir: "api/app/bsky/feed"}},
			[]string{"app.bsky.feed.post > app.bsky.actor.defs", "app.bsky.actor.defs > app.bsky.feed.post"},
			[]string{"api/app/bsky bsky: app.bsky.actor(actor) app.bsky.feed(feed)"}, 1},
		{"the lock against the configuration", map[string]string{"app.bsky.*": "xx"}, map[string]naming.Place{"app.bsky.feed": {Dir: "api/app/bsky/feed"}},
			[]string{"app.bsky.feed.post"}, []string{"xx xx: app.bsky.feed(feed)"}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := &group.Options{Module: "example.org/sdk", Output: "api", Packages: test.packages}
			if test.lock != nil {
				options.Lock = &naming.Lock{Packages: test.lock}
			}
			groups, moves := group.New(load(t, test.documents...), options)
			var got []string
			for _, g := range groups {
				text := g.Dir + " " + g.Alias + ":"
				for _, namespace := range g.Namespaces {
					text += fmt.Sprintf(" %s(%s)", namespace, strings.Join(g.Prefix(namespace), " "))
				}
				got = append(got, text)
				if g.ImportPath != "example.org/sdk/"+g.Dir {
					t.Errorf("the import path is %s", g.ImportPath)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
			if len(moves) != test.moves {
				t.Errorf("moves %v, want %d", moves, test.moves)
			}
		})
	}
}

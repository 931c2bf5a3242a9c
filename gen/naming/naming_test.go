package naming_test

import (
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/gen/naming"
)

func TestGoName(t *testing.T) {
	for _, test := range []struct {
		parts []string
		want  string
	}{
		{[]string{"alignment"}, "Alignment"},
		{[]string{"alignment", "kindUri"}, "AlignmentKindURI"},
		{[]string{"knowledgeRefs"}, "KnowledgeRefs"},
		{[]string{"eprintIdentifierType"}, "EprintIdentifierType"},
		{[]string{"mweComponent"}, "MweComponent"},
		{[]string{"uuid"}, "UUID"},
		{[]string{"spatialEntity", "crs"}, "SpatialEntityCRS"},
		{[]string{"licenseRef", "spdx"}, "LicenseRefSpdx"},
		{[]string{"ids"}, "IDs"},
		{[]string{"imageURLs"}, "ImageURLs"},
		{[]string{"targetUris"}, "TargetURIs"},
		{[]string{"JSONSchema"}, "JSONSchema"},
		{[]string{"cid-link"}, "CIDLink"},
		{[]string{"record_key"}, "RecordKey"},
		{[]string{"type"}, "Type"},
		{[]string{"utf8Text"}, "Utf8Text"},
		{[]string{"SpdxLicense", "CC0-1.0"}, "SpdxLicenseCC0_1_0"},
		{[]string{"License", "CC-BY-4.0"}, "LicenseCCBY4_0"},
		{[]string{"Level", "1"}, "Level1"},
		{[]string{"Level1", "2"}, "Level1_2"},
		{[]string{"LabelValue", "!no-promote"}, "LabelValueNoPromote"},
		{[]string{"Mood", ""}, "MoodEmpty"},
		{[]string{"Wildcard", "*"}, "WildcardU002A"},
		{[]string{"3d"}, "X3d"},
		{[]string{"Language", "日本語"}, "Language日本語"},
		{[]string{"日本語"}, "X日本語"},
		{[]string{"*/\n//go:build"}, "GoBuild"},
		{[]string{""}, "Empty"},
	} {
		if got := naming.GoName(test.parts...); got != test.want {
			t.Errorf("GoName(%q) = %s, want %s", test.parts, got, test.want)
		}
	}
}

// FuzzGoName checks that every text gives an exported name.
func FuzzGoName(f *testing.F) {
	for _, s := range []string{"kindUri", "CC0-1.0", "", "*/", "3d", "日本語", "\xff", "ǆ"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if name := naming.GoName(a, b); !token.IsIdentifier(name) || !token.IsExported(name) {
			t.Errorf("GoName(%q, %q) = %q", a, b, name)
		}
	})
}

// TestLonger checks the names that things get that have lost a collision.
func TestLonger(t *testing.T) {
	for _, test := range []struct {
		base, part, kind string
		want             [naming.Levels]string
	}{
		{"View", "record", "union", [...]string{"ViewRecord", "ViewRecordUnion", "ViewLowerRecord", "ViewRecordU006B"}},
		{"Kind", "foo-bar", "", [...]string{"KindFooBar", "KindFooHyphenBar", "KindFooHyphenBar", "KindFooBarU006B"}},
		{"Kind", "A", "", [...]string{"KindA", "KindUpperA", "KindUpperA", "KindAU006B"}},
		{"", "é~1", "", [...]string{"É1", "ÉU007E1", "ÉU007E1", "É1U006B"}},
		{"Kind", "", "", [...]string{"KindEmpty", "Kind", "Kind", "KindEmptyU006B"}},
		{"", "\xff", "", [...]string{"UFFFD", "UFFFD", "UFFFD", "UFFFDU006B"}},
	} {
		for level, want := range test.want {
			if got := naming.Longer(level, test.base, test.part, test.kind, "k"); got != want {
				t.Errorf("Longer(%d, %q, %q, %q) = %s, want %s", level, test.base, test.part, test.kind, got, want)
			}
		}
	}
}

// settle asks a table for names until all collisions are settled. Each claim's name is its Name, made longer.
func settle(t *testing.T, table *naming.Table, claims ...naming.Claim) (map[string]string, []naming.Collision) {
	t.Helper()
	for range 20 {
		for _, c := range claims {
			name, _, found := table.Lookup(c.Key)
			if !found {
				name = naming.Longer(table.Level(c.Key), "", c.Name, "kind", c.Key)
			}
			c.Name = name
			table.Claim(c)
		}
		if again, collisions := table.Settle(); !again {
			return table.Names(), collisions
		}
	}
	t.Fatal("the names are not settled after 20 rounds")
	return nil, nil
}

// TestTable checks who keeps a name: what is fixed, given, locked, and then what ranks higher.
func TestTable(t *testing.T) {
	claim := func(key, name string, rank naming.Rank) naming.Claim {
		return naming.Claim{Scope: "s", Key: key, Name: name, Rank: rank}
	}
	for _, test := range []struct {
		name          string
		given, locked map[string]string
		claims        []naming.Claim
		want          string
		renamed       string
		collisions    int
	}{
		{"rank", nil, nil, []naming.Claim{claim("a.b", "x", naming.Inline), claim("c", "x", naming.Definition)}, "a.b:XKind c:X", "", 0},
		{"spelling", nil, nil, []naming.Claim{claim("a:foo-bar", "x", naming.Member), claim("a:fooBar", "x", naming.Member)}, "a:foo-bar:XKind a:fooBar:X", "", 0},
		{"order", nil, nil, []naming.Claim{claim("d", "x", naming.Main), claim("c", "x", naming.Main)}, "c:X d:XKind", "", 0},
		{"scopes", nil, nil, []naming.Claim{{Scope: "p", Key: "a", Name: "x"}, {Scope: "q", Key: "b", Name: "x"}}, "a:X b:X", "", 0},
		{"again", nil, nil, []naming.Claim{claim("c", "x", naming.Main), claim("d", "x", naming.Main), claim("e", "xKind", naming.Main)}, "c:X d:XKind e:XKindKind", "", 0},
		{"given", map[string]string{"d": "X"}, nil, []naming.Claim{claim("c", "x", naming.Main), claim("d", "x", naming.Derived)}, "c:XKind d:X", "", 0},
		{"locked", nil, map[string]string{"d": "X"}, []naming.Claim{claim("c", "x", naming.Main), claim("d", "x", naming.Derived)}, "c:XKind d:X", "", 0},
		{"given over locked", map[string]string{"c": "X"}, map[string]string{"d": "X"}, []naming.Claim{claim("c", "x", naming.Main), claim("d", "x", naming.Main)}, "c:X d:XKind", "d", 0},
		{"fixed", nil, map[string]string{"d": "X"}, []naming.Claim{{Scope: "s", Name: "x"}, claim("d", "x", naming.Main)}, "d:XKind", "d", 0},
		{"given twice", map[string]string{"c": "X", "d": "X"}, nil, []naming.Claim{claim("c", "x", naming.Main), claim("d", "x", naming.Main)}, "c:X d:X", "", 1},
	} {
		table := naming.NewTable(test.given, test.locked)
		names, collisions := settle(t, table, test.claims...)
		var list []string
		for _, key := range slices.Sorted(maps.Keys(names)) {
			list = append(list, key+":"+names[key])
		}
		if got := strings.Join(list, " "); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
		if got := strings.Join(table.Renamed(), " "); got != test.renamed || len(collisions) != test.collisions {
			t.Errorf("%s: renamed %q, want %q; collisions %v", test.name, got, test.renamed, collisions)
		}
	}
}

// TestLock checks that a lock reads what it writes, and nothing that cannot be one.
func TestLock(t *testing.T) {
	lock := &naming.Lock{Module: "example.org/sdk",
		Packages: map[string]naming.Place{"com.example.app": {Dir: "api/com/example", Prefix: []string{"app"}}},
		Names:    map[string]string{"com.example.app.note#main": "AppNote", "com.example.app.note#main:nsid": "NSIDAppNote"}}
	data, err := lock.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := naming.ParseLock(data)
	if diff := cmp.Diff(lock, again); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, text := range []string{``, `[]`, `{"names": {"a#b": "lower"}}`, `{"names": {"a#b": "A B"}}`, `{"name": {}}`, `{} {}`} {
		if _, err := naming.ParseLock([]byte(text)); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
	if got := naming.Namespace("com.example.app.note#main.a.b=c.d"); got != "com.example.app" {
		t.Errorf("Namespace is %s", got)
	}
}

package lexicon_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/rogpeppe/go-internal/txtar"
)

// compareDocument compares a document of a case with the model expected of it.
func compareDocument(t *testing.T, file string, want *lexicon.Document) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set, err := loadCase(archive)
	if err != nil {
		t.Fatal(err)
	}
	got := set.Lookup(want.ID)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(lexicon.Document{}), cmpopts.IgnoreFields(lexicon.Document{}, "Source")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestModelRecord(t *testing.T) {
	const at = "/defs/main/record/properties/"
	field := func(name string, n lexicon.Node) lexicon.Property {
		n.Pointer = at + name
		return lexicon.Property{Name: name, Node: &n}
	}
	ref := func(name, target string) lexicon.Property {
		return field(name, lexicon.Node{Type: "ref", Ref: target})
	}
	compareDocument(t, "testdata/valid/everything.txtar", &lexicon.Document{
		ID:          "com.example.record",
		File:        "lexicons/com/example/record.json",
		Description: "A record with a field of every type",
		Defs: []*lexicon.Def{
			{Name: "main", Node: &lexicon.Node{
				Type: "record", Pointer: "/defs/main", Description: "One of everything", Key: "literal:self",
				Record: &lexicon.Node{
					Type: "object", Pointer: "/defs/main/record",
					Required: []string{"string", "object"},
					Nullable: []string{"integer"},
					Properties: []lexicon.Property{
						field("boolean", lexicon.Node{Type: "boolean", Default: true}),
						field("constBoolean", lexicon.Node{Type: "boolean", Const: false}),
						field("integer", lexicon.Node{Type: "integer", Minimum: new(int64(-5)), Maximum: new(int64(1<<63 - 1)), Default: int64(0)}),
						field("enumInteger", lexicon.Node{Type: "integer", IntEnum: []int64{1, 2, 3}, Default: int64(2)}),
						field("constInteger", lexicon.Node{Type: "integer", Const: int64(-1 << 63)}),
						field("string", lexicon.Node{
							Type: "string", MinLength: new(int64(1)), MaxLength: new(int64(640)), MinGraphemes: new(int64(1)), MaxGraphemes: new(int64(64)),
							KnownValues: []string{"blue", "com.example.defs#red"}, Default: "héllo",
						}),
						field("enumString", lexicon.Node{Type: "string", StringEnum: []string{"up", "down"}, Default: "up"}),
						field("constString", lexicon.Node{Type: "string", Const: ""}),
						field("bytes", lexicon.Node{Type: "bytes", MinLength: new(int64(0)), MaxLength: new(int64(16))}),
						field("cid-link", lexicon.Node{Type: "cid-link"}),
						field("blob", lexicon.Node{Type: "blob", Accept: []string{"image/png", "video/*", "*/*"}, MaxSize: new(int64(1000000))}),
						field("unknown", lexicon.Node{Type: "unknown"}),
						field("array", lexicon.Node{
							Type: "array", MinLength: new(int64(1)), MaxLength: new(int64(5)),
							Items: &lexicon.Node{
								Type: "array", Pointer: at + "array/items",
								Items: &lexicon.Node{Type: "integer", Pointer: at + "array/items/items"},
							},
						}),
						field("object", lexicon.Node{Type: "object", Properties: []lexicon.Property{
							{Name: "inner", Node: &lexicon.Node{Type: "object", Pointer: at + "object/properties/inner"}},
						}}),
						ref("refLocal", "#leaf"),
						ref("refMain", "com.example.strongRef"),
						ref("refMainSpelt", "com.example.strongRef#main"),
						ref("refString", "com.example.defs#color"),
						ref("refArray", "com.example.defs#colors"),
						ref("refInteger", "com.example.defs#count"),
						ref("refBoolean", "com.example.defs#flag"),
						ref("refBytes", "com.example.defs#key"),
						ref("refLink", "com.example.defs#link"),
						ref("refBlob", "com.example.defs#picture"),
						ref("refSelf", "#main"),
						field("open", lexicon.Node{Type: "union", Refs: []string{"#leaf", "com.example.strongRef", "com.example.record"}}),
						field("closed", lexicon.Node{Type: "union", Refs: []string{"#leaf"}, Closed: true}),
						field("anything", lexicon.Node{Type: "union"}),
					},
				},
			}},
			{Name: "leaf", Node: &lexicon.Node{Type: "object", Pointer: "/defs/leaf", Properties: []lexicon.Property{
				{Name: "next", Node: &lexicon.Node{Type: "ref", Pointer: "/defs/leaf/properties/next", Ref: "#leaf"}},
			}}},
		},
	})
}

func TestModelQuery(t *testing.T) {
	compareDocument(t, "testdata/valid/everything.txtar", &lexicon.Document{
		ID:   "com.example.query",
		File: "lexicons/com/example/query.json",
		Defs: []*lexicon.Def{{Name: "main", Node: &lexicon.Node{
			Type: "query", Pointer: "/defs/main",
			Params: &lexicon.Node{
				Type: "params", Pointer: "/defs/main/parameters", Description: "What to look for",
				Required: []string{"text"},
				Properties: []lexicon.Property{
					{Name: "text", Node: &lexicon.Node{Type: "string", Pointer: "/defs/main/parameters/properties/text"}},
					{Name: "limit", Node: &lexicon.Node{
						Type: "integer", Pointer: "/defs/main/parameters/properties/limit",
						Minimum: new(int64(1)), Maximum: new(int64(100)), Default: int64(50),
					}},
					{Name: "exact", Node: &lexicon.Node{Type: "boolean", Pointer: "/defs/main/parameters/properties/exact", Default: true}},
					{Name: "languages", Node: &lexicon.Node{
						Type: "array", Pointer: "/defs/main/parameters/properties/languages",
						Items: &lexicon.Node{Type: "string", Pointer: "/defs/main/parameters/properties/languages/items", Format: "language"},
					}},
				},
			},
			Output: &lexicon.Node{
				Type: "body", Pointer: "/defs/main/output", Description: "One page", Encoding: "application/json",
				Schema: &lexicon.Node{
					Type: "object", Pointer: "/defs/main/output/schema", Required: []string{"items"},
					Properties: []lexicon.Property{{Name: "items", Node: &lexicon.Node{
						Type: "array", Pointer: "/defs/main/output/schema/properties/items",
						Items: &lexicon.Node{
							Type: "object", Pointer: "/defs/main/output/schema/properties/items/items",
							Properties: []lexicon.Property{{Name: "uri", Node: &lexicon.Node{
								Type: "string", Pointer: "/defs/main/output/schema/properties/items/items/properties/uri",
							}}},
						},
					}}},
				},
			},
			Errors: []lexicon.Error{{Name: "NotFound", Description: "There is none"}, {Name: "Gone"}},
		}}},
	})
}

func TestModelProcedure(t *testing.T) {
	compareDocument(t, "testdata/valid/everything.txtar", &lexicon.Document{
		ID:   "com.example.procedure",
		File: "lexicons/com/example/procedure.json",
		Defs: []*lexicon.Def{{Name: "main", Node: &lexicon.Node{
			Type: "procedure", Pointer: "/defs/main",
			Params: &lexicon.Node{Type: "params", Pointer: "/defs/main/parameters"},
			Input:  &lexicon.Node{Type: "body", Pointer: "/defs/main/input", Encoding: "*/*"},
			Output: &lexicon.Node{
				Type: "body", Pointer: "/defs/main/output", Encoding: "application/json; charset=utf-8",
				Schema: &lexicon.Node{Type: "ref", Pointer: "/defs/main/output/schema", Ref: "com.example.strongRef"},
			},
		}}},
	})
}

func TestModelSubscription(t *testing.T) {
	compareDocument(t, "testdata/valid/everything.txtar", &lexicon.Document{
		ID:   "com.example.subscription",
		File: "lexicons/com/example/subscription.json",
		Defs: []*lexicon.Def{
			{Name: "main", Node: &lexicon.Node{
				Type: "subscription", Pointer: "/defs/main",
				Params: &lexicon.Node{
					Type: "params", Pointer: "/defs/main/parameters",
					Properties: []lexicon.Property{{Name: "cursor", Node: &lexicon.Node{Type: "integer", Pointer: "/defs/main/parameters/properties/cursor"}}},
				},
				Message: &lexicon.Node{
					Type: "message", Pointer: "/defs/main/message", Description: "What happened",
					Schema: &lexicon.Node{Type: "union", Pointer: "/defs/main/message/schema", Refs: []string{"#event", "#info"}},
				},
				Errors: []lexicon.Error{{Name: "FutureCursor"}},
			}},
			{Name: "event", Node: &lexicon.Node{
				Type: "object", Pointer: "/defs/event", Required: []string{"seq"},
				Properties: []lexicon.Property{{Name: "seq", Node: &lexicon.Node{Type: "integer", Pointer: "/defs/event/properties/seq"}}},
			}},
			{Name: "info", Node: &lexicon.Node{Type: "object", Pointer: "/defs/info"}},
		},
	})
}

func TestModelPermissionSet(t *testing.T) {
	compareDocument(t, "testdata/valid/everything.txtar", &lexicon.Document{
		ID:   "com.example.auth",
		File: "lexicons/com/example/auth.json",
		Defs: []*lexicon.Def{{Name: "main", Node: &lexicon.Node{
			Type: "permission-set", Pointer: "/defs/main", Title: "Everything", Detail: "All of it",
			Permissions: []lexicon.Permission{
				{Resource: "repo", Collection: []string{"com.example.record"}, Action: []string{"create", "delete"}},
				{Resource: "rpc", LXM: []string{"com.example.query", "com.example.procedure", "com.example.subscription"}, InheritAud: true},
				{Resource: "rpc", LXM: []string{"com.example.minimalQuery"}, Aud: "*"},
			},
		}}},
	})
}

func TestModelIgnoredPermissions(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/lint/all.txtar")
	if err != nil {
		t.Fatal(err)
	}
	set, err := loadCase(archive)
	if err != nil {
		t.Fatal(err)
	}
	for i, permission := range set.Lookup("com.example.auth").Def("main").Node.Permissions {
		if ignored := permission.Ignored != ""; ignored != (i >= 2) {
			t.Errorf("permission %d: ignored: %q", i, permission.Ignored)
		}
	}
}

// What refers to a missing document becomes what accepts anything.
func TestModelOpaque(t *testing.T) {
	const at = "/defs/main/record/properties/"
	unknown := func(pointer, ref string) *lexicon.Node {
		return &lexicon.Node{Type: "unknown", Pointer: pointer, Ref: ref, Opaque: true}
	}
	compareDocument(t, "testdata/valid/opaque.txtar", &lexicon.Document{
		ID:   "com.example.record",
		File: "lexicons/com/example/record.json",
		Defs: []*lexicon.Def{
			{Name: "main", Node: &lexicon.Node{
				Type: "record", Pointer: "/defs/main", Key: "tid",
				Record: &lexicon.Node{
					Type: "object", Pointer: "/defs/main/record",
					Properties: []lexicon.Property{
						{Name: "missing", Node: unknown(at+"missing", "org.example.absent#thing")},
						{Name: "missings", Node: &lexicon.Node{Type: "array", Pointer: at + "missings", Items: unknown(at+"missings/items", "org.example.absent")}},
						{Name: "one", Node: &lexicon.Node{Type: "union", Pointer: at + "one", Refs: []string{"#here"}}},
						{Name: "none", Node: &lexicon.Node{Type: "union", Pointer: at + "none", Refs: []string{}}},
					},
				},
			}},
			{Name: "here", Node: &lexicon.Node{Type: "object", Pointer: "/defs/here"}},
		},
	})
	compareDocument(t, "testdata/valid/opaque.txtar", &lexicon.Document{
		ID:   "com.example.call",
		File: "lexicons/com/example/call.json",
		Defs: []*lexicon.Def{{Name: "main", Node: &lexicon.Node{
			Type: "query", Pointer: "/defs/main",
			Output: &lexicon.Node{
				Type: "body", Pointer: "/defs/main/output", Encoding: "application/json",
				Schema: unknown("/defs/main/output/schema", "org.example.absent#output"),
			},
		}}},
	})
}

func TestModelOverrides(t *testing.T) {
	compareDocument(t, "testdata/valid/overrides.txtar", &lexicon.Document{
		ID:          "com.example.defs",
		File:        "ours/com/example/defs.json",
		Description: "ours",
		Defs:        []*lexicon.Def{{Name: "b", Node: &lexicon.Node{Type: "string", Pointer: "/defs/b"}}},
	})
}

func TestLookupAndResolve(t *testing.T) {
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"com/example/a.json": `{"lexicon": 1, "id": "com.example.a", "defs": {"main": {"type": "object", "properties": {}}, "x": {"type": "token"}}}`,
		"com/example/b.json": `{"lexicon": 1, "id": "com.example.b", "defs": {"x": {"type": "string"}}}`,
	} {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, err := lexicon.Load(files, ".")
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Documents) != 2 || set.Documents[0].ID != "com.example.a" || set.Documents[1].ID != "com.example.b" {
		t.Errorf("the documents are not in order: %v", set.Documents)
	}
	for _, id := range []string{"", "com.example", "com.example.aa", "z"} {
		if d := set.Lookup(id); d != nil {
			t.Errorf("Lookup(%q) = %s", id, d.ID)
		}
	}
	a, b := set.Lookup("com.example.a"), set.Lookup("com.example.b")
	for _, test := range []struct {
		from     *lexicon.Document
		ref      string
		document *lexicon.Document
		def      string
	}{
		{a, "#main", a, "main"},
		{a, "#x", a, "x"},
		{b, "#x", b, "x"},
		{b, "com.example.a", a, "main"},
		{b, "com.example.a#main", a, "main"},
		{b, "com.example.a#x", a, "x"},
		{a, "com.example.a#x", a, "x"},
		{a, "com.example.b", b, ""},
		{a, "#y", a, ""},
		{a, "", nil, ""},
		{a, "com.example.c", nil, ""},
		{a, "com.example.c#x", nil, ""},
	} {
		d, def, ok := set.Resolve(test.from, test.ref)
		switch {
		case d != test.document, ok != (test.def != ""), ok != (def != nil), ok && def.Name != test.def:
			t.Errorf("Resolve(%s, %q) = %v, %v, %v", test.from.ID, test.ref, d, def, ok)
		}
	}
}

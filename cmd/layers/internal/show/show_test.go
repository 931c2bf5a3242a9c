package show_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/cmd/layers/internal/show"
	"github.com/layers-pub/layers-go/linguistics/draw"
)

const (
	did     = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
	corpus  = `{"$type":"pub.layers.corpus.corpus","name":"Tales","createdAt":"2026-01-02T03:04:05Z"}`
	unknown = `{"$type":"com.example.note","text":"A note."}`
	invalid = `{"$type":"pub.layers.expression.expression","id":7,"kind":"sentence","createdAt":"2026-01-02T03:04:05Z"}`
)

// uri returns the URI of a record.
func uri(collection string, key int) string {
	return fmt.Sprintf("at://%s/%s/3maaaaaaa%04d", did, collection, key)
}

// line returns a record with its URI.
func line(at, value string) string { return fmt.Sprintf(`{"uri":%q,"value":%s}`, at, value) }

// expression returns an expression; more are further fields.
func expression(id, more string) string {
	return fmt.Sprintf(`{"$type":"pub.layers.expression.expression","id":%q,"kind":"sentence","text":"one two","createdAt":"2026-01-02T03:04:05Z"%s}`, id, more)
}

// drawn returns what is drawn of files; their names are as in the map.
func drawn(t *testing.T, path string, files map[string]string) (string, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set := show.New(nil)
	if err := set.Read(t.Context(), path, strings.NewReader(files["-"]), os.Stderr); err != nil {
		return "", err
	}
	d, err := set.All(t.Context())
	if err != nil {
		return "", err
	}
	var page bytes.Buffer
	if err := draw.HTML(&page, d); err != nil {
		t.Error(err)
	}
	var b strings.Builder
	err = draw.Text(&b, d, &draw.TextOptions{Width: 200})
	return b.String(), err
}

// TestRead reads each kind of file.
func TestRead(t *testing.T) {
	for name, test := range map[string]struct {
		path  string
		files map[string]string
		want  []string
	}{
		"one record":      {"a.json", map[string]string{"a.json": corpus}, []string{"Tales (corpus)\nmembers  0\ncreated"}},
		"standard input":  {"-", map[string]string{"-": corpus}, []string{"Tales (corpus)"}},
		"with a URI":      {"a.json", map[string]string{"a.json": line(uri("pub.layers.corpus.corpus", 1), corpus)}, []string{"Tales (corpus)\nrecord   " + uri("pub.layers.corpus.corpus", 1)}},
		"several":         {"a.json", map[string]string{"a.json": corpus + "\n" + unknown}, []string{"Tales (corpus)", "\na.json\n├ text  A note.\n"}},
		"an array":        {"a.json", map[string]string{"a.json": " [" + corpus + "," + unknown + "]"}, []string{"Tales (corpus)", "\na.json[1]\n├ text  A note.\n"}},
		"a server's list": {"a.json", map[string]string{"a.json": `{"cursor":"x","records":[` + line(uri("pub.layers.corpus.corpus", 1), corpus) + `]}`}, []string{"Tales (corpus)"}},
		"lines":           {"a.jsonl", map[string]string{"a.jsonl": corpus + "\n\n" + unknown + "\n"}, []string{"Tales (corpus)", "a.jsonl:3\n"}},
		"a batch":         {"a.jsonl", map[string]string{"a.jsonl": fmt.Sprintf(`{"action":"delete","uri":%q}`, uri("com.example.note", 1))}, []string{"a.jsonl:1: no record of at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/com.example.note", "no records\n"}},
		"a directory": {"d", map[string]string{"d/a.jsonl": corpus, "d/e/b.jsonl": unknown, "d/c.txt": "text"},
			[]string{"Tales (corpus)", "├ text  A note.\n"}},
		"a treebank": {"a.conllu", map[string]string{"a.conllu": "# sent_id = s1\n# text = Go!\n1\tGo\tgo\tVERB\t_\t_\t0\troot\t_\tSpaceAfter=No\n2\t!\t!\tPUNCT\t_\t_\t1\tpunct\t_\t_\n\n"},
			[]string{"a (document)\ns1\n", "pos              VERB         PUNCT"}},
		"invalid":           {"a.json", map[string]string{"a.json": invalid}, []string{"a.json\n├ id  7\n", "invalid: /id: type: not a string\n"}},
		"not of the format": {"a.json", map[string]string{"a.json": `{"$type":"com.example.note","x":1.5}`}, []string{"the record cannot be read: "}},
		"twice": {"a.jsonl", map[string]string{"a.jsonl": line(uri("com.example.note", 1), `{"$type":"com.example.note","text":"first"}`) + "\n" + line(uri("com.example.note", 1), `{"$type":"com.example.note","text":"second"}`)},
			[]string{"├ text  second\n", "is there more than once"}},
		"parents that form a cycle": {"a.jsonl", map[string]string{"a.jsonl": line(uri("pub.layers.expression.expression", 1), expression("one", `,"parentRef":"`+uri("pub.layers.expression.expression", 2)+`"`)) + "\n" +
			line(uri("pub.layers.expression.expression", 2), expression("two", `,"parentRef":"`+uri("pub.layers.expression.expression", 1)+`"`))},
			[]string{"one (sentence)", "two (sentence)"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := drawn(t, test.path, test.files)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			if strings.Contains(got, "text  first") {
				t.Errorf("a record that another one replaces in\n%s", got)
			}
			if strings.Contains(got, "file.invalid") {
				t.Errorf("a URI that the record does not have in\n%s", got)
			}
		})
	}
}

// TestReadErrors checks that errors name the file and the place.
func TestReadErrors(t *testing.T) {
	for path, test := range map[string]struct{ content, want string }{
		"cut.json":     {`{"$type":"com.example.note"`, "cut.json: unexpected EOF"},
		"syntax.json":  {`{"$type":x}`, "syntax.json: offset 10: invalid character"},
		"type.json":    {`{"text":"x"}`, `type.json: neither a record with "$type" nor an object with "uri" and "value"`},
		"number.json":  {`7`, "number.json: json: cannot unmarshal number"},
		"nsid.json":    {`{"$type":"x"}`, "nsid.json: $type: "},
		"item.json":    {`[{"$type":"com.example.note"},{}]`, "item.json: item 1: neither"},
		"uri.jsonl":    {corpus + "\n" + `{"uri":"x","value":{}}`, "uri.jsonl: line 2: "},
		"repo.jsonl":   {`{"uri":"at://` + did + `","value":{}}`, "repo.jsonl: line 1: at://" + did + " is not the URI of a record"},
		"archive.car":  {"nonsense", "archive.car: "},
		"a.conllu":     {"1\ta\n\n", "a.conllu is malformed: 1 error"},
		"empty/x.text": {"", "x.text: "},
		"nowhere.json": {"", "nowhere.json: no such file"},
	} {
		files := map[string]string{path: test.content}
		if path == "nowhere.json" {
			files = nil
		}
		if path == "empty/x.text" {
			continue
		}
		if _, err := drawn(t, path, files); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", path, err, test.want)
		}
	}
	if _, err := drawn(t, "empty", map[string]string{"empty/x.text": ""}); err == nil || !strings.Contains(err.Error(), "no archives (.car) and no files of records (.jsonl)") {
		t.Errorf("an empty directory: error %v", err)
	}
	set := show.New(nil)
	if _, err := set.Section(t.Context(), "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/com.example.note/1"); err == nil || !strings.Contains(err.Error(), "com.example.note/1: record not found") {
		t.Errorf("a record that is not there: error %v", err)
	}
}

// TestTooMuch checks that records of any size are drawn in parts, and that it is said what is left out.
func TestTooMuch(t *testing.T) {
	tokens, tags, arcs, spans := new(strings.Builder), new(strings.Builder), new(strings.Builder), new(strings.Builder)
	const n = 20_000
	for i := range n {
		comma := ","
		if i == n-1 {
			comma = ""
		}
		fmt.Fprintf(tokens, `{"tokenIndex":%d,"text":"w"}%s`, i, comma)
		fmt.Fprintf(tags, `{"uuid":{"value":"00000000-0000-4000-8000-0000000%05d"},"tokenIndex":%d,"label":"X"}%s`, i, i, comma)
		fmt.Fprintf(arcs, `{"uuid":{"value":"00000000-0000-4000-8000-0000000%05d"},"headIndex":%d,"targetIndex":%d,"label":"dep"}%s`, i, (i+1)%n, i, comma) // one cycle
		fmt.Fprintf(spans, `{"uuid":{"value":"00000000-0000-4000-8000-0000000%05d"},"anchor":{"textSpan":{"byteStart":%d,"byteEnd":1000000}},"label":"S"}%s`, i, i, comma)
	}
	const tokenization = "00000000-0000-4000-8000-999999999999"
	at := uri("pub.layers.expression.expression", 1)
	layer := func(key int, kind, subkind, annotations string) string {
		return line(uri("pub.layers.annotation.annotationLayer", key), fmt.Sprintf(`{"$type":"pub.layers.annotation.annotationLayer","expression":%q,"kind":%q,"subkind":%q,"tokenizationId":{"value":%q},"annotations":[%s],"createdAt":"2026-01-02T03:04:05Z"}`,
			at, kind, subkind, tokenization, annotations))
	}
	fields := new(strings.Builder)
	for i := range 6000 {
		fmt.Fprintf(fields, `,"f%d":1`, i)
	}
	lines := []string{
		line(at, expression("huge", "")),
		line(uri("pub.layers.segmentation.segmentation", 1), fmt.Sprintf(`{"$type":"pub.layers.segmentation.segmentation","expression":%q,"tokenizations":[{"uuid":{"value":%q},"kind":"custom","tokens":[%s]}],"createdAt":"2026-01-02T03:04:05Z"}`, at, tokenization, tokens)),
		layer(1, "token-tag", "pos", tags.String()), layer(2, "graph", "dependency", arcs.String()), layer(3, "span", "ner", spans.String()),
		line(uri("com.example.deep", 1), `{"$type":"com.example.deep","a":`+strings.Repeat(`{"a":`, 50)+"1"+strings.Repeat("}", 50)+"}"),
		line(uri("com.example.broad", 1), `{"$type":"com.example.broad","a":[`+strings.Repeat("1,", 50_000)+"1]}"),
		line(uri("com.example.fields", 1), `{"$type":"com.example.fields"`+fields.String()+"}"),
		line(uri("com.example.long", 1), `{"$type":"com.example.long","a":"`+strings.Repeat("long ", 100_000)+`"}`),
	}
	for i := range 300 {
		lines = append(lines, line(uri("com.example.note", i), unknown))
	}
	got, err := drawn(t, "a.jsonl", map[string]string{"a.jsonl": strings.Join(lines, "\n")})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"huge (sentence)", "… and 18000 more tokens", "dependency: 18001 arcs not drawn", "… (too deep)", "… and 45035 more items", "… and 1034 more fields", "… and 19950 more problems", "200 of 305 records are shown",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, tail(got))
		}
	}
	if len(got) > 4<<20 {
		t.Errorf("%d bytes", len(got))
	}
}

// tail returns the notes of a drawing, for messages.
func tail(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if strings.Contains(line, " not drawn") || strings.Contains(line, "… and") {
			b.WriteString(line[:min(len(line), 300)])
		}
	}
	return b.String()
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/runtime/atptest"
)

// others starts a network: Alice has a sentence with tokens and lemmas, and Bob tagged it.
func others(t *testing.T) (sentence, tags string) {
	n := atptest.New(t)
	alice, bob := n.NewAccount("alice.test"), n.NewAccount("bob.test")
	for _, variable := range n.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	t.Setenv("LAYERS_AUTH_FILE", filepath.Join(t.TempDir(), "auth.json"))
	t.Setenv("LAYERS_AUTH_FILE", filepath.Join(t.TempDir(), "auth.json"))
	sentence = string(alice.PutJSON("pub.layers.expression.expression", "3mabcdefghi2a", `{"$type":"pub.layers.expression.expression","id":"s1","kind":"sentence","text":"Go home","createdAt":"2026-01-01T00:00:00Z"}`))
	alice.PutJSON("pub.layers.segmentation.segmentation", "3mabcdefghi2b", `{"$type":"pub.layers.segmentation.segmentation","expression":"`+sentence+`","tokenizations":[{"uuid":{"value":"t"},"kind":"custom","tokens":[{"tokenIndex":0,"text":"Go","textSpan":{"byteStart":0,"byteEnd":2}},{"tokenIndex":1,"text":"home","textSpan":{"byteStart":3,"byteEnd":7}}]}],"createdAt":"2026-01-01T00:00:00Z"}`)
	layer := func(subkind, annotations string) string {
		return `{"$type":"pub.layers.annotation.annotationLayer","expression":"` + sentence + `","kind":"token-tag","subkind":"` + subkind + `","annotations":[` + annotations + `],"createdAt":"2026-01-01T00:00:00Z"}`
	}
	alice.PutJSON("pub.layers.annotation.annotationLayer", "3mabcdefghi2c", layer("lemma", `{"uuid":{"value":"a"},"tokenIndex":0,"value":"go"}`))
	tags = string(bob.PutJSON("pub.layers.annotation.annotationLayer", "3mabcdefghi2d", layer("pos", `{"uuid":{"value":"b"},"tokenIndex":0,"label":"VERB"}`)))
	return sentence, tags
}

// TestShowOthers draws what somebody else annotated: from the layer, which names its expression, and from the expression with
// --repo, since it does not know who annotated it.
func TestShowOthers(t *testing.T) {
	sentence, tags := others(t)
	const lemmas, pos = "\nlemma  ", "\npos    VERB"
	for _, test := range []struct {
		args     []string
		has, not []string
	}{
		{[]string{sentence}, []string{"s1 (sentence)", lemmas}, []string{"VERB"}},
		{[]string{sentence, "--repo", "bob.test"}, []string{"s1 (sentence)", lemmas, pos}, nil},
		{[]string{tags}, []string{"s1 (pos token-tag layer)", "record    " + tags[:12], "about", "Go   home\npos  VERB"}, []string{"lemma"}},
		{[]string{strings.Replace(sentence, "expression.expression/3mabcdefghi2a", "segmentation.segmentation/3mabcdefghi2b", 1)}, []string{"s1 (segmentation)", "Go  home"}, []string{"lemma", "VERB"}},
	} {
		status, stdout, stderr := layers(t, nil, append([]string{"show"}, test.args...)...)
		if status != exit.OK || stderr != "" {
			t.Errorf("%v: status %d, %s", test.args, status, stderr)
		}
		for _, want := range test.has {
			if !strings.Contains(stdout, want) {
				t.Errorf("%v: no %q in\n%s", test.args, want, stdout)
			}
		}
		for _, not := range test.not {
			if strings.Contains(stdout, not) {
				t.Errorf("%v: %q in\n%s", test.args, not, stdout)
			}
		}
	}
	status, _, stderr := layers(t, nil, "show", sentence, "--repo", "nobody.test")
	if status != exit.Failed || !strings.Contains(stderr, "nobody.test") {
		t.Errorf("an unknown account: status %d, %s", status, stderr)
	}
	status, _, stderr = layers(t, nil, "show", "a.json", "--repo", "bob.test")
	if status != 2 || !strings.Contains(stderr, "--repo is for AT-URIs") {
		t.Errorf("a file and --repo: status %d, %s", status, stderr)
	}
}

// TestImportHandle names the account of an import by its handle.
func TestImportHandle(t *testing.T) {
	_, tags := others(t)
	bob := strings.Split(tags, "/")[2]
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a.conllu", []byte("1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	created := []string{"import", "conllu", "a.conllu", "--created-at", "2026-01-01T00:00:00Z", "--did"}
	status, want, stderr := layers(t, nil, append(created, bob)...)
	if status != exit.OK || !strings.Contains(want, `"at://`+bob+"/") {
		t.Fatalf("status %d, %s%s", status, want, stderr)
	}
	for _, handle := range []string{"bob.test", "@bob.test"} {
		if status, got, stderr := layers(t, nil, append(created, handle)...); status != exit.OK || got != want {
			t.Errorf("%s: status %d, %s%s", handle, status, got, stderr)
		}
	}
	status, stdout, stderr := layers(t, nil, append(created, "nobody.test", "--new")...)
	if status != exit.Failed || stdout != "" || !strings.Contains(stderr, "nobody.test") || !strings.Contains(stderr, "the account's DID in place of its handle") {
		t.Errorf("an unknown handle: status %d, %s%s", status, stdout, stderr)
	}
}

package browser_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/tests/browser"
)

// TestMessages checks that what is wrong with a page is found, so that a page without messages is a good one.
func TestMessages(t *testing.T) {
	for name, test := range map[string]struct{ page, want string }{
		"good":   {`<p id="there">text</p>`, ""},
		"script": {`<p id="there">text</p><script>missing()</script>`, "missing is not defined"},
		"policy": {`<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><p id="there">text</p><img src="https://example.com/x.png">`, "Content Security Policy"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a page #1.html")
			if err := os.WriteFile(file, []byte("<!DOCTYPE html><title>t</title>"+test.page), 0o644); err != nil {
				t.Fatal(err)
			}
			document, messages := browser.Open(t, file)
			if !strings.Contains(document, `id="there"`) {
				t.Errorf("the document is %q", document)
			}
			all := strings.Join(messages, "\n")
			if !strings.Contains(all, test.want) || test.want == "" && all != "" {
				t.Errorf("messages %q, want %q", all, test.want)
			}
		})
	}
}

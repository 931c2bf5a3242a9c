package names

import (
	"strings"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ParseActor returns the handle or DID in an argument, which may start with an @.
func ParseActor(text string) (syntax.AtIdentifier, error) {
	if len(text) > 1 && text[0] == '@' {
		text = text[1:]
	}
	actor, err := syntax.ParseAtIdentifier(text)
	if err != nil {
		return "", exit.Misuse("invalid handle or DID %q: %s", text, actorMend(text, err))
	}
	return actor, nil
}

// actorMend suggests what to write in place of text that is neither a handle nor a DID.
func actorMend(text string, err error) string {
	switch {
	case strings.Contains(text, "://"):
		rest := HostOf(text)
		if _, profile, ok := strings.Cut(text, "/profile/"); ok { // the page of an account in an app
			rest, _, _ = strings.Cut(profile, "/")
		}
		return "write it without a scheme: " + rest
	case strings.Contains(text, "@"):
		return "this is an e-mail address; write a handle, such as alice.example.com, or a DID"
	case !ASCII(text):
		return "write a handle in punycode (xn--...)" + InPunycode(text)
	case !strings.Contains(text, ".") && !strings.Contains(text, ":"):
		return "a handle is a full domain name, such as " + text + ".bsky.social"
	}
	return err.Error()
}

// HostOf returns the host in a URL, or in an address without a scheme, without the port.
func HostOf(address string) string {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		rest = address
	}
	if end := strings.IndexAny(rest, "/?#:"); end >= 0 && !strings.HasPrefix(rest, "did:") {
		rest = rest[:end]
	}
	return rest
}

// ASCII reports whether all characters of s are ASCII.
func ASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// InPunycode returns ": " followed by a domain name in punycode, to be appended to a message, or "" if the name cannot
// be encoded.
func InPunycode(domain string) string {
	labels := strings.Split(strings.ToLower(domain), ".")
	for i, label := range labels {
		if ASCII(label) {
			continue
		}
		labels[i] = "xn--" + punycode([]rune(label))
	}
	if name := strings.Join(labels, "."); syntax.ValidHandle(name) {
		return ": " + name
	}
	return ""
}

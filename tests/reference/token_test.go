package reference_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

// decodeToken returns a token's header and claims in one map.
func decodeToken(t *testing.T, token string) map[string]any {
	t.Helper()
	all := make(map[string]any)
	for _, part := range strings.Split(token, ".")[:2] {
		data, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(data, &fields); err != nil {
			t.Fatal(err)
		}
		maps.Copy(all, fields)
	}
	return all
}

package appview_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/network"
)

// TestMethodIsNamedOnce checks that the error that ends a list names the package and the method once.
func TestMethodIsNamedOnce(t *testing.T) {
	for want, answer := range map[string]string{
		"pagination loop": `{"records":[{}],"cursor":"a"}`,
		"xrpc: ":          `{`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(answer))
		}))
		defer server.Close()
		c, err := appview.New(server.URL, appview.WithNetwork(network.Network{AllowPrivate: true}))
		if err != nil {
			t.Fatal(err)
		}
		var last string
		for _, err := range c.Items(t.Context(), "expression.listExpressions", nil) {
			if err != nil {
				last = err.Error()
			}
		}
		if !strings.Contains(last, want) || strings.Count(last, "listExpressions") != 1 || strings.Count(last, "appview: ") != 1 {
			t.Errorf("%s", last)
		}
	}
	for _, err := range (&appview.Client{}).Items(t.Context(), "?", nil) {
		if strings.Count(err.Error(), "appview: ") != 1 {
			t.Errorf("%v", err)
		}
	}
}

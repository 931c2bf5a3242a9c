package reference_test

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/layers-pub/layers-go/tests/reference"
)

func TestProxy(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	proxy := servers.Proxy(t)
	const method = "com.atproto.server.getSession"

	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if status, _, err := get(proxy.URL+"/xrpc/"+method, account.AccessJWT); err != nil || status != 200 {
				t.Errorf("%d %v", status, err)
			}
		})
	}
	wg.Wait()
	if n := proxy.Count(method); n != 10 {
		t.Errorf("counted %d requests, want 10", n)
	}
	if n := len(proxy.Counts()); n != 1 {
		t.Errorf("counted %v", proxy.Counts())
	}
	proxy.Reset()

	proxy.Inject(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "" {
			panic(http.ErrAbortHandler)
		}
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return true
	})
	if status, body, err := get(proxy.URL+"/xrpc/"+method, account.AccessJWT); status != 503 || body != "busy\n" {
		t.Errorf("%d %q %v, want the injected answer", status, body, err)
	}
	if _, _, err := get(proxy.URL+"/xrpc/"+method, ""); err == nil {
		t.Error("the connection was not cut")
	}
	proxy.Inject(nil)
	if status, _, err := get(proxy.URL+"/xrpc/"+method, account.AccessJWT); status != 200 {
		t.Errorf("%d %v", status, err)
	}
	if n := proxy.Count(method); n != 3 {
		t.Errorf("counted %d requests, want 3", n)
	}
}

func TestProxyDirectory(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	proxy := reference.NewProxy(t, servers.PLC)
	if status, _, err := get(proxy.URL+"/"+account.DID, ""); status != 200 {
		t.Fatalf("%d %v", status, err)
	}
	if n := proxy.Count("/" + account.DID); n != 1 {
		t.Errorf("counted %v", proxy.Counts())
	}
}

func get(url, token string) (status int, body string, err error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		req.Header.Set("Authorization", reference.Bearer(token))
	}
	// On a connection that was used before, net/http sends a request again when the server cuts it.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res.StatusCode, string(data), err
}

package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestMissingBlobs lists the blobs that a server lacks, in two pages.
func TestMissingBlobs(t *testing.T) {
	const first, second = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", "bafkreiawxloagxsn6bqechhld6m2lgondefg3rse4k35473oojxehpauou"
	item := func(cid string) string {
		return fmt.Sprintf(`{"cid":%q,"recordUri":"at://%s/pub.layers.media.media/3mabcdefghi2a"}`, cid, hostileDID)
	}
	t.Setenv("LAYERS_ALLOW_PRIVATE", "1")
	server := http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "application/json")
		switch cursor := r.FormValue("cursor"); {
		case !strings.HasSuffix(r.URL.Path, "com.atproto.repo.listMissingBlobs") || r.Header.Get("Authorization") == "":
			out.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(out, `{"error":"Nonsense","message":"m"}`)
		case cursor == "":
			fmt.Fprintf(out, `{"cursor":"2","blobs":[%s]}`, item(first))
		case cursor == "2":
			fmt.Fprintf(out, `{"blobs":[%s]}`, item(second))
		default:
			fmt.Fprintf(out, `{"blobs":[%s]}`, item("nonsense"))
		}
	})
	t.Setenv("LAYERS_AUTH_FILE", signedIn(t, server))
	uri := "at://" + hostileDID + "/pub.layers.media.media/3mabcdefghi2a"
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, 0, first + "\t" + uri + "\n" + second + "\t" + uri + "\n"},
		{[]string{"--cursor", "2"}, 0, second + "\t" + uri + "\n"},
		{[]string{"--limit", "1", "--jsonl"}, 0, `{"cid":"` + first + `","uri":"` + uri + `"}` + "\n"},
		{[]string{"--cursor", "3"}, 1, ""},
	} {
		status, stdout, stderr := layers(t, nil, append([]string{"blob", "ls", "--missing"}, test.args...)...)
		if status != test.status || stdout != test.want {
			t.Errorf("%v: status %d: %s%s", test.args, status, stdout, stderr)
		}
	}
}

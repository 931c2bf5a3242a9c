package atptest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// TestMemory uses networks in memory, in a bubble where hours pass in no time: sessions expire and are renewed, pauses are
// kept, and streams go on.
func TestMemory(t *testing.T) {
	var dids []syntax.DID
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			n := atptest.New(t, atptest.WithMemory())
			n.NewPDS()
			second := n.NewPDS()
			if second.URL != "http://127.0.0.1:4" { // after the directory, the appview and the first PDS
				t.Errorf("the second PDS is at %s", second.URL)
			}
			a := second.NewAccount("alice.test")
			dids = append(dids, a.DID)
			n.SetTXT("_atproto.alice.test", "") // so that the file at the handle's host is read
			found, err := directory(t, n.Options()).Resolve(t.Context(), "alice.test")
			if err != nil || found.DID != a.DID {
				t.Errorf("the handle leads to %+v, %v", found, err)
			}

			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			client, err := firehose.New(second.URL, firehose.WithNetwork(n.Options()))
			if err != nil {
				t.Fatal(err)
			}
			events := make(chan string, 100)
			go func() {
				defer close(events)
				for event, err := range client.Subscribe(ctx, &firehose.Options{Collections: []string{string(note)}}) {
					if err != nil {
						return
					}
					if _, ok := event.(*firehose.Record); ok {
						events <- line(event)
					}
				}
			}()
			for second.Subscribers() == 0 {
				time.Sleep(time.Second)
			}

			begun := time.Now()
			session := login(t, n, a)
			for _, rkey := range []string{"a", "b"} {
				time.Sleep(3 * time.Hour) // longer than an access token is valid
				second.Fail(fault.RateLimit(time.Minute).Once(), "com.atproto.repo.createRecord")
				post(t, session, "com.atproto.repo.createRecord", `{"repo":"`+string(a.DID)+`","collection":"`+string(note)+`","rkey":"`+rkey+`","record":`+text("words")+`}`)
				if event := <-events; !strings.HasPrefix(event, "create "+rkey) {
					t.Errorf("got %s", event)
				}
			}
			if took := time.Since(begun); took < 6*time.Hour+2*time.Minute || took > 7*time.Hour {
				t.Errorf("%v went by", took)
			}
			if got := second.Requests("com.atproto.server.refreshSession"); got != 2 {
				t.Errorf("the session was renewed %d times", got)
			}
			cancel()
			for range events {
			}
		})
	}
	if dids[0] != dids[1] {
		t.Errorf("the accounts of two networks are %s and %s", dids[0], dids[1])
	}
}

// TestMemoryAddresses connects to addresses of a network in memory that no server has, and to a closed server.
func TestMemoryAddresses(t *testing.T) {
	n := atptest.New(t, atptest.WithMemory())
	client := n.Options().HTTPClient
	get := func(url string) error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err == nil {
			response.Body.Close()
		}
		return err
	}
	if err := get(n.PLC().URL + "/_health"); err != nil {
		t.Error(err)
	}
	for _, url := range []string{"http://127.0.0.1:3", "http://127.0.0.1:0", "http://127.0.0.1", "http://pds.test", "https://nobody.test"} {
		if err := get(url); err == nil {
			t.Errorf("%s answers", url)
		}
	}
	n.Close()
	if err := get(n.PLC().URL + "/_health"); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed server: %v", err)
	}
}

// TestBodyLimit sends bodies that a server takes, and larger ones.
func TestBodyLimit(t *testing.T) {
	n := atptest.New(t, atptest.WithMemory())
	a := n.NewAccount("alice.test")
	session := login(t, n, a)
	input := func(key, words string) string {
		return `{"repo":"` + string(a.DID) + `","collection":"` + string(note) + `","rkey":"` + key + `","record":` + text(words) + `}`
	}
	end := a.PDS().Fail(fault.BodyLimit(1000))
	post(t, session, "com.atproto.repo.createRecord", input("a", "some words"))
	long := strings.Repeat("x", 1000)
	if err := try(t, session, "com.atproto.repo.createRecord", input("b", long)); err == nil || !strings.Contains(err.Error(), "PayloadTooLargeError") {
		t.Errorf("a long record: %v", err)
	}
	end()
	post(t, session, "com.atproto.repo.createRecord", input("b", long))
	if got := len(a.Records(note)); got != 2 {
		t.Errorf("%d records", got)
	}
}

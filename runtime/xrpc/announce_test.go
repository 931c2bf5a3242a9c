package xrpc_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// limited is a handler that answers with a status and these headers, and with success after a time.
func limited(status int, end time.Time, header http.Header) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		if status != 200 && time.Now().Before(end) {
			answer(w, status, `{"error":"RateLimitExceeded","message":"not s3cret"}`)
			return
		}
		answer(w, 200, `{}`)
	}
}

// TestMaxWait: a pause that the server asks for is begun if it is short enough. Otherwise the call ends at once,
// with an error that says until when.
func TestMaxWait(t *testing.T) {
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of every bubble
	after := func(d time.Duration) http.Header {
		return http.Header{"Retry-After": {fmt.Sprint(int(d.Seconds()))}}
	}
	at := func(d time.Duration) http.Header {
		return http.Header{"Ratelimit-Reset": {fmt.Sprint(start.Add(d).Unix())}, "Ratelimit-Remaining": {"0"}}
	}
	const day = 24 * time.Hour
	for name, test := range map[string]struct {
		status int
		header http.Header
		opts   []xrpc.Option
		until  time.Duration // 0: no error
	}{
		"429, two minutes":            {429, after(2 * time.Minute), nil, 0},
		"429, a second more":          {429, after(2*time.Minute + time.Second), nil, 2*time.Minute + time.Second},
		"429, a day":                  {429, after(day), nil, day},
		"429, a day by reset":         {429, at(day), nil, day + time.Second},
		"429, a week":                 {429, after(7 * day), nil, 7 * day},
		"429, a day by date":          {429, http.Header{"Retry-After": {start.Add(day).Format(http.TimeFormat)}}, nil, day},
		"503, an hour":                {503, after(time.Hour), nil, time.Hour},
		"used up, a minute":           {200, at(time.Minute), nil, 0},
		"used up, a day":              {200, at(day), nil, day + time.Second},
		"429, none accepted":          {429, after(time.Second), []xrpc.Option{xrpc.WithMaxWait(0)}, time.Second},
		"429, none asked for":         {429, nil, []xrpc.Option{xrpc.WithMaxWait(0)}, 0},
		"429, a day is accepted":      {429, after(day), []xrpc.Option{xrpc.WithMaxWait(2 * day)}, 0},
		"own pace is not a server's":  {200, nil, []xrpc.Option{xrpc.WithPace(0.001, 1)}, 0},
		"own retry is not a server's": {503, nil, []xrpc.Option{xrpc.WithMaxWait(0)}, 0},
	} {
		for kind, call := range map[string]*testCall{"query": query(), "procedure": procedure(), "stream": stream()} {
			if kind == "procedure" && test.status == 503 {
				continue
			}
			t.Run(name+"/"+kind, func(t *testing.T) {
				bubble(t, func(t *testing.T, n *fakeNetwork) {
					end := start.Add(test.until)
					if test.until == 0 {
						end = start.Add(time.Millisecond)
					}
					n.handler = limited(test.status, end, test.header)
					var announced []xrpc.Pause
					c := n.client(t, append(test.opts, xrpc.WithPauses(func(p xrpc.Pause) { announced = append(announced, p) }))...)
					err := call.do(background, c)
					if err == nil && test.status == 200 {
						if call.Response.Body != nil {
							call.Response.Body.Close()
						}
						err = call.do(background, c)
					}
					if call.Response.Body != nil {
						call.Response.Body.Close()
					}
					if test.until == 0 {
						if err != nil || len(announced) == 0 {
							t.Errorf("%v after %d pauses", err, len(announced))
						}
						return
					}
					var wait *xrpc.WaitError
					if !errors.As(err, &wait) || !errors.Is(err, xrpc.ErrWait) {
						t.Fatal(err)
					}
					if late := wait.Pause.Until.Sub(start) - test.until; late < 0 || late > time.Second {
						t.Errorf("until %v", wait.Pause.Until)
					}
					if !strings.Contains(err.Error(), "until 2000-01-") || wait.Pause.Service != origin || wait.Pause.NSID != call.NSID {
						t.Errorf("%v\n%+v", err, wait.Pause)
					}
					if !time.Now().Equal(start) || n.count() != 1 || len(announced) > 0 {
						t.Errorf("%v after %d requests and the pauses %v", time.Since(start), n.count(), announced)
					}
					if limit := rpc.ErrorName("RateLimitExceeded"); errors.Is(err, limit) != (test.status != 200) {
						t.Errorf("the answer is not in %v", err)
					}
				})
			})
		}
	}
}

// TestAnnouncedPauses: each pause is announced when it begins, in the call's goroutine, with its reason and
// its end.
func TestAnnouncedPauses(t *testing.T) {
	for name, test := range map[string]struct {
		handler  http.HandlerFunc
		opts     []xrpc.Option
		calls    int
		want     string // reason, attempt and status of each pause
		atLeast  time.Duration
		longest  time.Duration
		failures bool
	}{
		"429": {limited(429, time.Date(2000, 1, 1, 0, 0, 20, 0, time.UTC), http.Header{"Retry-After": {"20"}}), nil, 1,
			"the server's rate limit 2/4 429", 20 * time.Second, 21 * time.Second, false},
		"503": {failing(503, 503), nil, 1, "the next attempt 2/4 503; the next attempt 3/4 503", 0, time.Second, false},
		"used up": {limited(200, time.Time{}, http.Header{"Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {"30"}}), nil, 2,
			"the server's rate limit 1/4 0", 30 * time.Second, 30 * time.Second, false},
		"own pace":       {failing(), []xrpc.Option{xrpc.WithPace(0.1, 1)}, 2, "the client's own pace 1/4 0", 10 * time.Second, 10 * time.Second, false},
		"own quick pace": {failing(), []xrpc.Option{xrpc.WithPace(2, 1)}, 5, "", 0, 0, false},
		"nothing":        {failing(), nil, 5, "", 0, 0, false},
		"last attempt":   {failing(503, 503), []xrpc.Option{xrpc.WithRetry(xrpc.Retry{Attempts: 1})}, 2, "", 0, 0, true},
		"not repeated":   {failing(400), nil, 1, "", 0, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *fakeNetwork) {
				n.handler = test.handler
				var got []string
				var ends time.Time
				c := n.client(t, append(test.opts, xrpc.WithPauses(func(p xrpc.Pause) {
					status := 0
					var answer *xrpc.Error
					if errors.As(p.Err, &answer) {
						status = answer.Status
					}
					if p.Err != nil && (answer.Message != "" || answer.Header != nil || answer.Body != nil) {
						t.Errorf("the server's words are announced: %v", p.Err)
					}
					got = append(got, fmt.Sprintf("%s %d/%d %d", p.Reason, p.Attempt, p.Attempts, status))
					if p.NSID != "com.example.get" || p.Service != origin || !p.Until.Equal(time.Now().Add(p.Wait)) {
						t.Errorf("%+v", p)
					}
					if p.Wait < test.atLeast || p.Wait > test.longest {
						t.Errorf("a pause of %v", p.Wait)
					}
					ends = p.Until
				}))...)
				for range test.calls {
					if err := query().do(background, c); (err != nil) != test.failures {
						t.Error(err)
					}
				}
				if got := strings.Join(got, "; "); got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
				if test.want != "" && !time.Now().Equal(ends) {
					t.Errorf("the pause ended at %v, not at %v", time.Now(), ends)
				}
			})
		})
	}
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.refuse = 1
		n.handler = failing()
		announced := 0
		c := n.client(t, xrpc.WithPauses(func(p xrpc.Pause) {
			announced++
			if !errors.Is(p.Err, errDial) {
				t.Error(p.Err)
			}
		}))
		if err := procedure().do(background, c); err != nil || announced != 1 {
			t.Error(err, announced)
		}
	})
}

// TestUselessPauseIsNotAnnounced: the error says until when the pause would have been.
func TestUselessPauseIsNotAnnounced(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = limited(429, time.Now().Add(time.Hour), http.Header{"Retry-After": {"60"}})
		c := n.client(t, xrpc.WithPauses(func(p xrpc.Pause) { t.Errorf("announced: %+v", p) }))
		start := time.Now()
		err := query().do(within(t, 30*time.Second), c)
		var wait *xrpc.WaitError
		if !errors.As(err, &wait) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, xrpc.ErrWait) {
			t.Fatal(err)
		}
		if left := wait.Pause.Until.Sub(start); left < time.Minute || left > time.Minute+time.Second {
			t.Errorf("until %v", wait.Pause.Until)
		}
	})
}

// TestAnnounce: what paces calls above the client has the client's hook.
func TestAnnounce(t *testing.T) {
	var heard []xrpc.Pause
	c, err := xrpc.New("https://pds.example.com/", xrpc.WithMaxWait(0), xrpc.WithPauses(func(p xrpc.Pause) { heard = append(heard, p) }))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []xrpc.Pause{
		{Reason: xrpc.ReasonPoints, Wait: time.Hour},
		{Reason: xrpc.ReasonPoints, Wait: time.Second - 1},
		{Reason: xrpc.ReasonRetry, Wait: time.Millisecond, Service: "https://other.example.com"},
	} {
		c.Announce(p)
	}
	if len(heard) != 2 || heard[0].Service != "https://pds.example.com" || heard[0].Wait != time.Hour || heard[1].Service != "https://other.example.com" {
		t.Errorf("%+v", heard)
	}
	silent, err := xrpc.New("https://pds.example.com")
	if err != nil {
		t.Fatal(err)
	}
	silent.Announce(xrpc.Pause{Reason: xrpc.ReasonPoints, Wait: time.Hour})
}

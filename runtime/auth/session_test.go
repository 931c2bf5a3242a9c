package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/auth"
)

func TestExport(t *testing.T) {
	s := auth.NewSession(alice, "alice.example.com", pdsOrigin+"/", "access-token", "refresh-token")
	if access, refresh := s.Tokens(); access != "access-token" || refresh != "refresh-token" || s.PDS != pdsOrigin {
		t.Errorf("%v", s)
	}
	s.Issuer = "https://entryway.example.com"
	data := string(s.Export())
	const want = `{"did":"did:plc:ewvi7nxzyoun6zhxrhs64oiz","handle":"alice.example.com","pds":"https://pds.example.com",` +
		`"issuer":"https://entryway.example.com","accessJwt":"access-token","refreshJwt":"refresh-token"}`
	if data != want {
		t.Errorf("%s", data)
	}
	again, err := auth.ParseSession([]byte(data))
	if err != nil || string(again.Export()) != want {
		t.Errorf("%v, %v", again, err)
	}

	// All of a session that was granted goes through, and so does the zero one.
	f := newFake()
	o := f.settings()
	o.StorePassword = true
	login(t, o)
	for _, s := range []*auth.Session{stored(t, o.Store, alice), {}} {
		if again, err := auth.ParseSession(s.Export()); s.DID != "" && (err != nil || string(again.Export()) != string(s.Export())) {
			t.Errorf("%s, %v", again.Export(), err)
		}
	}
	if access, refresh := (auth.Session{}).Tokens(); access != "" || refresh != "" {
		t.Error("tokens out of nothing")
	}
}

func TestParseSessionRefuses(t *testing.T) {
	const valid = `{"did":"did:plc:ewvi7nxzyoun6zhxrhs64oiz","pds":"https://pds.example.com","accessJwt":"secret-a","refreshJwt":"secret-r"}`
	if _, err := auth.ParseSession([]byte(valid)); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{
		``, `null`, `{}`, `secret-a`, valid[:len(valid)-1], valid + "secret-b",
		strings.Replace(valid, "did:plc:", "secret-d", 1),
		strings.Replace(valid, "https://pds.example.com", "", 1),
		strings.Replace(valid, "secret-a", "", 1),
		strings.Replace(valid, `"secret-r"`, `""`, 1),
		strings.Replace(valid, `"secret-r"`, `7`, 1),
	} {
		if s, err := auth.ParseSession([]byte(data)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, %v", data, s, err)
		}
	}
}

func TestRenewAt(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	tests := []struct {
		name     string
		token    string
		received time.Time
		want     time.Duration // after now; 0: never
	}{
		{"as it should be", jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, at(0), at(time.Hour)), "s"), now, time.Hour - 10*time.Second},
		{"clock of the server is behind", jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, at(-5*time.Hour), at(-4*time.Hour)), "s"), now, time.Hour - 10*time.Second},
		{"clock of the server is ahead", jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, at(5*time.Hour), at(6*time.Hour)), "s"), now, time.Hour - 10*time.Second},
		{"short", jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, at(0), at(20*time.Second)), "s"), now, 18 * time.Second},
		{"no iat", jwt(fmt.Sprintf(`{"exp":%d}`, at(time.Hour)), "s"), now, time.Hour - 10*time.Second},
		{"not known when received", jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, at(0), at(time.Hour)), "s"), time.Time{}, time.Hour - 10*time.Second},
		{"neither", jwt(fmt.Sprintf(`{"exp":%d}`, at(time.Hour)), "s"), time.Time{}, time.Hour - 10*time.Second},
		{"ended, not known when received", jwt(fmt.Sprintf(`{"exp":%d}`, at(-time.Hour)), "s"), time.Time{}, -time.Hour - 10*time.Second},
		{"ended when received", jwt(fmt.Sprintf(`{"exp":%d}`, at(-time.Hour)), "s"), now, 0},
		{"ends before it begins", jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, at(time.Hour), at(0)), "s"), now, 0},
		{"fractions", jwt(fmt.Sprintf(`{"iat":%d.5,"exp":%d.75}`, at(0), at(time.Hour)), "s"), now, time.Hour - 10*time.Second},
		{"no exp", jwt(fmt.Sprintf(`{"iat":%d}`, at(0)), "s"), now, 0},
		{"exp that is none", jwt(`{"exp":"soon"}`, "s"), now, 0},
		{"negative exp", jwt(`{"exp":-1}`, "s"), now, 0},
		{"far exp", jwt(`{"exp":1e300}`, "s"), now, 0},
		{"not JSON", jwt(`exp`, "s"), now, 0},
		{"not base64", "a.!.c", now, 0},
		{"two parts", "e30.eyJleHAiOjF9", now, 0},
		{"opaque", "0123456789abcdef", now, 0},
		{"empty", "", now, 0},
	}
	for _, test := range tests {
		got := auth.RenewAt(test.token, test.received)
		if test.want == 0 && !got.IsZero() || test.want != 0 && !got.Equal(now.Add(test.want)) {
			t.Errorf("%s: %v, want %v after %v", test.name, got, test.want, now)
		}
	}
}

func TestSentinels(t *testing.T) {
	all := []error{auth.ErrPassword, auth.ErrNoSession, auth.ErrAccount, auth.ErrRenewalFailed, auth.ErrSessionOver, auth.ErrNotSaved, auth.ErrPermissions}
	for i, a := range all {
		for j, b := range all {
			if errors.Is(a, b) != (i == j) {
				t.Errorf("%v is %v", a, b)
			}
		}
	}
}

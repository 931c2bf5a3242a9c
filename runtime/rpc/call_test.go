package rpc_test

import (
	"errors"
	"testing"

	"github.com/layers-pub/layers-go/runtime/rpc"
)

func TestParams(t *testing.T) {
	var p rpc.Params
	p.String("q", "a&b=ü ")
	p.Int("limit", -5)
	p.Bool("fresh", false)
	p.String("lang", "de")
	p.String("lang", "fr")
	if got, want := p.Encode(), "q=a%26b%3D%C3%BC+&limit=-5&fresh=false&lang=de&lang=fr"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestErrorName(t *testing.T) {
	const notFound = rpc.ErrorName("RecordNotFound")
	if !errors.Is(errors.Join(notFound), notFound) || notFound.Error() != "RecordNotFound" {
		t.Error("an error's name does not match itself")
	}
}

func TestScope(t *testing.T) {
	set := rpc.PermissionSet{NSID: "com.example.authFull"}
	if got := set.Scope(""); got != "include:com.example.authFull" {
		t.Error(got)
	}
	if got := set.Scope("did:web:a.example#svc"); got != "include:com.example.authFull?aud=did%3Aweb%3Aa.example%23svc" {
		t.Error(got)
	}
}

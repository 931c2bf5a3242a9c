package atproto_test

import (
	"context"
	"testing"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

// server answers each call with the same JSON, and keeps the last request.
type server struct {
	answer  string
	request rpc.Request
}

// Call answers request.
func (s *server) Call(_ context.Context, request *rpc.Request, response *rpc.Response) error {
	s.request = *request
	if response.Output == nil {
		return nil
	}
	return lex.DecodeJSON([]byte(s.answer), response.Output)
}

// TestReading checks that fields that are not read may hold anything, and that those that are read are checked.
func TestReading(t *testing.T) {
	s := &server{answer: `{"did":"did:web:a.test","availableUserDomains":null,"links":[1.5],"contact":{"email":5}}`}
	out, err := atproto.Reading(s, "did", "availableUserDomains").ServerDescribeServer(t.Context())
	if err != nil || out.DID != "did:web:a.test" || out.AvailableUserDomains != nil || out.Contact != nil {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err := atproto.Reading(s, "contact", "inviteCodeRequired").ServerDescribeServer(t.Context()); err != nil || out.Contact == nil || out.DID != "" {
		t.Errorf("%+v, %v", out, err)
	}
	s.answer = `{"did":"nonsense"}`
	if out, err := atproto.Reading(s, "did").ServerDescribeServer(t.Context()); issue.Of(err) == nil || out != nil {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := atproto.NewClient(s).ServerDescribeServer(t.Context()); len(issue.Of(err)) != 2 {
		t.Errorf("%v", err)
	}
	if err := atproto.Reading(s).ServerDeleteSession(t.Context()); err != nil { // which has no output
		t.Error(err)
	}
}

func TestRepeatable(t *testing.T) {
	s := new(server)
	for _, repeatable := range []bool{false, true} {
		var caller rpc.Caller = s
		if repeatable {
			caller = atproto.Repeatable(s)
		}
		if err := atproto.NewClient(caller).ServerDeleteSession(t.Context()); err != nil || s.request.Repeatable != repeatable {
			t.Errorf("%+v, %v", s.request, err)
		}
	}
}

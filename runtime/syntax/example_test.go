package syntax_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

func Example() {
	uri, err := syntax.ParseATURI("at://did:plc:z72i7hdynmk6r22z27h6tvur/pub.layers.media.media/3jzfcijpj2z2a")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(uri.Authority())
	fmt.Println(uri.Collection())
	fmt.Println(uri.RecordKey())
	// Output:
	// did:plc:z72i7hdynmk6r22z27h6tvur
	// pub.layers.media.media
	// 3jzfcijpj2z2a
}

// An error says where the fault is, and what it is.
func ExampleError() {
	_, err := syntax.ParseATURI("at://jay.bsky.team/pub.layers.media.media/3jzfcijpj2z2a?cid")
	fmt.Println(err)
	var fault *syntax.Error
	if errors.As(err, &fault) {
		fmt.Println(fault.Format, fault.Offset)
	}
	// Output:
	// syntax: invalid at-uri "at://jay.bsky.team/pub.layers.media.media/3jzfcijpj2z2a?cid": at-uri has a query (offset 55)
	// at-uri 55
}

func ExampleNewATURI() {
	did, err := syntax.ParseDID("did:plc:z72i7hdynmk6r22z27h6tvur")
	if err != nil {
		fmt.Println(err)
		return
	}
	uri, err := syntax.NewATURI(did.AtIdentifier(), "pub.layers.media.media", "3jzfcijpj2z2a")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(uri)
	// Output:
	// at://did:plc:z72i7hdynmk6r22z27h6tvur/pub.layers.media.media/3jzfcijpj2z2a
}

func ExampleATURIValidator() {
	var validator syntax.ATURIValidator
	for _, uri := range []string{
		"at://jay.bsky.team/pub.layers.media.media/3jzfcijpj2z2a",
		"at://jay.bsky.team/pub.layers.media.media/3jzfcijpj2z2b",
		"at://jay.bsky.team/pub.layers.media.media/3jzfcijpj2z#c",
	} {
		fmt.Println(validator.Valid(uri))
	}
	// Output:
	// true
	// true
	// false
}

func ExampleAtIdentifier() {
	for _, s := range []string{"jay.bsky.team", "did:plc:z72i7hdynmk6r22z27h6tvur"} {
		account, err := syntax.ParseAtIdentifier(s)
		if err != nil {
			fmt.Println(err)
			return
		}
		if did, isDID := account.DID(); isDID {
			fmt.Println("DID of the method", did.Method())
		} else {
			fmt.Println("handle", account)
		}
	}
	// Output:
	// handle jay.bsky.team
	// DID of the method plc
}

func ExampleNSID() {
	nsid, err := syntax.ParseNSID("pub.layers.expression.expression")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(nsid.Authority(), nsid.Name())
	// Output:
	// expression.layers.pub expression
}

func ExampleDatetime_Time() {
	datetime, err := syntax.ParseDatetime("2026-08-20T11:30:00.500+02:00")
	if err != nil {
		fmt.Println(err)
		return
	}
	moment, err := datetime.Time()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(moment.UTC())
	// Output:
	// 2026-08-20 09:30:00.5 +0000 UTC
}

func ExampleDatetimeOf() {
	fmt.Println(syntax.DatetimeOf(time.Date(2026, time.August, 20, 9, 30, 0, 0, time.UTC)))
	// Output:
	// 2026-08-20T09:30:00.000Z
}

func ExampleTID_Time() {
	tid, err := syntax.ParseTID("3jzfcijpj2z2a")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tid.Time().Format(time.RFC3339Nano))
	// Output:
	// 2023-06-30T15:03:01.887007Z
}

func ExampleTIDClock() {
	clock := syntax.NewTIDClock()
	first, second := clock.Next(), clock.Next()
	fmt.Println(first < second)
	// Output:
	// true
}

// The types check what is read from JSON, and from other text.
func ExampleDID_UnmarshalText() {
	var account struct {
		DID syntax.DID `json:"did"`
	}
	err := json.Unmarshal([]byte(`{"did": "did:PLC:z72i7hdynmk6r22z27h6tvur"}`), &account)
	fmt.Println(err)
	// Output:
	// syntax: invalid did "did:PLC:z72i7hdynmk6r22z27h6tvur": DID method is not lower-case letters with a colon after them (offset 4)
}

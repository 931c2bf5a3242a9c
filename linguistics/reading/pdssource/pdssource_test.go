package pdssource_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/linguistics/reading/pdssource"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const (
	repo     = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/"
	sentence = repo + "pub.layers.expression.expression/3aaaaaaaaaaa2"
)

// server answers from records in JSON, by their URIs.
type server map[string]string

func (s server) Call(_ context.Context, request *rpc.Request, response *rpc.Response) error {
	params := map[string]string{}
	for _, p := range request.Params {
		params[p.Name] = p.Value
	}
	prefix := "at://" + params["repo"] + "/" + params["collection"] + "/"
	line := func(uri string) string {
		return fmt.Sprintf(`{"uri":%q,"value":%s}`, uri, s[uri])
	}
	switch request.NSID {
	case "com.atproto.repo.getRecord":
		uri := prefix + params["rkey"]
		if s[uri] == "" {
			return rpc.ErrorName("RecordNotFound")
		}
		return lex.DecodeJSON([]byte(line(uri)), response.Output)
	case "com.atproto.repo.listRecords":
		var lines []string
		for uri := range s {
			if strings.HasPrefix(uri, prefix) {
				lines = append(lines, strings.Replace(line(uri), `"value"`, `"cid":"bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a","value"`, 1))
			}
		}
		return lex.DecodeJSON([]byte(`{"records":[`+strings.Join(lines, ",")+`]}`), response.Output)
	}
	return errors.New("another method")
}

func TestSource(t *testing.T) {
	s := server{
		sentence: `{"$type":"pub.layers.expression.expression","id":"1","kind":"sentence","text":"Ja.","createdAt":"2026-01-01T00:00:00Z"}`,
	}
	client, err := pds.New(pds.WithCaller(s))
	if err != nil {
		t.Fatal(err)
	}
	source := pdssource.New(client)
	envelope, err := source.GetRecord(t.Context(), sentence)
	if err != nil || envelope.URI != sentence {
		t.Fatal(envelope, err)
	}
	if _, err := source.GetRecord(t.Context(), syntax.ATURI(sentence+"2")); !errors.Is(err, reading.ErrNotFound) || !errors.Is(err, pds.ErrRecordNotFound) {
		t.Errorf("no record: %v", err)
	}
	// The server states a CID that is not the record's: the record is a failure, and the expression is invalid.
	x := reading.New(reading.WithSource(source))
	if _, err := x.Expression(t.Context(), sentence); !errors.Is(err, reading.ErrInvalid) {
		t.Errorf("wrong CID: %v", err)
	}
	if _, err := x.Expression(t.Context(), syntax.ATURI(sentence+"2")); !errors.Is(err, reading.ErrNotFound) {
		t.Errorf("no record: %v", err)
	}
}

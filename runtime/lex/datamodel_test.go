package lex_test

import (
	"encoding/base64"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// The vectors of the protocol's interoperability tests for the data model.

func TestDataModelFixtures(t *testing.T) {
	const (
		a    = `{"$link":"bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}`
		b    = `{"$bytes":"nFERjvLLiw9qm45JrqH9QTzyC2Lu1Xb4ne6+sBrCzI0"}`
		c    = `{"$bytes":"iE+sPoHobU9tSIqGI+309LLCcWQIRmEXwxcoDt19tas"}`
		blob = `{"$type":"blob","ref":{"$link":"bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"},"mimeType":"image/jpeg","size":10000}`
	)
	for _, test := range []struct{ json, cbor, cid string }{
		{
			`{"string":"abc","unicode":"a~\u00f6\u00f1\u00a9\u2f58\u260e\ud80c\uded3\ud83d\ude00\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67\u200d\ud83d\udc67",` +
				`"integer":123,"bool":true,"null":null,"array":["abc","def","ghi"],` +
				`"object":{"string":"abc","number":123,"bool":true,"arr":["abc","def","ghi"]}}`,
			"p2Rib29s9WRudWxs9mVhcnJheYNjYWJjY2RlZmNnaGlmb2JqZWN0pGNhcnKDY2FiY2NkZWZjZ2hpZGJvb2z1Zm51bWJlchh7ZnN0cmluZ2NhYmNmc3RyaW5nY2FiY2dpbnRlZ2Vy" +
				"GHtndW5pY29kZXgvYX7DtsOxwqnivZjimI7wk4uT8J+YgPCfkajigI3wn5Gp4oCN8J+Rp+KAjfCfkac",
			"bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq",
		},
		{
			`{"a":` + a + `,"b":` + b + `,"c":` + blob + `}`,
			"o2Fh2CpYJQABcRIgZQYqWloA/BbXPGlEI3zLwVscSnI0SJM2iR0JF0GiOdBhYlggnFERjvLLiw9qm45JrqH9QTzyC2Lu1Xb4ne6+sBrCzI1hY6RjcmVm2CpYJQABVRIgQljP/3j2" +
				"E2l2l1Y/kmyR5dNXTS6iWuftktbr/COjiJ5kc2l6ZRknEGUkdHlwZWRibG9iaG1pbWVUeXBlamltYWdlL2pwZWc",
			"bafyreihldkhcwijkde7gx4rpkkuw7pl6lbyu5gieunyc7ihactn5bkd2nm",
		},
		{
			`{"a":{"b":[{"d":[` + a + `,` + a + `],"e":[` + b + `,` + c + `]}]}}`,
			"oWFhoWFigaJhZILYKlglAAFxEiBlBipaWgD8Ftc8aUQjfMvBWxxKcjRIkzaJHQkXQaI50NgqWCUAAXESIGUGKlpaAPwW1zxpRCN8y8FbHEpyNEiTNokdCRdBojnQYWWCWCCcURGO" +
				"8suLD2qbjkmuof1BPPILYu7Vdvid7r6wGsLMjVggiE+sPoHobU9tSIqGI+309LLCcWQIRmEXwxcoDt19tas",
			"bafyreid3imdulnhgeytpf6uk7zahjvrsqlofkmm5b5ub2maw4kqus6jp4i",
		},
	} {
		want, err := base64.RawStdEncoding.DecodeString(test.cbor)
		if err != nil {
			t.Fatal(err)
		}
		got, err := lex.JSONToCBOR([]byte(test.json))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s: %x, want %x (%v)", test.json, got, want, err)
		}
		if id := cid.Of(cid.DagCBOR, got).String(); id != test.cid {
			t.Errorf("%s: CID %s, want %s", test.json, id, test.cid)
		}
		text, err := lex.CBORToJSON(want)
		if err != nil {
			t.Error(err)
		}
		if back, err := lex.JSONToCBOR(text); err != nil || string(back) != string(want) {
			t.Errorf("%s: back from JSON %x (%v)", text, back, err)
		}
	}
}

func TestDataModel(t *testing.T) {
	const link = `"bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"`
	for _, test := range []struct {
		json  string
		valid bool
	}{
		{`{"rcrd":{"$type":"com.example.blah","a":123,"b":"blah"}}`, true},
		{`{"rcrd":{"$type":"com.example.blah","a":123.0,"b":"blah"}}`, true},
		{`{"rcrd":{"$type":"com.example.blah","a":[],"b":{}}}`, true},
		{`{"arr":[1,2,null]}`, true},
		{`{"arr":[[1,2,3],[4,5,6]],"arr2":[null,null,null]}`, true},
		{`"blah"`, false},
		{`{"rcrd":{"$type":"com.example.blah","a":123.456,"b":"blah"}}`, false},
		{`{"rcrd":{"$type":null,"a":123,"b":"blah"}}`, false},
		{`{"rcrd":{"$type":123,"a":123,"b":"blah"}}`, false},
		{`{"rcrd":{"$type":"","a":123,"b":"blah"}}`, false},
		{`{"blb":{"$type":"blob","ref":{"$link":` + link + `},"mimeType":"image/jpeg","size":"10000"}}`, false},
		{`{"blb":{"$type":"blob","mimeType":"image/jpeg","size":10000}}`, false},
		{`{"lnk":{"$bytes":[1,2,3]}}`, false},
		{`{"lnk":{"$bytes":"nFERjvLLiw9qm45JrqH9QTzyC2Lu1Xb4ne6+sBrCzI0","other":"blah"}}`, false},
		{`{"lnk":{"$link":1234}}`, false},
		{`{"lnk":{"$link":"."}}`, false},
		{`{"lnk":{"$link":` + link + `,"other":"blah"}}`, false},
		{`{"$type":"","a":1}`, false},
		{`{"$type":"blob","ref":{"$link":` + link + `},"mimeType":"image/jpeg","size":1}`, false}, // a record is no blob
	} {
		err := lex.DecodeJSON([]byte(test.json), new(lex.Map))
		if (err == nil) != test.valid {
			t.Errorf("%s: valid %v, %v", test.json, test.valid, err)
		}
	}
	// The same in DAG-CBOR, where it can be spelled.
	for _, test := range []any{
		map[string]any{"rcrd": map[string]any{"$type": nil}},
		map[string]any{"rcrd": []any{map[string]any{"$type": ""}}},
		map[string]any{"blb": map[string]any{"$type": "blob", "mimeType": "a/b", "size": 1}},
	} {
		if err := lex.DecodeCBOR(valueOf(t, test).CBOR(), new(lex.Map)); err == nil {
			t.Errorf("%v: no issue", test)
		}
	}
}

package gen_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/gen"
)

// serverProgram answers calls with a generated handler and prints what the client gets: status, body, and what the server got.
const serverProgram = `package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"example.org/sdk/api/com/example"
	"example.org/sdk/api/com/example/exampleserver"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/subscribe"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

type server struct{}

func (server) Choose(_ context.Context, input example.ChooseInput) (example.ChooseOutput, error) {
	a, ok := input.(*example.ChooseA)
	if !ok {
		return nil, &xrpcserver.Error{Status: 418, Name: "Teapot", Message: fmt.Sprintf("%T", input)}
	}
	return a, nil
}

func (server) GetNote(_ context.Context, params *example.GetNoteParams) (*rec.Entry[example.Note], error) {
	if strings.HasSuffix(string(params.URI), "gone") {
		return nil, fmt.Errorf("%w: look elsewhere", example.GetNoteErrorNotFound)
	}
	return &rec.Entry[example.Note]{URI: params.URI, Value: &example.Note{Text: lex.Some("hello")}}, nil
}

func (server) ListNotes(ctx context.Context, params *example.ListNotesParams) ([]rec.Entry[example.Note], string, error) {
	fmt.Println("  limit", params.Limit, "tags", params.Tags, "fresh", params.Fresh, "nums", params.Nums, xrpcserver.Request(ctx).Header.Get("X-Test"))
	return []rec.Entry[example.Note]{{URI: "at://a.example.org/com.example.note/1", Value: &example.Note{}}}, "next", nil
}

func (server) Ping(context.Context) error { return errors.New("secret") }

func (server) PutNote(_ context.Context, params *example.PutNoteParams, input *example.PutNoteInput) (*example.PutNoteOutput, error) {
	return &example.PutNoteOutput{URI: "at://a.example.org/com.example.note/1", Dry: params.Dry}, nil
}

func (server) Upload(_ context.Context, contentType string, body io.Reader) (io.ReadCloser, string, error) {
	return io.NopCloser(body), contentType, nil
}

func (server) WatchNotes(_ context.Context, params *example.WatchNotesParams) iter.Seq2[example.WatchNotesMessage, error] {
	return func(yield func(example.WatchNotesMessage, error) bool) {
		at, _ := params.Cursor.Get()
		if at > 100 {
			yield(nil, fmt.Errorf("%w: %d", example.WatchNotesErrorFutureCursor, at))
			return
		}
		for range params.Limit.Or(0) {
			if at++; !yield(&example.WatchNotesMade{Seq: at, Text: strings.Repeat("x", int(at))}, nil) {
				return
			}
		}
		_ = yield(&example.Note{Text: lex.Some("note")}, nil) && yield(&example.UnknownWatchNotesMessage{Type: "#later", Payload: []byte{0xa0}}, nil)
	}
}

func main() {
	var mu sync.Mutex
	var hidden []string
	s := httptest.NewServer(exampleserver.NewHandler(server{}, xrpcserver.WithErrorHook(func(r *http.Request, err error) {
		mu.Lock()
		defer mu.Unlock()
		hidden = append(hidden, r.URL.Path+" "+err.Error())
	})))
	defer s.Close()
	client, err := subscribe.New(s.URL, network.Network{AllowPrivate: true})
	if err != nil {
		panic(err)
	}
	for _, params := range []*example.WatchNotesParams{nil, {Cursor: lex.SomeInt(7)}, {Cursor: lex.SomeInt(8)}, {Cursor: lex.SomeInt(101)}, {Cursor: lex.SomeInt(-1)}} {
		for m, err := range example.WatchNotes(context.Background(), client, params) {
			switch m := m.(type) {
			case *example.UnknownWatchNotesMessage:
				fmt.Printf("%s %x\n", m.Type, m.Payload)
			case nil:
				fmt.Println(errors.Is(err, example.WatchNotesErrorFutureCursor), err)
			default:
				fmt.Printf("%T %v %v\n", m, m, err)
			}
		}
	}
	for _, call := range [][3]string{
		{"GET", "getNote?uri=at://a.example.org/com.example.note/1", ""},
		{"GET", "getNote?uri=at://a.example.org/com.example.note/gone", ""},
		{"GET", "getNote?uri=nothing", ""},
		{"GET", "getNote", ""},
		{"GET", "listNotes", ""},
		{"GET", "listNotes?limit=7&tags=a&tags=b%20c&fresh=true&nums=1&other=x", ""},
		{"GET", "listNotes?limit=101", ""},
		{"GET", "listNotes?limit=x", ""},
		{"GET", "listNotes?limit=1&limit=2", ""},
		{"GET", "listNotes?fresh=yes", ""},
		{"GET", "listNotes?tags=a&tags=b&tags=c", ""},
		{"POST", "putNote?dry=true", "{\"text\": \"short\"}"},
		{"POST", "putNote", "{\"text\": \"too long\"}"},
		{"POST", "putNote", "{"},
		{"POST", "putNote", ""},
		{"POST", "choose", "{\"$type\": \"com.example.choose#a\", \"x\": \"y\"}"},
		{"POST", "choose", "{\"$type\": \"com.example.note\"}"},
		{"POST", "upload", "some bytes"},
		{"POST", "ping", ""},
		{"GET", "ping", ""},
		{"POST", "getNote", ""},
		{"GET", "absent", ""},
	} {
		request, _ := http.NewRequest(call[0], s.URL+"/xrpc/com.example."+call[1], strings.NewReader(call[2]))
		request.Header.Set("X-Test", "header")
		if call[2] != "" {
			request.Header.Set("Content-Type", "application/json; charset=utf-8")
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Println(err)
			continue
		}
		body, _ := io.ReadAll(response.Body)
		fmt.Printf("%s %s: %d %s %s\n", call[0], call[1], response.StatusCode, response.Header.Get("Content-Type"), body)
	}
	fmt.Println(strings.Join(hidden, "\n"))
}
`

const wantServed = `*example.WatchNotesMade {"seq":1,"text":"x"} <nil>
*example.WatchNotesMade {"seq":2,"text":"xx"} <nil>
*example.WatchNotesMade {"seq":3,"text":"xxx"} <nil>
*example.Note {"text":"note","$type":"com.example.note"} <nil>
#later a0
*example.WatchNotesMade {"seq":8,"text":"xxxxxxxx"} <nil>
*example.WatchNotesMade {"seq":9,"text":"xxxxxxxxx"} <nil>
*example.WatchNotesMade {"seq":10,"text":"xxxxxxxxxx"} <nil>
*example.Note {"text":"note","$type":"com.example.note"} <nil>
#later a0
*example.WatchNotesMade {"seq":9,"text":"xxxxxxxxx"} <nil>
*example.WatchNotesMade {"seq":10,"text":"xxxxxxxxxx"} <nil>
false subscribe: com.example.watchNotes: InternalServerError
true subscribe: com.example.watchNotes: FutureCursor: "FutureCursor: 101"
false subscribe: com.example.watchNotes: status 400: InvalidRequest: "parameters: /cursor: minimum: -1 is below the minimum of 0"
GET getNote?uri=at://a.example.org/com.example.note/1: 200 application/json {"uri":"at://a.example.org/com.example.note/1","value":{"text":"hello","$type":"com.example.note"}}
GET getNote?uri=at://a.example.org/com.example.note/gone: 400 application/json {"error":"NotFound","message":"NotFound: look elsewhere"}
GET getNote?uri=nothing: 400 application/json {"error":"InvalidRequest","message":"parameters: /uri: format: \"nothing\" is not a valid at-uri"}
GET getNote: 400 application/json {"error":"InvalidRequest","message":"parameters: /uri: required: required field is missing"}
  limit 50 tags [] fresh unset nums [] header
GET listNotes: 200 application/json {"notes":[{"uri":"at://a.example.org/com.example.note/1","value":{"$type":"com.example.note"}}],"cursor":"next"}
  limit 7 tags [a b c] fresh true nums [1] header
GET listNotes?limit=7&tags=a&tags=b%20c&fresh=true&nums=1&other=x: 200 application/json {"notes":[{"uri":"at://a.example.org/com.example.note/1","value":{"$type":"com.example.note"}}],"cursor":"next"}
GET listNotes?limit=101: 400 application/json {"error":"InvalidRequest","message":"parameters: /limit: maximum: 101 is over the maximum of 100"}
GET listNotes?limit=x: 400 application/json {"error":"InvalidRequest","message":"the parameter limit is not an integer"}
GET listNotes?limit=1&limit=2: 400 application/json {"error":"InvalidRequest","message":"the parameter limit is given 2 times"}
GET listNotes?fresh=yes: 400 application/json {"error":"InvalidRequest","message":"the parameter fresh is neither true nor false"}
GET listNotes?tags=a&tags=b&tags=c: 400 application/json {"error":"InvalidRequest","message":"parameters: /tags: maxLength: length 3 is over the maximum of 2"}
POST putNote?dry=true: 200 application/json {"dry":true,"uri":"at://a.example.org/com.example.note/1"}
POST putNote: 400 application/json {"error":"InvalidRequest","message":"input: /text: maxLength: length 8 is over the maximum of 5"}
POST putNote: 400 application/json {"error":"InvalidRequest","message":"input: (root): syntax: expected a key at byte 1"}
POST putNote: 400 application/json {"error":"InvalidRequest","message":"the input must be of the type application/json"}
POST choose: 200 application/json {"x":"y","$type":"com.example.choose#a"}
POST choose: 418 application/json {"error":"Teapot","message":"*example.Note"}
POST upload: 200 application/json; charset=utf-8 some bytes
POST ping: 500 application/json {"error":"InternalServerError"}
GET ping: 405 application/json {"error":"InvalidRequest","message":"wrong HTTP method"}
POST getNote: 405 application/json {"error":"InvalidRequest","message":"wrong HTTP method"}
GET absent: 501 application/json {"error":"MethodNotImplemented","message":"there is no such method"}
/xrpc/com.example.watchNotes the message #made is not valid: lex: /text: maxLength: length 11 is over the maximum of 10
/xrpc/com.example.ping secret
`

// TestServers runs a program with a generated handler: what is valid reaches the server, and its answers, declared errors
// among them, the client.
func TestServers(t *testing.T) {
	files := map[string]string{"main.go": serverProgram}
	err := fs.WalkDir(os.DirFS("testdata/cases/servers"), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !strings.HasPrefix(name, "go/") {
			var data []byte
			data, err = os.ReadFile(filepath.Join("testdata/cases/servers", name))
			files[name] = string(data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	root := module(t, files)
	config, err := gen.ReadConfig(os.DirFS(root), gen.ConfigFile)
	if err != nil {
		t.Fatal(err)
	}
	output, err := gen.Generate(t.Context(), root, config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := output.Write(root); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "run", ".")
	command.Dir = root
	got, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	if string(got) != wantServed {
		t.Errorf("the program prints\n%s", got)
	}
}

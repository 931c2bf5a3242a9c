package fault

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest/internal/plc"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/store"
	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
)

// recorded is an [http.ResponseWriter] that keeps the response in memory.
type recorded struct {
	header http.Header
	status int
	body   []byte
}

func (k *recorded) Header() http.Header { return k.header }

func (k *recorded) WriteHeader(status int) { k.status = cmp.Or(k.status, status) }

func (k *recorded) Write(b []byte) (int, error) {
	k.body = append(k.body, b...)
	return len(b), nil
}

// record has good answer a request, and returns the response.
func record(r *http.Request, good http.Handler) *recorded {
	k := &recorded{header: http.Header{}}
	good.ServeHTTP(k, r)
	k.status = cmp.Or(k.status, http.StatusOK)
	k.header.Del("Content-Length")
	return k
}

// begin sends the status and the headers of the response, with the Content-Length length, or without one if length is
// negative.
func (k *recorded) begin(w http.ResponseWriter, length int) {
	maps.Copy(w.Header(), k.header)
	if length >= 0 {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(k.status)
}

// sending returns a fault that calls send to send the good response k in some other way.
func sending(name string, send func(w http.ResponseWriter, r *http.Request, k *recorded)) Fault {
	return Custom(name, func(w http.ResponseWriter, r *http.Request, good http.Handler) { send(w, r, record(r, good)) })
}

// Cut returns a fault that closes the connection after the first keep bytes of the body, although the header
// Content-Length announces the whole body.
func Cut(keep int) Fault {
	return sending("cut", func(w http.ResponseWriter, _ *http.Request, k *recorded) {
		k.begin(w, len(k.body))
		w.Write(k.body[:min(keep, len(k.body))])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
}

// CutChunked returns a fault that closes the connection after the first keep bytes of the body, in a response without
// a Content-Length.
func CutChunked(keep int) Fault {
	return sending("cut without a length", func(w http.ResponseWriter, _ *http.Request, k *recorded) {
		k.begin(w, -1)
		http.NewResponseController(w).Flush() // so that no length is computed
		w.Write(k.body[:min(keep, len(k.body))])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
}

// Stall returns a fault that sends the first keep bytes of the body and then nothing more, without closing the
// connection.
func Stall(keep int) Fault {
	return sending("stall", func(w http.ResponseWriter, r *http.Request, k *recorded) {
		k.begin(w, len(k.body))
		w.Write(k.body[:min(keep, len(k.body))])
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
}

// Trickle returns a fault that sends the body in parts of size bytes, with a pause before each.
func Trickle(size int, pause time.Duration) Fault {
	return sending("trickle", func(w http.ResponseWriter, r *http.Request, k *recorded) {
		k.begin(w, len(k.body))
		for part := range slices.Chunk(k.body, max(size, 1)) {
			select {
			case <-r.Context().Done():
				return
			case <-time.After(pause):
			}
			w.Write(part)
			http.NewResponseController(w).Flush()
		}
	})
}

// WrongLength returns a fault that announces a body that is longer than the actual one by the given number of bytes,
// or shorter if that number is negative.
func WrongLength(by int) Fault {
	return sending("wrong length", func(w http.ResponseWriter, _ *http.Request, k *recorded) {
		connection, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer connection.Close()
		fmt.Fprintf(buffer, "HTTP/1.1 %d %s\r\n", k.status, http.StatusText(k.status))
		k.header.Set("Content-Length", strconv.Itoa(max(0, len(k.body)+by)))
		k.header.Write(buffer)
		io.WriteString(buffer, "\r\n")
		buffer.Write(k.body)
		buffer.Flush()
	})
}

// changing returns a fault that replaces the body of the good response by the result of change. If change fails, the
// body stays as it is.
func changing(name string, change func(r *http.Request, body []byte) ([]byte, error)) Fault {
	return sending(name, func(w http.ResponseWriter, r *http.Request, k *recorded) {
		body, err := change(r, k.body)
		if err != nil { // the body has nothing that could be changed
			body = k.body
		}
		k.begin(w, len(body))
		w.Write(body)
	})
}

// changingJSON returns a fault that calls change to change the JSON object in the body of the good response.
func changingJSON(name string, change func(object map[string]any)) Fault {
	return changing(name, func(_ *http.Request, body []byte) ([]byte, error) {
		object := map[string]any{}
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&object); err != nil {
			return nil, err
		}
		change(object)
		return plc.JSON(object)
	})
}

// NullList returns a fault that replaces each top-level list in a JSON response by null.
func NullList() Fault {
	return changingJSON("null list", func(object map[string]any) {
		for name, value := range object {
			if _, ok := value.([]any); ok {
				object[name] = nil
			}
		}
	})
}

// MalformedItem returns a fault that replaces the first item of each top-level list in a JSON response by a number.
func MalformedItem() Fault {
	return changingJSON("malformed item", func(object map[string]any) {
		for _, value := range object {
			if list, ok := value.([]any); ok && len(list) > 0 {
				list[0] = 7
			}
		}
	})
}

// WrongCID returns a fault that replaces the CIDs in a JSON response, in fields called cid and $link, by other CIDs.
func WrongCID() Fault {
	return changingJSON("wrong CID", func(object map[string]any) {
		everywhere(object, func(object map[string]any) {
			for _, name := range []string{"cid", "$link"} {
				if c, err := cid.Parse(fmt.Sprint(object[name])); err == nil {
					object[name] = cid.Of(c.Codec(), []byte(c.String())).String()
				}
			}
		})
	})
}

// WrongRecord returns a fault that adds a field to each record in a JSON response (in fields called value), so that it
// does not match its CID.
func WrongRecord() Fault {
	return changingJSON("wrong record", func(object map[string]any) {
		everywhere(object, func(object map[string]any) {
			if value, ok := object["value"].(map[string]any); ok {
				value["atptestWrong"] = true
			}
		})
	})
}

// everywhere calls f for each object in a JSON value, at any depth.
func everywhere(value any, f func(map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		f(value)
		for _, field := range value {
			everywhere(field, f)
		}
	case []any:
		for _, item := range value {
			everywhere(item, f)
		}
	}
}

// SetField returns a fault that sets a top-level field of a JSON response. value is the field's new value in JSON.
func SetField(name, value string) Fault {
	return changingJSON("field "+name, func(object map[string]any) { object[name] = json.RawMessage(value) })
}

// RemoveField returns a fault that removes a top-level field of a JSON response.
func RemoveField(name string) Fault {
	return changingJSON("no field "+name, func(object map[string]any) { delete(object, name) })
}

// SameCursor returns a fault that answers each request for a page with the first page, whose cursor leads to the same
// page again.
func SameCursor() Fault {
	return Custom("same cursor", func(w http.ResponseWriter, r *http.Request, good http.Handler) {
		query := r.URL.Query()
		query.Del("cursor")
		r.URL.RawQuery = query.Encode()
		changingJSON("", func(object map[string]any) { object["cursor"] = "again" }).serve(w, r, good)
	})
}

// EndlessPages returns a fault that answers each request for a page with an empty page and a new cursor.
func EndlessPages() Fault {
	return Custom("endless pages", func(w http.ResponseWriter, r *http.Request, good http.Handler) {
		n, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
		query := r.URL.Query()
		query.Del("cursor")
		r.URL.RawQuery = query.Encode()
		changingJSON("", func(object map[string]any) {
			for name, value := range object {
				if _, ok := value.([]any); ok {
					object[name] = []any{}
				}
			}
			object["cursor"] = strconv.Itoa(n + 1)
		}).serve(w, r, good)
	})
}

// FlipBit returns a fault that flips a bit in the middle of the body.
func FlipBit() Fault {
	return changing("flip a bit", func(_ *http.Request, body []byte) ([]byte, error) {
		if len(body) > 0 {
			body[len(body)/2] ^= 1
		}
		return body, nil
	})
}

// CutBlocks returns a fault that omits the last count blocks of an archive, so that it ends between two blocks.
func CutBlocks(count int) Fault {
	return changingArchive("cut blocks", func(root cid.CID, blocks []store.Block) (cid.CID, []store.Block) {
		return root, blocks[:max(0, len(blocks)-count)]
	})
}

// ForgeSignature returns a fault that signs the commit of an archive with a key that is not the account's.
func ForgeSignature() Fault {
	return changingArchive("forged signature", func(root cid.CID, blocks []store.Block) (cid.CID, []store.Block) {
		for i, b := range blocks {
			if b.CID != root {
				continue
			}
			commit, err := repo.ParseCommit(b.Data)
			if err != nil || commit.Sign(multikey.Generate(multikey.K256)) != nil {
				break
			}
			blocks[i].Data = commit.Block()
			blocks[i].CID = cid.Of(cid.DagCBOR, blocks[i].Data)
			return blocks[i].CID, blocks
		}
		return root, blocks
	})
}

// changingArchive returns a fault that changes the blocks of an archive. change is called with the root and the
// blocks, and returns what replaces both.
func changingArchive(name string, change func(root cid.CID, blocks []store.Block) (cid.CID, []store.Block)) Fault {
	return changing(name, func(r *http.Request, body []byte) ([]byte, error) {
		roots, blocks, err := store.Blocks(body)
		if err != nil || len(roots) == 0 {
			return nil, cmp.Or(err, car.ErrHeader)
		}
		root, blocks := change(roots[0], blocks)
		return store.Archive(blocks, root)
	})
}

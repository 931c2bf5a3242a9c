package atptest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest/internal/plc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// PLC is the directory of a network. It answers with the documents of accounts at /DID, and with their operations at
// /DID/log, /DID/log/last, /DID/log/audit and /DID/data: https://web.plc.directory/spec/v0.1/did-plc.
type PLC struct{ *Server }

// operation is an operation of an account in the directory, as its audit log has it.
type operation struct {
	Signed    json.RawMessage `json:"operation"`
	CID       string          `json:"cid"`
	DID       syntax.DID      `json:"did"`
	Nullified bool            `json:"nullified"`
	CreatedAt string          `json:"createdAt"`
}

// update adds an operation to the directory: the last one with what change changes. The network must be locked.
func (a *Account) update(change func(s *plc.State)) {
	state := a.plc
	last := a.operations[len(a.operations)-1].CID
	state.Prev = &last
	change(&state)
	a.record(state)
}

// record signs an operation and adds it to the directory. The network must be locked.
func (a *Account) record(state plc.State) {
	signed, data, err := state.Sign(a.rotation)
	a.network.check(err)
	a.plc = state
	a.document, err = state.Document(a.DID)
	a.network.check(err)
	a.operations = append(a.operations, operation{
		Signed: signed, CID: plc.CID(data), DID: a.DID, CreatedAt: timestamp(a.network.now()),
	})
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// servePLC answers as a PLC directory.
func (n *Network) servePLC(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	did, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	n.mu.Lock()
	defer n.mu.Unlock()
	a := n.accounts[syntax.DID(did)]
	switch {
	case r.URL.Path == "/_health":
		answer(w, http.StatusOK, map[string]any{"version": "test"})
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		answer(w, http.StatusMethodNotAllowed, map[string]any{"message": "Method not allowed"})
	case a == nil:
		answer(w, http.StatusNotFound, map[string]any{"message": "DID not registered: " + did})
	case rest == "log":
		signed := []json.RawMessage{}
		for _, op := range a.operations {
			signed = append(signed, op.Signed)
		}
		answer(w, http.StatusOK, signed)
	case rest == "log/last":
		answer(w, http.StatusOK, a.operations[len(a.operations)-1].Signed)
	case rest == "log/audit":
		answer(w, http.StatusOK, a.operations)
	case a.tombstoned:
		answer(w, http.StatusNotFound, map[string]any{"message": "DID not available: " + did})
	case rest == "data":
		answer(w, http.StatusOK, map[string]any{
			"did": did, "verificationMethods": a.plc.VerificationMethods, "rotationKeys": a.plc.RotationKeys,
			"alsoKnownAs": a.plc.AlsoKnownAs, "services": a.plc.Services,
		})
	case rest == "":
		w.Header().Set("Content-Type", "application/did+ld+json")
		w.Write(a.document)
	default:
		answer(w, http.StatusNotFound, map[string]any{"message": "Not Found"})
	}
}

// answer sends a response with a status and a value in JSON.
func answer(w http.ResponseWriter, status int, value any) {
	body, err := plc.JSON(value)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

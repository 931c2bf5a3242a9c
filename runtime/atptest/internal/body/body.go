// Package body reads the bodies of calls with the limits and errors of the reference PDS.
package body

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"

	"github.com/layers-pub/layers-go/runtime/atptest/internal/store"
)

// max is the size of the largest input in JSON that the reference PDS accepts, in bytes.
const max = 150 << 10

// Limit reads the body of a call into memory, if it is JSON. It returns an error if the body is longer than the limit.
func Limit(r *http.Request) error {
	if !inJSON(r) {
		return nil
	}
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, max))
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(data))
	return nil
}

// Check returns the error that the server answers if the body of a call is malformed JSON, and otherwise nil.
func Check(r *http.Request) error {
	if !inJSON(r) {
		return nil
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return store.Invalid("the input could not be read")
	}
	r.Body = io.NopCloser(bytes.NewReader(data))
	if !json.Valid(data) {
		return store.Refuse(http.StatusBadRequest, "SyntaxError", "malformed JSON")
	}
	return nil
}

func inJSON(r *http.Request) bool {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return mediaType == "application/json"
}

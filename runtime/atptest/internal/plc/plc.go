// Package plc makes the operations of a PLC directory: https://web.plc.directory/spec/v0.1/did-plc.
package plc

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// State is an operation of a DID in the PLC directory. It has the whole state of the DID after the operation.
type State struct {
	Type                string             `json:"type"`
	RotationKeys        []string           `json:"rotationKeys"`
	VerificationMethods map[string]string  `json:"verificationMethods"`
	AlsoKnownAs         []string           `json:"alsoKnownAs"`
	Services            map[string]Service `json:"services"`
	Prev                *string            `json:"prev"`
	Sig                 string             `json:"sig,omitempty"`
}

// Service is a service in a [State].
type Service struct {
	Type     string `json:"type"`
	Endpoint string `json:"endpoint"`
}

// New returns the first operation of a DID, not yet signed. key is the signing key, rotation is the rotation key, and
// pds is the origin of the PDS.
func New(handle syntax.Handle, key, rotation multikey.Key, pds string) State {
	s := State{Type: "plc_operation", RotationKeys: []string{rotation.DIDKey()}}
	s.SetHandle(handle)
	s.SetKey(key)
	s.SetPDS(pds)
	return s
}

// SetHandle sets the handle of the account.
func (s *State) SetHandle(handle syntax.Handle) { s.AlsoKnownAs = []string{"at://" + string(handle)} }

// SetKey sets the signing key of the account, or removes it if key is undefined.
func (s *State) SetKey(key multikey.Key) {
	s.VerificationMethods = map[string]string{}
	if key.Defined() {
		s.VerificationMethods["atproto"] = key.DIDKey()
	}
}

// SetPDS sets the address of the PDS, or removes it if origin is "".
func (s *State) SetPDS(origin string) {
	s.Services = map[string]Service{}
	if origin != "" {
		s.Services["atproto_pds"] = Service{"AtprotoPersonalDataServer", origin}
	}
}

// Sign signs the operation with a rotation key. It returns the signed operation in JSON and in DAG-CBOR.
func (s State) Sign(rotation multikey.PrivateKey) (signed, data []byte, err error) {
	unsigned, err := JSON(s)
	if err != nil {
		return nil, nil, err
	}
	if data, err = lex.JSONToCBOR(unsigned); err != nil {
		return nil, nil, err
	}
	signature, err := rotation.Sign(data)
	if err != nil {
		return nil, nil, err
	}
	s.Sig = base64.RawURLEncoding.EncodeToString(signature)
	if signed, err = JSON(s); err != nil {
		return nil, nil, err
	}
	data, err = lex.JSONToCBOR(signed)
	return signed, data, err
}

// DID returns the DID that a first operation creates. data is the signed operation in DAG-CBOR.
func DID(data []byte) syntax.DID {
	hash := sha256.Sum256(data)
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(hash[:])
	return syntax.DID("did:plc:" + strings.ToLower(text)[:24])
}

// CID returns the CID of an operation. data is the signed operation in DAG-CBOR.
func CID(data []byte) string { return cid.Of(cid.DagCBOR, data).String() }

// Document returns the DID document in JSON.
func (s State) Document(did syntax.DID) ([]byte, error) {
	methods := []any{}
	suite := "secp256k1-2019"
	if key := s.VerificationMethods["atproto"]; key != "" {
		parsed, err := multikey.ParseDIDKey(key)
		if err != nil {
			return nil, err
		}
		if parsed.Curve() == multikey.P256 {
			suite = "ecdsa-2019"
		}
		methods = append(methods, map[string]any{
			"id": did + "#atproto", "type": "Multikey", "controller": did, "publicKeyMultibase": parsed.String(),
		})
	}
	services := []any{}
	if service, ok := s.Services["atproto_pds"]; ok {
		services = append(services, map[string]any{"id": "#atproto_pds", "type": service.Type, "serviceEndpoint": service.Endpoint})
	}
	return JSON(map[string]any{
		"@context": []string{
			"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1", "https://w3id.org/security/suites/" + suite + "/v1",
		},
		"id": did, "alsoKnownAs": s.AlsoKnownAs, "verificationMethod": methods, "service": services,
	})
}

// JSON returns a value in JSON, without escapes for HTML.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

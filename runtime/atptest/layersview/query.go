package layersview

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

// params are the parameters of a query.
type params interface{ LexParams() rpc.Params }

// get answers a query for the record of type T whose at-uri is the only parameter.
func get[T any, P lex.RecordPointer[T]](ctx context.Context, v *View, p params) (*rec.Entry[T], error) {
	for _, param := range p.LexParams() {
		uri, err := v.normal(ctx, param)
		if err != nil {
			return nil, err
		}
		if r := v.find(syntax.ATURI(uri)); r != nil && r.uri.Collection() == P(new(T)).RecordType() {
			return entry[T, P](r)
		}
	}
	return nil, rpc.ErrorName("RecordNotFound")
}

// list answers a query for a page of records of type T. The parameter repo selects the account that has the records,
// limit and cursor select the page, and each other parameter is compared with the field of the same name.
func list[T any, P lex.RecordPointer[T]](ctx context.Context, v *View, p params) ([]rec.Entry[T], string, error) {
	collection := P(new(T)).RecordType()
	var after *place
	limit := 0
	filters := map[string][]string{} // the values of each parameter, of which a record must have one
	for _, param := range p.LexParams() {
		var err error
		switch param.Name {
		case "cursor":
			var at place
			at, err = parseCursor(param.Value, collection)
			after = &at
		case "limit":
			limit, err = strconv.Atoi(param.Value)
		default:
			var value string
			value, err = v.normal(ctx, param)
			filters[param.Name] = append(filters[param.Name], value)
		}
		if err != nil {
			return nil, "", err
		}
	}
	page, more := v.page(collection, after, limit, func(r *record) bool { return r.matches(filters) })
	entries := make([]rec.Entry[T], len(page))
	for i, r := range page {
		e, err := entry[T, P](r)
		if err != nil {
			return nil, "", err
		}
		entries[i] = *e
	}
	if !more {
		return entries, "", nil
	}
	return entries, page[len(page)-1].cursor(), nil
}

// entry decodes a record, and returns it as queries do.
func entry[T any, P lex.RecordPointer[T]](r *record) (*rec.Entry[T], error) {
	value := new(T)
	if err := lex.DecodeCBOR(r.data, P(value)); err != nil {
		return nil, err
	}
	return &rec.Entry[T]{URI: r.uri, CID: r.id, Trust: rec.Claimed, Value: value}, nil
}

// matches reports whether, for each filter, the record's field of that name has one of the filter's values.
func (r *record) matches(filters map[string][]string) bool {
	for name, values := range filters {
		have := r.fields[name]
		if name == "repo" {
			have = []string{string(r.uri.Authority())}
		}
		same := func(a, b string) bool { return a == b }
		if name == "languages" {
			same = strings.EqualFold
		}
		if !slices.ContainsFunc(values, func(value string) bool {
			return slices.ContainsFunc(have, func(text string) bool { return same(value, text) })
		}) {
			return false
		}
	}
	return true
}

// normal returns the value of a parameter. If it is an at-uri or names a repo, a handle in it is replaced by its DID.
func (v *View) normal(ctx context.Context, param rpc.Param) (string, error) {
	uri, isURI := strings.CutPrefix(param.Value, "at://")
	if !isURI && param.Name != "repo" {
		return param.Value, nil
	}
	authority, path, _ := strings.Cut(uri, "/")
	if !syntax.ValidHandle(authority) {
		return param.Value, nil
	}
	did, err := v.resolve(ctx, syntax.Handle(strings.ToLower(authority)))
	if err != nil {
		return "", &xrpcserver.Error{Status: http.StatusBadRequest, Name: "InvalidRequest", Message: "unable to resolve the handle " + authority}
	}
	if !isURI {
		return string(did), nil
	}
	return strings.TrimSuffix("at://"+string(did)+"/"+path, "/"), nil
}

package atptest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/atptest/internal/store"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

// writer returns the account to which a call writes, if its access token allows that. The network must be locked.
func (p *PDS) writer(ctx context.Context, id syntax.AtIdentifier) (*Account, error) {
	c, err := p.access(ctx)
	if err != nil {
		return nil, err
	}
	a := p.find(id)
	if a == nil {
		return nil, store.Refuse(http.StatusForbidden, "AccountNotFound", "Account not found")
	}
	switch p.status(a) {
	case Active:
	case Takendown, Suspended:
		return nil, store.Refuse(http.StatusUnauthorized, "AccountTakedown", "Account has been taken down")
	default:
		return nil, store.Refuse(http.StatusUnauthorized, "AccountDeactivated", "Account is deactivated")
	}
	if a.DID != c.Sub {
		return nil, store.Refuse(http.StatusUnauthorized, "AuthenticationRequired", "Authentication Required")
	}
	return a, nil
}

// rules returns the rules by which a call validates records.
func (n *Network) rules(validate lex.Opt[bool]) store.Rules {
	return store.Rules{Lookup: n.options.lookup, Validate: validate}
}

// key returns a record key, or a new TID if it is unset.
func (n *Network) key(rkey lex.Opt[syntax.RecordKey]) syntax.RecordKey {
	if !rkey.IsSet() {
		return syntax.RecordKey(n.options.keys.Next())
	}
	return rkey.Or("")
}

// process carries writes out in one commit, and sends it. The network must be locked.
func (a *Account) process(writes []*store.Write, swapCommit lex.Opt[syntax.CID]) (*atproto.RepoCommitMeta, error) {
	m, err := a.repo.Process(writes, swapCommit)
	if err != nil {
		return nil, err
	}
	a.sendMessage(m)
	return &atproto.RepoCommitMeta{CID: syntax.CID(m.Commit.String()), Rev: m.Rev}, nil
}

// RepoCreateRecord writes a new record.
func (h *pdsMethods) RepoCreateRecord(ctx context.Context, input *atproto.RepoCreateRecordInput) (*atproto.RepoCreateRecordOutput, error) {
	h.pds.network.mu.Lock()
	defer h.pds.network.mu.Unlock()
	a, err := h.pds.writer(ctx, input.Repo)
	if err != nil {
		return nil, err
	}
	w, err := a.repo.Prepare(repo.Create, input.Collection, h.pds.network.key(input.Rkey), input.Record, h.pds.network.rules(input.ValidateField))
	if err != nil {
		return nil, err
	}
	commit, err := a.process([]*store.Write{w}, input.SwapCommit)
	if err != nil {
		return nil, err
	}
	out := &atproto.RepoCreateRecordOutput{URI: w.URI, CID: syntax.CID(w.CID.String()), Commit: commit}
	if w.Status != "" {
		out.ValidationStatus = lex.Some(atproto.RepoCreateRecordOutputValidationStatus(w.Status))
	}
	return out, nil
}

// RepoPutRecord writes a record under a key, whether or not there is one already.
func (h *pdsMethods) RepoPutRecord(ctx context.Context, input *atproto.RepoPutRecordInput) (*atproto.RepoPutRecordOutput, error) {
	h.pds.network.mu.Lock()
	defer h.pds.network.mu.Unlock()
	a, err := h.pds.writer(ctx, input.Repo)
	if err != nil {
		return nil, err
	}
	current := a.repo.Get(string(input.Collection) + "/" + string(input.Rkey))
	action := repo.Create
	if current != nil {
		action = repo.Update
	}
	w, err := a.repo.Prepare(action, input.Collection, input.Rkey, input.Record, h.pds.network.rules(input.ValidateField))
	if err != nil {
		return nil, err
	}
	out := &atproto.RepoPutRecordOutput{URI: w.URI, CID: syntax.CID(w.CID.String())}
	if w.Status != "" {
		out.ValidationStatus = lex.Some(atproto.RepoPutRecordOutputValidationStatus(w.Status))
	}
	if current != nil && current.CID == w.CID {
		return out, nil // it changes nothing, so there is no commit
	}
	if swap, ok := input.SwapRecord.Get(); ok && (current == nil || current.CID.String() != string(swap)) || input.SwapRecord.IsNull() && current != nil {
		return nil, badSwap(current)
	}
	out.Commit, err = a.process([]*store.Write{w}, input.SwapCommit)
	return out, err
}

func badSwap(current *store.Record) error {
	was := "null"
	if current != nil {
		was = current.CID.String()
	}
	return store.Refuse(http.StatusBadRequest, "InvalidSwap", "Record was at %s", was)
}

// RepoDeleteRecord deletes a record. It succeeds if there is none.
func (h *pdsMethods) RepoDeleteRecord(ctx context.Context, input *atproto.RepoDeleteRecordInput) (*atproto.RepoDeleteRecordOutput, error) {
	h.pds.network.mu.Lock()
	defer h.pds.network.mu.Unlock()
	a, err := h.pds.writer(ctx, input.Repo)
	if err != nil {
		return nil, err
	}
	w := a.repo.Delete(input.Collection, input.Rkey)
	current := a.repo.Get(w.Path)
	if current == nil {
		return new(atproto.RepoDeleteRecordOutput), nil
	}
	if swap, ok := input.SwapRecord.Get(); ok && string(swap) != current.CID.String() {
		return nil, badSwap(current)
	}
	commit, err := a.process([]*store.Write{w}, input.SwapCommit)
	return &atproto.RepoDeleteRecordOutput{Commit: commit}, err
}

// RepoApplyWrites carries out several writes in one commit, all of them or none.
func (h *pdsMethods) RepoApplyWrites(ctx context.Context, input *atproto.RepoApplyWritesInput) (*atproto.RepoApplyWritesOutput, error) {
	h.pds.network.mu.Lock()
	defer h.pds.network.mu.Unlock()
	a, err := h.pds.writer(ctx, input.Repo)
	if err != nil {
		return nil, err
	}
	if len(input.Writes) > store.MaxWrites {
		return nil, store.Invalid("Too many writes. Max: %d", store.MaxWrites)
	}
	rules := h.pds.network.rules(input.ValidateField)
	var writes []*store.Write
	for _, item := range input.Writes {
		var w *store.Write
		switch item := item.(type) {
		case *atproto.RepoApplyWritesCreate:
			w, err = a.repo.Prepare(repo.Create, item.Collection, h.pds.network.key(item.Rkey), item.Value, rules)
		case *atproto.RepoApplyWritesUpdate:
			w, err = a.repo.Prepare(repo.Update, item.Collection, item.Rkey, item.Value, rules)
		case *atproto.RepoApplyWritesDelete:
			w = a.repo.Delete(item.Collection, item.Rkey)
		default:
			err = store.Invalid("Action not supported")
		}
		if err != nil {
			return nil, err
		}
		writes = append(writes, w)
	}
	out := &atproto.RepoApplyWritesOutput{Results: []atproto.RepoApplyWritesOutputResultsItem{}}
	if out.Commit, err = a.process(writes, input.SwapCommit); err != nil {
		return nil, err
	}
	for _, w := range writes {
		out.Results = append(out.Results, resultOf(w))
	}
	return out, nil
}

// resultOf returns the result of a write in the answer of applyWrites.
func resultOf(w *store.Write) atproto.RepoApplyWritesOutputResultsItem {
	c := syntax.CID(w.CID.String())
	switch w.Action {
	case repo.Create:
		result := &atproto.RepoApplyWritesCreateResult{URI: w.URI, CID: c}
		if w.Status != "" {
			result.ValidationStatus = lex.Some(atproto.RepoApplyWritesCreateResultValidationStatus(w.Status))
		}
		return result
	case repo.Update:
		result := &atproto.RepoApplyWritesUpdateResult{URI: w.URI, CID: c}
		if w.Status != "" {
			result.ValidationStatus = lex.Some(atproto.RepoApplyWritesUpdateResultValidationStatus(w.Status))
		}
		return result
	}
	return new(atproto.RepoApplyWritesDeleteResult)
}

// RepoGetRecord reads a record.
func (h *pdsMethods) RepoGetRecord(ctx context.Context, params *atproto.RepoGetRecordParams) (*atproto.RepoGetRecordOutput, error) {
	p := h.pds
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	a := p.find(params.Repo)
	if a == nil || !p.active(a) {
		return nil, store.Invalid("Could not locate record")
	}
	path := string(params.Collection) + "/" + string(params.Rkey)
	r := a.repo.Get(path)
	if r == nil || params.CID.IsSet() && string(params.CID.Or("")) != r.CID.String() {
		return nil, store.Refuse(http.StatusBadRequest, "RecordNotFound", "Could not locate record: at://%s/%s", a.DID, path)
	}
	value, err := jsonOf(r.Data)
	return &atproto.RepoGetRecordOutput{URI: r.URI, CID: lex.Some(syntax.CID(r.CID.String())), Value: value}, err
}

// RepoListRecords lists the records of a collection, the latest keys first.
func (h *pdsMethods) RepoListRecords(ctx context.Context, params *atproto.RepoListRecordsParams) (*atproto.RepoListRecordsOutput, error) {
	p := h.pds
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	a := p.find(params.Repo)
	if a == nil || !p.active(a) {
		return nil, store.Invalid("Could not find repo: %s", params.Repo)
	}
	all := a.repo.List(params.Collection)
	reverse := params.Reverse.Or(false)
	if !reverse {
		slices.Reverse(all)
	}
	out := &atproto.RepoListRecordsOutput{Records: []atproto.RepoListRecordsRecord{}}
	cursor := params.Cursor.Or("")
	for _, r := range all {
		key := string(r.URI.RecordKey())
		if cursor != "" && (reverse && key <= cursor || !reverse && key >= cursor) {
			continue
		}
		value, err := jsonOf(r.Data)
		if err != nil {
			return nil, err
		}
		out.Records = append(out.Records, atproto.RepoListRecordsRecord{URI: r.URI, CID: syntax.CID(r.CID.String()), Value: value})
		out.Cursor = lex.Some(key)
		if int64(len(out.Records)) == params.Limit.Or(50) {
			break
		}
	}
	return out, nil
}

// RepoDescribeRepo returns the account of a repository and the collections that it has.
func (h *pdsMethods) RepoDescribeRepo(ctx context.Context, params *atproto.RepoDescribeRepoParams) (*atproto.RepoDescribeRepoOutput, error) {
	h.pds.network.mu.Lock()
	defer h.pds.network.mu.Unlock()
	a, err := h.pds.available(params.Repo)
	if err != nil {
		return nil, err
	}
	correct := len(a.plc.AlsoKnownAs) > 0 && a.plc.AlsoKnownAs[0] == "at://"+string(a.handle)
	return &atproto.RepoDescribeRepoOutput{
		Handle: a.handle, DID: a.DID, DIDDoc: lex.Raw{Data: a.document, Encoding: lex.JSON},
		Collections: a.repo.Collections(), HandleIsCorrect: correct,
	}, nil
}

// uploadBlob stores a file for a record that will refer to it. It writes its response itself, because a response about
// an empty file, which the reference PDS accepts, is not valid by the lexicon.
func (p *PDS) uploadBlob(call *xrpcserver.Call) error {
	r := xrpcserver.Request(call.Context())
	limit := p.network.options.blobLimit
	data, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return store.Invalid("the body could not be read")
	}
	if int64(len(data)) > limit {
		return store.Refuse(http.StatusRequestEntityTooLarge, "PayloadTooLarge", "request entity too large")
	}
	contentType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if contentType == "" {
		return store.Invalid("Request encoding (Content-Type) required but not provided")
	}
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	c, err := p.access(call.Context())
	if err != nil {
		return err
	}
	a := p.find(syntax.AtIdentifier(c.Sub))
	switch {
	case a == nil:
		return store.Refuse(http.StatusForbidden, "AccountNotFound", "Account not found")
	case a.status == Takendown || a.status == Suspended:
		return store.Refuse(http.StatusUnauthorized, "AccountTakedown", "Account has been taken down")
	}
	body, err := lex.EncodeJSON(&atproto.RepoUploadBlobOutput{Blob: a.repo.Upload(data, store.Sniff(data, strings.TrimSpace(contentType)))})
	if err != nil {
		return err
	}
	return call.Stream(io.NopCloser(bytes.NewReader(body)), "application/json")
}

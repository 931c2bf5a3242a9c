package store

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

// MaxWrites is how many writes a batch may have.
const MaxWrites = 200

// Refuse returns an error that the server sends with the given HTTP status.
func Refuse(status int, name, format string, arguments ...any) error {
	return &xrpcserver.Error{Status: status, Name: name, Message: fmt.Sprintf(format, arguments...)}
}

// Invalid returns the error InvalidRequest, with status 400.
func Invalid(format string, arguments ...any) error {
	return Refuse(http.StatusBadRequest, "InvalidRequest", format, arguments...)
}

// errInternal is the reference PDS's response to an internal error. It also sends this, for example, if a record to
// create exists, or a record to update or delete does not.
var errInternal = Refuse(http.StatusInternalServerError, "InternalServerError", "Internal Server Error")

// Write is a write for [Repo.Process]. [Repo.Prepare] and [Repo.Delete] return it.
type Write struct {
	Action repo.Action
	Path   string
	URI    syntax.ATURI
	CID    cid.CID
	// Status is the validation status of the record in the server's response, or empty.
	Status string

	data  []byte
	blobs []blobRef
}

// Rules say how records are validated. Lookup returns the type of a collection's records, and whether it is known.
type Rules struct {
	Lookup func(syntax.NSID) (lex.RecordDef, bool)
	// Validate is what the caller wants: true, false, or unset if only records with a known lexicon are to be validated.
	Validate lex.Opt[bool]
}

// Delete returns a write that deletes a record.
func (r *Repo) Delete(collection syntax.NSID, rkey syntax.RecordKey) *Write {
	path := string(collection) + "/" + string(rkey)
	return &Write{Action: repo.Delete, Path: path, URI: syntax.ATURI("at://" + string(r.Forged.DID) + "/" + path)}
}

// Prepare checks a record in JSON and returns the write for it. An error is meant to be sent to the client.
func (r *Repo) Prepare(action repo.Action, collection syntax.NSID, rkey syntax.RecordKey, record lex.Raw, rules Rules) (*Write, error) {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(record.Data, &fields); err != nil || fields == nil {
		return nil, Invalid("the record is not an object")
	}
	var typ string
	if text, ok := fields["$type"]; !ok {
		fields["$type"], _ = json.Marshal(collection)
	} else if json.Unmarshal(text, &typ) != nil || typ != string(collection) {
		return nil, Invalid("Invalid $type: expected %s, got %s", collection, typ)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, Invalid("the record is not valid: %v", err)
	}
	w := r.Delete(collection, rkey)
	w.Action = action
	if badBytes(text) {
		return nil, errInternal
	}
	if w.data, err = encodeLenient(text); err != nil {
		return nil, Invalid("the record is not valid: %v", err)
	}
	w.CID = cid.Of(cid.DagCBOR, w.data)
	if w.Status, err = rules.check(collection, rkey, w.data); err != nil {
		return nil, err
	}
	w.blobs = blobRefs(text)
	for _, ref := range w.blobs {
		if ref.legacy {
			return nil, Invalid("Legacy blobs are not allowed (%s)", ref.CID)
		}
	}
	return w, nil
}

// badBytes reports whether JSON has an object whose $bytes is not base64.
func badBytes(text []byte) (bad bool) {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return false
	}
	walk(value, func(object map[string]any) bool {
		if encoded, ok := object["$bytes"].(string); ok && len(object) == 1 {
			_, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
			bad = bad || err != nil
		}
		return true
	})
	return bad
}

// check validates a record and returns the validation status, which is empty if the caller wants no validation.
func (rules Rules) check(collection syntax.NSID, rkey syntax.RecordKey, data []byte) (string, error) {
	want, given := rules.Validate.Get()
	if given && !want {
		return "", nil
	}
	def, known := rules.Lookup(collection)
	if !known {
		if want {
			return "", Invalid("Unknown lexicon type: %s", collection)
		}
		return "unknown", nil
	}
	if err := def.CheckKey(rkey); err != nil {
		return "", Invalid("Invalid record key for %s: %v", collection, err)
	}
	if err := lex.ValidateCBOR(data, def.New()); err != nil {
		if issues, ok := errors.AsType[*issue.Error](err); ok {
			return "", Invalid("Invalid %s record: %s", collection, issue.Summary(issues.Issues))
		}
		return "", Invalid("Invalid %s record: %v", collection, err)
	}
	return "valid", nil
}

// Process carries out all writes in one commit, or none, and returns the commit's message. The message has one
// operation for each write, so a path that was written twice occurs twice, both times with the CID that it had before
// the commit as Prev. An error is meant to be sent to the client.
func (r *Repo) Process(writes []*Write, swapCommit lex.Opt[syntax.CID]) (*reposync.Commit, error) {
	if len(writes) > MaxWrites {
		return nil, Invalid("Too many writes. Max: %d", MaxWrites)
	}
	if _, c := r.Forged.Repo.Commit(); swapCommit.IsSet() && string(swapCommit.Or("")) != c.String() {
		return nil, Refuse(http.StatusBadRequest, "InvalidSwap", "Commit was at %s", c)
	}
	present := map[string]bool{} // the paths of this batch
	size := 0
	var ops []repo.Op
	var changes []repo.Write
	for _, w := range writes {
		before := r.records[w.Path]
		found, seen := present[w.Path]
		if !seen {
			found = before != nil
		}
		if found == (w.Action == repo.Create) {
			return nil, errInternal
		}
		present[w.Path] = w.Action != repo.Delete
		op := repo.Op{Action: w.Action, Path: w.Path, CID: w.CID}
		if before != nil {
			op.Prev = before.CID
		}
		ops = append(ops, op)
		changes = append(changes, repo.Write{Path: w.Path, Data: w.data})
		size += len(w.data)
		for _, ref := range w.blobs {
			if err := r.check(ref); err != nil {
				return nil, err
			}
		}
	}
	if size > reposync.MaxBlocksSize {
		return nil, Invalid("Too many writes. Max event size: 2MB")
	}
	commit, _ := r.Forged.Repo.Commit()
	before, revs := commit.Rev, map[cid.CID]syntax.TID{}
	for _, w := range writes {
		if rev := r.revs[w.CID]; rev != "" {
			revs[w.CID] = rev
		}
	}
	m := r.Apply(changes...)
	m.Ops = ops
	var err error
	m.Blocks, err = r.arrange(m.Blocks, writes, func(c cid.CID) (stored, latest bool) { return revs[c] != "", revs[c] == before })
	return m, err
}

// arrange reorders the archive of a commit as the reference PDS does: first come the records that are new leaves of
// the tree, in the order of their paths. Then come other written records whose blocks the repository had before: first
// those from earlier revisions, by CID, and then those from its latest revision, in the order of the writes. had says
// whether the repository had a block, and whether from its latest revision. A record that a later write of the batch
// replaces is left out unless the repository had it.
func (r *Repo) arrange(archive []byte, writes []*Write, had func(cid.CID) (stored, latest bool)) ([]byte, error) {
	roots, blocks, err := Blocks(archive)
	if err != nil {
		return nil, err
	}
	data := map[cid.CID][]byte{}
	for _, w := range writes {
		if w.CID.Defined() {
			data[w.CID] = w.data
		}
	}
	blocks = slices.DeleteFunc(blocks, func(b Block) bool { return data[b.CID] != nil })
	for _, c := range newLeaves(r.Forged.Last.Ops) {
		blocks = append(blocks, Block{c, data[c]})
		delete(data, c)
	}
	var older, latest []Block
	for _, w := range writes {
		switch isStored, isLatest := had(w.CID); {
		case data[w.CID] == nil || !isStored:
		case isLatest:
			latest = append(latest, Block{w.CID, w.data})
		default:
			older = append(older, Block{w.CID, w.data})
		}
	}
	slices.SortFunc(older, func(a, b Block) int { return cmp.Compare(a.CID.String(), b.CID.String()) })
	return Archive(slices.Concat(blocks, older, latest), roots...)
}

// newLeaves returns the CIDs of the records that the reference PDS considers new when it compares two trees, path by
// path. A created record is not new if it was removed from an earlier path, and no record is new that is deleted at a
// later path.
func newLeaves(ops []repo.Op) (leaves []cid.CID) {
	lost := map[cid.CID]bool{}
	for _, op := range ops {
		i := slices.Index(leaves, op.Prev)
		switch {
		case op.Action == repo.Delete && i >= 0:
			leaves = slices.Delete(leaves, i, i+1)
		case op.Action == repo.Delete:
			lost[op.Prev] = true
		case op.Action == repo.Create && lost[op.CID]:
			delete(lost, op.CID)
		default:
			if op.Action == repo.Update {
				lost[op.Prev] = true
			}
			if !slices.Contains(leaves, op.CID) {
				leaves = append(leaves, op.CID)
			}
		}
	}
	return leaves
}

package failures

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// operation is one way to use the network.
type operation struct {
	name string
	// path is that of the requests that fail; all others are answered well.
	path string
	// run returns an error unless it got what a good server has.
	run func(ctx context.Context, t *testing.T, c *client) error
	// list says that the answer is one of several pages, stream that it is not JSON and long.
	list, stream bool
	// writes says that the request must not be sent twice when it may have been carried out.
	writes bool
	// settles says that a lost answer is made up for by looking what has become of the request.
	settles bool
	// plain says that the answer has no CID to be wrong.
	plain bool
	// empty says that a good answer has no content.
	empty bool
	// detached says that it goes on, and waits, when the caller has given up.
	detached bool
	// once says that failures are not repeated within one look-up.
	once bool
}

var operations = []operation{
	{name: "identity.ResolveHandle", path: "/.well-known/atproto-did", plain: true, once: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		did, err := c.directory.ResolveHandle(ctx, handle)
		return same(err, did, c.did)
	}},
	{name: "identity.ResolveHandle at Network.Handles", path: "/xrpc/com.atproto.identity.resolveHandle", plain: true, once: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		directory := c.newDirectory(t, "https://"+host)
		did, err := directory.ResolveHandle(ctx, handle)
		return same(err, did, c.did)
	}},
	{name: "identity.ResolveDID", path: "/did:plc:", plain: true, once: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		document, err := c.directory.ResolveDID(ctx, c.did)
		if err != nil {
			return err
		}
		return same(nil, document.PDS, "https://"+host)
	}},
	{name: "pds.GetRecord", path: "/xrpc/com.atproto.repo.getRecord", run: func(ctx context.Context, t *testing.T, c *client) error {
		e, err := c.repos.GetRecord(ctx, c.uri, nil)
		return same(err, e.CID.String(), c.cid)
	}},
	{name: "pds.GetRepo", path: "/xrpc/com.atproto.sync.getRepo", stream: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		r, err := c.repos.GetRepo(ctx, syntax.AtIdentifier(c.did), nil)
		if err != nil {
			return err
		}
		defer r.Close()
		read := 0
		for e, err := range r.Envelopes(ctx) {
			if err != nil {
				return err
			}
			if e.Trust != rec.Signed {
				return fmt.Errorf("%s is %s", e.URI, e.Trust)
			}
			read++
		}
		return same(nil, read, size)
	}},
	{name: "pds.DescribeRepo", path: "/xrpc/com.atproto.repo.describeRepo", plain: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		description, err := c.repos.DescribeRepo(ctx, syntax.AtIdentifier(c.did))
		if err != nil {
			return err
		}
		return same(nil, description.DID, c.did)
	}},
	{name: "pds.GetLatestCommit", path: "/xrpc/com.atproto.sync.getLatestCommit", plain: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		commit, err := c.repos.GetLatestCommit(ctx, syntax.AtIdentifier(c.did), nil)
		return same(err, commit.CID.String(), c.cid)
	}},
	{name: "pds.GetRecordProof", path: "/xrpc/com.atproto.sync.getRecord", stream: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		proof, err := c.repos.GetRecordProof(ctx, c.uri)
		if err != nil {
			return err
		}
		return same(nil, proof.Record.CID.String(), c.cid)
	}},
	{name: "blob.Get", path: "/xrpc/com.atproto.sync.getBlob", stream: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		data, _, err := blob.Get(ctx, c.repos, c.did, c.blobRef(), nil)
		return same(err, string(data), string(c.blob))
	}},
	{name: "blob.Download", path: "/xrpc/com.atproto.sync.getBlob", stream: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		directory := t.TempDir()
		file := filepath.Join(directory, "blob")
		_, err := blob.Download(ctx, c.repos, c.did, c.blobRef(), file, nil)
		if err == nil {
			data, err := os.ReadFile(file)
			return same(err, string(data), string(c.blob))
		}
		if left, _ := os.ReadDir(directory); len(left) > 0 {
			t.Errorf("the failed download left %s behind", left[0].Name())
		}
		return err
	}},
	{name: "appview.Get", path: "/xrpc/pub.layers.expression.getExpression", plain: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		var params rpc.Params
		params.String("uri", string(c.uri))
		answer, err := c.appview(t).Get(ctx, "expression.getExpression", params)
		if err != nil {
			return err
		}
		id, _ := answer.Get("cid")
		text, _ := id.Text()
		return same(nil, text, c.cid)
	}},
	{name: "expression.GetExpression", path: "/xrpc/pub.layers.expression.getExpression", run: func(ctx context.Context, t *testing.T, c *client) error {
		entry, err := expression.NewClient(c.appview(t)).GetExpression(ctx, &expression.GetExpressionParams{URI: c.uri})
		if err != nil {
			return err
		}
		return same(nil, entry.CID.String(), c.cid)
	}},
	{name: "appview.Confirm", path: "/xrpc/com.atproto.sync.getRecord", stream: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		id, err := cid.Parse(c.cid)
		if err != nil {
			t.Fatal(err)
		}
		e, err := appview.Confirm(ctx, c.repos, rec.Envelope{URI: c.uri, CID: id})
		return same(err, e.Trust, rec.Signed)
	}},
	{name: "auth.Client.Renew", path: "/xrpc/com.atproto.server.refreshSession", plain: true, detached: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		session := c.session(t)
		err := session.Renew(ctx)
		access, _ := session.Session().Tokens()
		if err != nil && access != token("access") {
			t.Errorf("the session is lost: %v", err)
		}
		return same(err, access, token("renewed"))
	}},
	{name: "auth.Client.Logout", path: "/xrpc/com.atproto.server.deleteSession", plain: true, detached: true, empty: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		return c.session(t).Logout(ctx)
	}},
	{name: "auth.Login", path: "/xrpc/com.atproto.server.createSession", plain: true, writes: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		session, err := auth.Login(ctx, syntax.AtIdentifier(c.did), "app-password", auth.WithDirectory(c.directory), auth.WithXRPC(retry))
		if err != nil {
			if strings.Contains(fmt.Sprintf("%v %+v", err, err), "app-password") {
				t.Error("the error has the password")
			}
			return err
		}
		return same(nil, session.DID(), c.did)
	}},
	{name: "blob.Upload", path: "/xrpc/com.atproto.repo.uploadBlob", run: func(ctx context.Context, t *testing.T, c *client) error {
		b, err := blob.Upload(ctx, c.caller(t), strings.NewReader(string(c.blob)), "text/plain", nil)
		return same(err, b.Ref, c.blobRef().Ref)
	}},
	{name: "write.Create", path: "/xrpc/com.atproto.repo.createRecord", writes: true, settles: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		ref, err := write.Create(ctx, account{c.caller(t), c.did}, c.expression(t), &write.CreateOptions{RecordKey: c.uri.RecordKey()})
		return same(err, ref.CID.String(), c.cid)
	}},
	{name: "write.Put", path: "/xrpc/com.atproto.repo.putRecord", writes: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		ref, err := write.Put(ctx, account{c.caller(t), c.did}, c.uri.RecordKey(), c.changed(t), nil)
		return same(err, ref.URI, c.uri)
	}},
	{name: "write.Delete", path: "/xrpc/com.atproto.repo.deleteRecord", writes: true, plain: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		return write.Delete(ctx, account{c.caller(t), c.did}, c.uri, nil)
	}},
	{name: "batch.Apply, put", path: "/xrpc/com.atproto.repo.applyWrites", writes: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		return c.apply(ctx, t, batch.Op{Action: batch.ActionPut, Record: c.changed(t)})
	}},
	{name: "batch.Apply, delete", path: "/xrpc/com.atproto.repo.applyWrites", writes: true, plain: true, run: func(ctx context.Context, t *testing.T, c *client) error {
		return c.apply(ctx, t, batch.Op{Action: batch.ActionDelete, Collection: c.uri.Collection()})
	}},
}

// The lists of the other table are operations, too.
func init() {
	for _, l := range lists {
		if l.items == nil {
			continue // one answer
		}
		operations = append(operations, operation{name: l.name, path: "/xrpc/" + l.method, list: true, plain: !l.verified, run: func(ctx context.Context, t *testing.T, c *client) error {
			good, failed, err := l.run(ctx, t, c)
			if err == nil && failed > 0 {
				return fmt.Errorf("%s: %d failures", host, failed)
			}
			return same(err, good, l.items(c.world))
		}})
	}
}

// errWrong says that an operation got something else than a good server has, and no error.
var errWrong = errors.New("a wrong result")

func same[T comparable](err error, got, want T) error {
	if err == nil && got != want {
		return fmt.Errorf("%w: %v, not %v", errWrong, got, want)
	}
	return err
}

// account writes in the name of the world's account.
type account struct {
	rpc.Caller
	did syntax.DID
}

func (a account) DID() syntax.DID { return a.did }

// caller calls the server.
func (c *client) caller(t *testing.T) rpc.Caller {
	caller, err := xrpc.New("https://"+host, xrpc.WithNetwork(c.network()), retry)
	if err != nil {
		t.Fatal(err)
	}
	return caller
}

// appview calls the server as an appview.
func (c *client) appview(t *testing.T) *appview.Client { return appview.Through(c.caller(t)) }

// session is one of the account, whose tokens are old.
func (c *client) session(t *testing.T) *auth.Client {
	store := auth.NewMemoryStore()
	err := store.Update(t.Context(), c.did, func(context.Context, *auth.Session) (*auth.Session, error) {
		return auth.NewSession(c.did, handle, "https://"+host, token("access"), token("refresh")), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	session, err := auth.Resume(t.Context(), syntax.AtIdentifier(c.did), auth.WithStore(store), auth.WithDirectory(c.directory), auth.WithXRPC(retry))
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// expression is the record of the world, changed one that may take its place.
func (c *client) expression(t *testing.T) *expression.Expression {
	record := new(expression.Expression)
	if err := lex.DecodeJSON(c.value, record); err != nil {
		t.Fatal(err)
	}
	return record
}

func (c *client) changed(t *testing.T) *expression.Expression {
	record := c.expression(t)
	record.ID = "changed"
	return record
}

// apply carries one operation out, about the record of the world.
func (c *client) apply(ctx context.Context, t *testing.T, op batch.Op) error {
	op.RecordKey = c.uri.RecordKey()
	result, err := batch.Apply(ctx, account{c.caller(t), c.did}, batch.Ops(op), &batch.ApplyOptions{Lookup: records.Lookup, Attempts: 1})
	if err != nil {
		return err
	}
	return same(nil, result.Written, 1)
}

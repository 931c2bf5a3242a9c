package layersview

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/layers-pub/layers-go/layers/changelog"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

// View is an appview of Layers for tests. It is an [http.Handler] that answers queries from the records that were
// added by [View.Put]. It is safe for concurrent use.
type View struct {
	handler http.Handler
	resolve func(context.Context, syntax.Handle) (syntax.DID, error)

	mu          sync.RWMutex
	integration Integration
	records     map[syntax.ATURI]*record
	lists       map[syntax.NSID][]*record // in the order of lists
	refused     map[syntax.ATURI]error
}

// record is a record of Layers. It is not changed after it was added.
type record struct {
	place
	id   cid.CID
	data []byte
	// fields has the values that filters compare, by their names.
	fields map[string][]string
}

// place is the position of a record in the list of its collection.
type place struct {
	created string // in a form that sorts by time, or "" in lists that are in the order of URIs
	uri     syntax.ATURI
}

// compare returns the order of two places in a list, as [cmp.Compare] does.
func (p place) compare(other place) int {
	if p.created != "" || other.created != "" {
		p, other = other, p // the newest comes first
	}
	return cmp.Or(strings.Compare(p.created, other.created), strings.Compare(string(p.uri), string(other.uri)))
}

// Option is a setting of a [View].
type Option func(*View)

// WithHandles sets the function that resolves handles, which a query may contain in place of DIDs. It is called
// concurrently. By default no handle can be resolved.
func WithHandles(resolve func(ctx context.Context, handle syntax.Handle) (syntax.DID, error)) Option {
	return func(v *View) { v.resolve = resolve }
}

// New returns an appview without records.
func New(opts ...Option) *View {
	v := &View{
		records: map[syntax.ATURI]*record{},
		lists:   map[syntax.NSID][]*record{},
		refused: map[syntax.ATURI]error{},
		resolve: func(context.Context, syntax.Handle) (syntax.DID, error) {
			return "", fmt.Errorf("the appview cannot resolve handles")
		},
	}
	for _, opt := range opts {
		opt(v)
	}
	v.handler = xrpcserver.New(v.methods())
	return v
}

// ServeHTTP answers a query.
func (v *View) ServeHTTP(w http.ResponseWriter, r *http.Request) { v.handler.ServeHTTP(w, r) }

// Put adds or replaces the record at uri, whose authority must be a DID. id is the record's CID, and data its
// DAG-CBOR. Like other appviews, a View does not keep records of unknown collections or invalid records: Put ignores
// the former, and returns an [*issue.Error] for the latter, which [View.Refused] keeps. If an invalid record replaces
// an older version, that is removed. The CID is not compared with the record, so that an appview in a test can make
// false claims. The View keeps data, which must not change.
func (v *View) Put(uri syntax.ATURI, id cid.CID, data []byte) error {
	def, known := records.Lookup(uri.Collection())
	if !known {
		return nil
	}
	var fields lex.Map
	err := lex.DecodeCBOR(data, def.New())
	if err == nil {
		err = lex.DecodeCBOR(data, &fields)
	}
	if err != nil {
		err = fmt.Errorf("layersview: %s: %w", uri, err)
		v.mu.Lock()
		defer v.mu.Unlock()
		v.remove(uri)
		v.refused[uri] = err
		return err
	}
	r := &record{place: place{uri: uri}, id: id, data: data, fields: map[string][]string{}}
	for name, value := range fields.All() {
		if texts := filterable(value); texts != nil {
			r.fields[name] = texts
		}
	}
	if def.NSID == changelog.NSIDEntry {
		r.created = sortable(r.fields["createdAt"])
		r.fields["collection"] = r.fields["subjectCollection"]
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.remove(uri)
	v.records[uri] = r
	list := v.lists[def.NSID]
	at, _ := search(list, r.place)
	v.lists[def.NSID] = slices.Insert(list, at, r)
	return nil
}

// filterable returns the texts by which a field can be filtered: the text itself, the texts in an array, or the
// recordRef of an object. It returns nil if there is none.
func filterable(value lex.Value) (texts []string) {
	if text, ok := value.Text(); ok {
		return []string{text}
	}
	if object, ok := value.Map(); ok {
		value, _ := object.Get("recordRef")
		if text, ok := value.Text(); ok {
			return []string{text}
		}
	}
	if value.Kind() == lex.KindArray {
		for item := range value.Items() {
			if text, ok := item.Text(); ok {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

// sortable returns the time in createdAt, which has one item, as a text whose order is that of times.
func sortable(createdAt []string) string {
	t, err := syntax.Datetime(createdAt[0]).Time()
	if err != nil {
		return "0"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000000")
}

// Delete removes a record, if it is there.
func (v *View) Delete(uri syntax.ATURI) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.remove(uri)
}

// Refused returns the errors of [View.Put] by the URIs of the records that it refused. A record that was later
// replaced by a valid one, or deleted, is not among them. Refused tells a test why a record that it wrote is in no
// list.
func (v *View) Refused() map[syntax.ATURI]error {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return maps.Clone(v.refused)
}

// remove removes a record. v must be locked.
func (v *View) remove(uri syntax.ATURI) {
	delete(v.refused, uri)
	r := v.records[uri]
	if r == nil {
		return
	}
	delete(v.records, uri)
	list := v.lists[uri.Collection()]
	if at, found := search(list, r.place); found {
		v.lists[uri.Collection()] = slices.Delete(list, at, at+1)
	}
}

// search returns the index at which a record with the place p is or would be in list, and whether it is there.
func search(list []*record, p place) (at int, found bool) {
	return slices.BinarySearchFunc(list, p, func(r *record, p place) int { return r.compare(p) })
}

// find returns the record with a URI, or nil.
func (v *View) find(uri syntax.ATURI) *record {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.records[uri]
}

// page returns the first records of a collection that match and come after a place, at most limit of them, and whether
// there are more. A nil after means the beginning.
func (v *View) page(collection syntax.NSID, after *place, limit int, match func(*record) bool) (page []*record, more bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	list := v.lists[collection]
	if after != nil {
		at, found := search(list, *after)
		if found {
			at++
		}
		list = list[at:]
	}
	for _, r := range list {
		if !match(r) {
			continue
		}
		if len(page) == limit {
			return page, true
		}
		page = append(page, r)
	}
	return page, false
}

// cursor returns the cursor of the page that begins after a place.
func (p place) cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte(p.created + " " + string(p.uri)))
}

// parseCursor returns the place after which the page at a cursor begins. collection is the collection of the list.
func parseCursor(cursor string, collection syntax.NSID) (place, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	created, uri, _ := strings.Cut(string(text), " ")
	p := place{created, syntax.ATURI(uri)}
	if err != nil || !syntax.ValidATURI(uri) || p.uri.Collection() != collection || (created != "") != (collection == changelog.NSIDEntry) {
		return place{}, &xrpcserver.Error{Status: http.StatusBadRequest, Name: "InvalidRequest", Message: "malformed cursor"}
	}
	return p, nil
}

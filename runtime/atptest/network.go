package atptest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest/internal/faults"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/store"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/wire"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Network is a PLC directory with its accounts and their servers. It is safe for concurrent use, and so are its servers
// and accounts.
type Network struct {
	options options
	tb      testing.TB // nil after Start
	helper  func()     // marks its caller as a helper of tb, if there is one
	wire    *wire.Wire
	client  *http.Client
	plc     *PLC

	mu       sync.Mutex
	change   sync.Cond // signalled when a stream has a new event or ends
	closed   bool
	servers  []*Server
	faults   faults.List // of all servers
	pdses    []*PDS
	relays   []*Relay
	appview  *AppView
	accounts map[syntax.DID]*Account
	order    []*Account // as they were made
	txt      map[string][]string
	watchers []func(Change)
	wait     sync.WaitGroup // for requests
}

// New returns a network that is closed at the end of the test, with a PLC directory, an appview and no other server.
// It fails the test at once if the network cannot be started or an option is invalid. Methods of the network, its
// servers and its accounts also call t.Fatal if their arguments are invalid, so call them in the test's own goroutine.
func New(t testing.TB, opts ...Option) *Network {
	t.Helper()
	n, err := start(t, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// Start returns a network that must be closed by [Network.Close], with a PLC directory, an appview and no other
// server. Methods of the network, its servers and its accounts panic if their arguments are invalid. An error says
// which option is invalid, or that the directory or the appview cannot listen.
func Start(opts ...Option) (*Network, error) { return start(nil, opts) }

func start(tb testing.TB, opts []Option) (*Network, error) {
	n := &Network{options: defaults(), tb: tb, helper: func() {}, accounts: map[syntax.DID]*Account{}, txt: map[string][]string{}}
	if tb != nil {
		n.helper = tb.Helper
	}
	n.change.L = &n.mu
	for _, opt := range opts {
		if err := opt(&n.options); err != nil {
			return nil, fmt.Errorf("atptest: %w", err)
		}
	}
	n.wire = wire.New(n.options.memory)
	n.client = n.wire.Client(n.hostOf)
	n.plc = &PLC{}
	var err error
	if n.plc.Server, err = n.listen("the PLC directory", http.HandlerFunc(n.servePLC)); err != nil {
		return nil, err
	}
	if err := n.newAppView(); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// Close closes all connections and stops all servers. It returns when all requests have ended. Closing a network again
// does nothing.
func (n *Network) Close() {
	n.mu.Lock()
	n.closed = true
	servers := slices.Clone(n.servers)
	for _, p := range n.pdses {
		p.cut()
	}
	for _, r := range n.relays {
		r.cut()
	}
	n.change.Broadcast()
	n.mu.Unlock()
	for _, s := range servers {
		s.server.Close()
	}
	n.client.CloseIdleConnections()
	n.wait.Wait()
}

// fail fails the test, or panics if there is none. It is for mistakes of the caller, and for errors that cannot happen.
func (n *Network) fail(format string, arguments ...any) {
	message := fmt.Sprintf("atptest: "+format, arguments...)
	if n.tb == nil {
		panic(message)
	}
	n.tb.Helper()
	n.tb.Fatal(message)
}

// check calls fail if err is not nil.
func (n *Network) check(err error) {
	if err != nil {
		n.fail("%v", err)
	}
}

// Options describes the network for the option WithNetwork that all packages of the SDK have: the directory, the handles and
// the appview are those of this network, and nothing outside can be reached. A connection to any other address fails like one
// to a name that does not exist.
func (n *Network) Options() network.Network {
	n.mu.Lock()
	defer n.mu.Unlock()
	return network.Network{PLC: n.plc.URL, Appview: n.appview.URL, AllowPrivate: true, HTTPClient: n.client, LookupTXT: n.lookupTXT}
}

// Environment returns the environment variables, NAME=VALUE, with which another process uses the network, as
// [network.FromEnv] reads them: the directory, the first PDS, which then resolves all handles, and the appview.
func (n *Network) Environment() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := []string{"LAYERS_ALLOW_PRIVATE=1", "LAYERS_PLC=" + n.plc.URL, "LAYERS_APPVIEW=" + n.appview.URL}
	if len(n.pdses) > 0 {
		list = append(list, "LAYERS_PDS="+n.pdses[0].URL)
	}
	return list
}

// hostOf returns the address, "host:port", of the PDS of the account with a handle, or "".
func (n *Network) hostOf(handle string) (address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if a := n.accountOf(syntax.AtIdentifier(handle)); a != nil {
		address = strings.TrimPrefix(a.pds.URL, "http://")
	}
	return address
}

// SetTXT sets the TXT records of a DNS name, such as "_atproto.alice.test". By default the name of a handle has a record
// with its account's DID. Without records the name does not exist.
func (n *Network) SetTXT(name string, records ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.txt[strings.ToLower(name)] = records
}

func (n *Network) lookupTXT(ctx context.Context, name string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	name = strings.ToLower(name)
	records, set := n.txt[name]
	if handle, ok := strings.CutPrefix(name, "_atproto."); ok && !set {
		if a := n.accountOf(syntax.AtIdentifier(handle)); a != nil {
			records = []string{"did=" + string(a.DID)}
		}
	}
	if len(records) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return slices.Clone(records), nil
}

// accountOf returns the account with a DID or a handle, or nil. n must be locked.
func (n *Network) accountOf(id syntax.AtIdentifier) *Account {
	if a := n.accounts[syntax.DID(id)]; a != nil {
		return a
	}
	for _, a := range n.order {
		if string(a.handle) == strings.ToLower(string(id)) && a.status != Deleted {
			return a
		}
	}
	return nil
}

// Accounts returns all accounts in the order in which they were made, deleted ones included.
func (n *Network) Accounts() []*Account {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.order)
}

// Records returns the records of all active accounts, or those of one collection unless it is "", in the order in which they
// were written last.
func (n *Network) Records(collection syntax.NSID) []Record {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []*store.Record
	for _, a := range n.order {
		if a.status == Active {
			all = append(all, a.repo.List(collection)...)
		}
	}
	slices.SortStableFunc(all, func(a, b *store.Record) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Number, b.Number)) })
	return recordsOf(all)
}

// Change is a record that was written or deleted, as an index of the network sees it.
type Change struct {
	// Record is the record. A deleted one has only its URI.
	Record
	// Deleted says that the record was deleted, or that its account is not active any more.
	Deleted bool
}

// Watch calls f for each record of the active accounts. From then on, it calls f for each record that is written or
// deleted, or whose account becomes active or inactive, before the call that causes the change returns. It is for
// appviews. f must not call methods of the network, and must be quick.
func (n *Network) Watch(f func(Change)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range n.order {
		for _, r := range a.repo.List("") {
			if a.status == Active {
				f(Change{Record: recordOf(r)})
			}
		}
	}
	n.watchers = append(n.watchers, f)
}

// tell calls the watchers with a change. The network must be locked.
func (n *Network) tell(c Change) {
	for _, f := range n.watchers {
		f(c)
	}
}

// PLC returns the PLC directory.
func (n *Network) PLC() *PLC { return n.plc }

// NewAccount makes an account at the first PDS, which it starts if there is none; see [PDS.NewAccount].
func (n *Network) NewAccount(handle syntax.Handle) *Account {
	n.helper()
	n.mu.Lock()
	pdses := n.pdses
	n.mu.Unlock()
	if len(pdses) == 0 {
		return n.NewPDS().NewAccount(handle)
	}
	return pdses[0].NewAccount(handle)
}

// now returns the time of the network's clock.
func (n *Network) now() time.Time { return n.options.now() }

// options has what the options of type [Option] set.
type options struct {
	now             func() time.Time
	access, refresh time.Duration
	grace           time.Duration
	lookup          func(syntax.NSID) (lex.RecordDef, bool)
	blobLimit       int64
	byTree          bool
	memory          bool
	keys            *syntax.TIDClock
}

func defaults() options {
	return options{
		now: time.Now, access: 2 * time.Hour, refresh: 90 * 24 * time.Hour, grace: 2 * time.Hour,
		lookup: func(syntax.NSID) (lex.RecordDef, bool) { return lex.RecordDef{}, false }, blobLimit: 5 << 20, keys: syntax.NewTIDClock(),
	}
}

// Option is a setting of a [Network].
type Option func(*options) error

// WithClock sets the function that returns the time. The default is [time.Now].
func WithClock(now func() time.Time) Option {
	return func(o *options) error {
		if now == nil {
			return errors.New("WithClock(nil)")
		}
		o.now = now
		return nil
	}
}

// WithSessions sets how long access and refresh tokens are valid, and for how long a refresh token that was used can be used
// again. The defaults are those of the reference PDS: two hours, 90 days and two hours.
func WithSessions(access, refresh, grace time.Duration) Option {
	return func(o *options) error {
		if access <= 0 || refresh <= 0 || grace < 0 {
			return fmt.Errorf("WithSessions(%v, %v, %v): a token is never valid", access, refresh, grace)
		}
		o.access, o.refresh, o.grace = access, refresh, grace
		return nil
	}
}

// WithRecords makes PDSes validate the records of the collections that lookup knows, such as those of package
// layers/records, when they are written. By default no collection is known, and the server reports the validation
// status of each record as unknown.
func WithRecords(lookup func(syntax.NSID) (lex.RecordDef, bool)) Option {
	return func(o *options) error {
		if lookup == nil {
			return errors.New("WithRecords(nil)")
		}
		o.lookup = lookup
		return nil
	}
}

// WithBlobLimit sets the size in bytes of the largest blob that PDSes accept. The default is 5 MiB.
func WithBlobLimit(size int64) Option {
	return func(o *options) error {
		if size <= 0 {
			return fmt.Errorf("WithBlobLimit(%d)", size)
		}
		o.blobLimit = size
		return nil
	}
}

// WithTreeOrder makes PDSes send the blocks of a repository in the order of its tree, so that it can be read as a stream. By
// default they send the blocks in the order of the reference PDS: those of the latest revision first, and those of one
// revision by descending CIDs.
func WithTreeOrder() Option {
	return func(o *options) error {
		o.byTree = true
		return nil
	}
}

// WithMemory connects clients with the servers in memory instead of over the loopback interface. Other processes
// cannot reach the servers, and in this process only the client that [Network.Options] describes can. The URLs of
// servers and the DIDs of accounts are the same in each run. WithMemory is for tests with [testing/synctest]: create
// the network in the bubble.
func WithMemory() Option {
	return func(o *options) error {
		o.memory = true
		return nil
	}
}

package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/bluesky-social/indigo/atproto/identity"
	"github.com/bluesky-social/indigo/cmd/relay/relay"
	"github.com/bluesky-social/indigo/cmd/relay/relay/models"
	"github.com/bluesky-social/indigo/cmd/relay/stream"
	"github.com/bluesky-social/indigo/cmd/relay/stream/eventmgr"
	"github.com/bluesky-social/indigo/cmd/relay/stream/persist/diskpersist"
	"github.com/bluesky-social/indigo/util/cliutil"
	"gorm.io/gorm"
)

// Options are the settings of [Start].
type Options struct {
	// PLC is the origin of the directory that the relay looks accounts up in.
	PLC string
	// Since is the sequence number of an event of the source: the relay starts reading after it. 0 means 1, because with
	// 0 the relay would start at the end of the stream.
	Since int64
	// Foreign makes the relay accept events of accounts whose DID documents name another server, as when the source is
	// a proxy of the reference PDS. Otherwise the relay refuses them.
	Foreign bool
	// AfterPlayback, if it is not nil, is called when the relay has sent the old events that a consumer asked for, and
	// before it registers the consumer for new ones.
	AfterPlayback func()
}

// Relay is a running relay. It is safe for concurrent use.
type Relay struct {
	t       testing.TB
	options Options
	host    string // the host of the source: the relay accepts only "localhost:PORT"
	address string // the address that the relay listens on, the same after a restart

	mu      sync.Mutex
	dir     string   // the directory of the relay's state
	lastSeq int64    // the sequence number of the last event of the source that the relay had read when it stopped
	running *running // nil if the relay is stopped
}

// running is the part of a [Relay] that exists while it runs: each start makes a new one, and Stop ends it.
type running struct {
	server  *http.Server
	relay   *relay.Relay
	persist *persistence
	db      *gorm.DB
	streams sync.WaitGroup     // the streams of consumers that are still being served
	ended   context.Context    // canceled by end
	end     context.CancelFunc // ends the streams
}

// persistence is the relay's store of events. It calls after, if that is not nil, when it has sent old events to a consumer.
type persistence struct {
	*diskpersist.DiskPersistence
	after func()
}

func (p *persistence) Playback(ctx context.Context, since int64, event func(*stream.XRPCStreamEvent) error) error {
	err := p.DiskPersistence.Playback(ctx, since, event)
	if p.after != nil {
		p.after()
	}
	return err
}

// Start starts a relay that reads the stream of source, an origin such as [reference.Servers.PDS], after the event
// [Options.Since]. The relay runs until the end of the test.
func Start(t testing.TB, source string, options Options) *Relay {
	t.Helper()
	silence()
	u, err := url.Parse(source)
	if err != nil || u.Port() == "" {
		t.Fatalf("relay: the source %s has no port", source)
	}
	r := &Relay{t: t, options: options, host: "localhost:" + u.Port(), dir: t.TempDir(), lastSeq: cmp.Or(options.Since, 1)}
	r.start()
	t.Cleanup(r.Stop)
	return r
}

// silence turns off the relay's log, errors included. If LAYERS_RELAY_LOG is in the environment, it makes the relay log
// everything.
var silence = sync.OnceFunc(func() {
	level := slog.LevelError + 1
	if os.Getenv("LAYERS_RELAY_LOG") != "" {
		level = slog.LevelDebug
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})))
})

// URL returns the relay's origin, with the scheme ws. It stays the same after a restart.
func (r *Relay) URL() string { return "ws://" + r.address }

// Stop stops the relay. Connections end without a close frame. If the relay is stopped already, Stop does nothing.
func (r *Relay) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.running; n != nil {
		r.running = nil
		var err error
		if r.lastSeq, err = n.stop(r.host); err != nil {
			r.t.Errorf("relay: %v", err)
		}
	}
}

// Restart stops the relay and starts it again with its stored state. It continues to read the source where it stopped.
func (r *Relay) Restart() {
	r.t.Helper()
	r.Stop()
	r.start()
}

// Reset stops the relay and starts it again without its stored state, so that it numbers its events from 1. It reads only
// the events of the source that it has not read before.
func (r *Relay) Reset() {
	r.t.Helper()
	r.Stop()
	r.mu.Lock()
	r.dir = r.t.TempDir()
	r.mu.Unlock()
	r.start()
}

func (r *Relay) start() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.run()
	if err != nil {
		r.t.Fatalf("relay: %v", err)
	}
	r.running = n
}

func (r *Relay) run() (*running, error) {
	ctx, cancel := context.WithCancel(context.Background())
	n := &running{ended: ctx, end: cancel}
	var err error
	if n.db, err = cliutil.SetupDatabase("sqlite://"+filepath.Join(r.dir, "relay.sqlite"), 1); err != nil {
		return nil, err
	}
	disk, err := diskpersist.NewDiskPersistence(r.dir, "", n.db, diskpersist.DefaultDiskPersistOptions())
	if err != nil {
		return nil, err
	}
	n.persist = &persistence{DiskPersistence: disk, after: r.options.AfterPlayback}
	config := relay.DefaultRelayConfig()
	config.TrustedDomains = []string{r.host}
	config.SkipAccountHostCheck = r.options.Foreign
	client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	directory := &identity.BaseDirectory{PLCURL: r.options.PLC, HTTPClient: *client, SkipHandleVerification: true}
	if n.relay, err = relay.NewRelay(n.db, eventmgr.NewEventManager(n.persist), directory, config); err != nil {
		return nil, err
	}
	disk.SetUidSource(n.relay)
	checker := relay.NewHostClient("")
	checker.Client = client
	n.relay.HostChecker = checker

	// Without this entry, the relay would read the host from the current end of its stream, which the test does not know.
	host := models.Host{Hostname: r.host, NoSSL: true, Status: models.HostStatusActive, Trusted: true,
		AccountLimit: config.TrustedRepoLimit, LastSeq: r.lastSeq}
	if err := n.db.Where("hostname = ?", r.host).FirstOrCreate(&host).Error; err != nil {
		return nil, err
	}
	if err := n.relay.SubscribeToHost(ctx, r.host, true, true); err != nil {
		return nil, err
	}

	listener, err := net.Listen("tcp", cmp.Or(r.address, "127.0.0.1:0"))
	if err != nil {
		return nil, err
	}
	r.address = listener.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /xrpc/com.atproto.sync.subscribeRepos", n.subscribe)
	n.server = &http.Server{Handler: mux}
	go n.server.Serve(listener)
	return n, nil
}

// subscribe serves one consumer until the consumer or the relay ends the stream.
func (n *running) subscribe(w http.ResponseWriter, request *http.Request) {
	n.streams.Add(1)
	defer n.streams.Done()
	var since *int64
	if text := request.URL.Query().Get("cursor"); text != "" {
		cursor, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		since = &cursor
	}
	ctx, cancel := context.WithCancel(request.Context())
	defer cancel()
	stop := context.AfterFunc(n.ended, cancel)
	defer stop()
	n.relay.HandleSubscribeRepos(w, request.WithContext(ctx), since, request.RemoteAddr)
}

// stop ends the connection to the source, the streams and the server, and closes the database. It returns the sequence
// number of the last event of the source that the relay has read.
func (n *running) stop(host string) (int64, error) {
	err := n.relay.Slurper.Shutdown()
	n.relay.Slurper.KillUpstreamConnection(context.Background(), host, false)
	for deadline := time.Now().Add(10 * time.Second); n.relay.Slurper.CheckIfSubscribed(host); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return 0, errors.New("the connection to the source does not end")
		}
	}
	n.end()
	n.server.Close()
	n.streams.Wait()
	err = cmp.Or(err, n.persist.Shutdown(context.Background()))
	var row models.Host
	err = cmp.Or(err, n.db.First(&row, "hostname = ?", host).Error)
	if err != nil {
		return 0, fmt.Errorf("stopping: %w", err)
	}
	db, err := n.db.DB()
	if err != nil {
		return 0, err
	}
	return row.LastSeq, db.Close()
}

package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/internal/sample"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// handle is the handle of the demo's only account.
const handle = "alice.example.com"

// longest limits how long the tour may take. Normally it takes about a second.
const longest = time.Minute

// world is the network of the demo.
type world struct {
	network *atptest.Network
	pds     *atptest.PDS
	relay   *atptest.Relay
	alice   *atptest.Account
	corpus  *sample.Corpus
}

// start starts the network with one account, whose repository is empty.
func start() (*world, error) {
	n, err := atptest.Start(atptest.WithRecords(records.Lookup))
	if err != nil {
		return nil, err
	}
	w := &world{network: n, pds: n.NewPDS(), relay: n.NewRelay()}
	w.alice = w.pds.NewAccount(handle)
	if w.corpus, err = sample.New(w.alice.DID); err != nil {
		n.Close()
		return nil, err
	}
	return w, nil
}

// demo is the state of the tour: what its steps need, and what each step leaves for later ones.
type demo struct {
	out        io.Writer
	servers    network.Network
	relay      string // the address
	password   string
	corpus     *sample.Corpus
	operations []batch.Op // they put the valid records

	account    *auth.Client
	client     *pds.Client
	repository *repo.Repo
	all        *records.Repository
	cursor     lex.Opt[int64]
}

// step is one step of the tour.
type step struct {
	title, text string
	functions   []string // functions in steps.go whose code is printed
	run         func(*demo, context.Context) error
}

// steps are the steps of the tour, in order.
var steps = []step{
	{"Publish", "Alice publishes a small corpus, in a batch that can be applied again after any failure.",
		[]string{"publish"}, (*demo).publish},
	{"Refused", "A record is checked against its lexicon before anything is sent.",
		[]string{"refuse"}, (*demo).refuse},
	{"Resolve", "Another program of hers checked nothing, and wrote two broken records. Now we read her repository. We know her\nhandle alone.",
		[]string{"resolve"}, (*demo).resolve},
	{"Pull", "The whole repository: each block is hashed, the tree checked, the signature verified, each record decoded.",
		[]string{"pull"}, (*demo).pull},
	{"Failures", "No record disappears: a failure has the bytes of its record, and all that is wrong with it.",
		[]string{"failures"}, (*demo).failures},
	{"Warnings", "Some records are valid, and probably wrong.",
		[]string{"warnings"}, (*demo).warnings},
	{"Draw", "A sentence, with all that is annotated.",
		[]string{"draw"}, (*demo).draw},
	{"Follow", "Alice annotates one more sentence, while we follow the relay. Each change arrives verified.",
		[]string{"annotate", "follow"}, (*demo).annotateAndFollow},
}

// tour runs the steps, and prints the code and the results of each.
func tour(ctx context.Context, out io.Writer, w *world) error {
	ctx, cancel := context.WithTimeoutCause(ctx, longest, fmt.Errorf("the demo took more than %v", longest))
	defer cancel()
	d := &demo{out: out, servers: w.network.Options(), relay: w.relay.URL, password: w.alice.NewAppPassword(), corpus: w.corpus}
	for _, r := range slices.Concat(w.corpus.Records, w.corpus.Doubtful) {
		def, _ := records.Lookup(r.Collection)
		op := batch.Op{Action: batch.ActionPut, RecordKey: r.RecordKey, Record: def.New()}
		if err := lex.DecodeJSON(r.JSON, op.Record); err != nil {
			return fmt.Errorf("%s: %w", r.URI, err)
		}
		d.operations = append(d.operations, op)
	}
	fmt.Fprint(out, "A directory, a server (PDS) and a relay of the AT Protocol run in this process. Nothing leaves this machine.\n"+
		"The Go below is what runs, without the checks of errors.\n")
	for i, s := range steps {
		fmt.Fprintf(out, "\n%d. %s\n\n%s\n\n", i+1, s.title, s.text)
		for _, function := range s.functions {
			fmt.Fprintln(out, indent(code(function)))
		}
		if err := s.run(d, ctx); err != nil {
			return fmt.Errorf("%s: %w", strings.ToLower(s.title), err)
		}
		if s.title == "Refused" {
			for _, r := range slices.Concat(w.corpus.Broken, w.corpus.Unknown) {
				w.alice.PutJSON(r.Collection, r.RecordKey, string(r.JSON))
			}
			d.cursor = lex.SomeInt(w.relay.Seq())
		}
	}
	return d.repository.Close()
}

// annotateAndFollow follows the relay while another goroutine writes a sentence and its annotations.
func (d *demo) annotateAndFollow(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	written := make(chan error, 1)
	go func() {
		err := d.annotate(ctx)
		if err != nil {
			cancel(err) // nothing will arrive
		}
		written <- err
	}()
	err := d.follow(ctx)
	if err != nil {
		cancel(err)
	}
	return errors.Join(<-written, err)
}

// say prints a line of results.
func (d *demo) say(format string, arguments ...any) {
	fmt.Fprintf(d.out, format+"\n", arguments...)
}

// table prints for each collection how many records there are, and how many of them were decoded, are invalid, or have
// no known lexicon.
func (d *demo) table() {
	var total rec.Counts
	row := func(name string, c rec.Counts) {
		d.say("%-40s %7d %7d %7d %7d", name, c.Expected, c.Decoded, c.Failed, c.Skipped)
	}
	d.say("%-40s %7s %7s %7s %7s", "collection", "records", "decoded", "failed", "unknown")
	for _, collection := range slices.Sorted(maps.Keys(d.all.Counts)) {
		if c := d.all.Counts[collection]; c.Expected > 0 {
			row(string(collection), c)
			total.Add(c)
		}
	}
	row("total", total)
}

// path returns the collection of a record, without "pub.layers.", and its key.
func path(uri syntax.ATURI) string {
	return strings.TrimPrefix(string(uri.Collection()), "pub.layers.") + "/" + string(uri.RecordKey())
}

// now returns the current time in the format of records' datetime fields.
func now() syntax.Datetime {
	return syntax.Datetime(time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
}

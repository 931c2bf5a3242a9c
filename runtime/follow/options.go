package follow

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Options are the options of [Run]; nil stands for the zero value.
type Options struct {
	// Collections are the wanted collections, written as in [firehose.Options]; an empty list means
	// firehose.DefaultCollections. If a later Run no longer wants a collection, its records are delivered as deleted.
	Collections []string
	// Types are the record types that are decoded, for the Value of a [Change]; for Layers, use records.Types. Records
	// of other collections are not decoded.
	Types []lex.RecordDef

	// Repos are the repositories to follow. An empty list means all that have wanted records.
	Repos []syntax.DID
	// Host is the origin of the server that is asked which repositories have wanted records, such as
	// "https://relay.example.com". It is asked by com.atproto.sync.listReposByCollection for each of Collections, and,
	// if one of them is a pattern, for each of Types that matches the pattern. If Host lacks this method, or a pattern
	// matches no type, Run lists all repositories of Host (listRepos) and asks for the collections of each, which
	// takes long for a relay. If Host is empty, Run follows only the repositories in Repos, those in the store, and
	// those that appear on the stream. Host also says which repositories have changed: see Compare.
	Host string
	// Server is the origin of the PDS if the source is a PDS; it is empty for a relay. A PDS is trusted only about its
	// own accounts: events about accounts whose DID document names another server are refused.
	Server string
	// Mirrors are the origins of servers that have archives of repositories, such as "https://mirror.example.com". If
	// the account's own server cannot be reached, fails, or does not have its repository, Run asks other servers for
	// it (com.atproto.sync.getRepo), in this order: the one whose stream the source is, Host, and Mirrors. Run
	// verifies what they send like everything else, and does not accept an older state than the known one. That such a
	// server does not have the repository proves nothing. Once the account's own server can be reached, Run compares
	// the copy with the repository there.
	Mirrors []string
	// Client fetches repositories, by default from the accounts' own servers. Nil means a new client with the defaults
	// of pds.New.
	Client *pds.Client

	// Fetches is how many repositories are fetched or checked at once; 0 means 16. At most a quarter of these
	// requests, but at least one, go to the same server.
	Fetches int
	// Patience is the period in which a server must send at least 1 KiB of an archive a second, on average, and in
	// which it must answer other requests about a repository; 0 means 30 seconds.
	Patience time.Duration
	// MaxRepoSize is the size of the largest archive that is fetched, in bytes; 0 means 1 GiB. Archives that do not fit
	// in memory are stored in a temporary file.
	MaxRepoSize int64
	// MaxRepos is how many repositories are followed at most; 0 means a million. Each takes about 500 bytes of memory.
	MaxRepos int
	// MaxHeld is how many bytes of events may be kept for repositories that are being fetched; 0 means 64 MiB. One
	// repository may take a sixteenth of that. A repository that needs more is fetched again.
	MaxHeld int64

	// Compare is how often the stored commit of each repository is compared with its server's, in addition to
	// comparisons after a known gap in the stream; 0 means every 6 hours, and a negative number means only after gaps
	// and when Run begins. A repository that differs is fetched. If the source does not verify commits, each repository
	// that has changed since the last comparison is fetched.
	Compare time.Duration
	// Grace is how long Run waits for a commit that a server has, but that has not arrived on the stream, before it
	// fetches the repository; 0 means 10 seconds.
	Grace time.Duration

	// Once makes Run return nil when each repository that was found has been fetched, has been compared with its
	// server, or has failed three times in a row.
	Once bool

	// Queue is how many bytes of frames and events may wait to be handled: see [firehose.Options].
	Queue int64
	// Monitor, if it is not nil, is kept up to date: see [Monitor.Health].
	Monitor *Monitor
}

// settings are Options with their defaults.
type settings struct {
	Options
	filter  string // identifies the wanted collections
	wanted  stream.Filter
	nsids   []syntax.NSID // the collections to ask Host for
	listAll bool          // whether Host has to list all repositories
	lookup  map[syntax.NSID]lex.RecordDef
	perHost int
}

func (o *Options) check() (*settings, error) {
	s := &settings{}
	if o != nil {
		s.Options = *o
	}
	if len(s.Collections) == 0 {
		s.Collections = firehose.DefaultCollections
	}
	s.Fetches = orInt(s.Fetches, 16)
	s.perHost = max(1, s.Fetches/4)
	s.MaxRepos = orInt(s.MaxRepos, 1_000_000)
	for _, n := range []struct {
		value   *int64
		usually int64
	}{{&s.MaxRepoSize, 1 << 30}, {&s.MaxHeld, 64 << 20}} {
		if *n.value <= 0 {
			*n.value = n.usually
		}
	}
	for _, d := range []struct {
		value   *time.Duration
		usually time.Duration
	}{{&s.Patience, 30 * time.Second}, {&s.Grace, 10 * time.Second}, {&s.Compare, 6 * time.Hour}} {
		if *d.value == 0 {
			*d.value = d.usually
		}
	}
	if s.Patience < 0 || s.Grace < 0 {
		return nil, errors.New("follow: Patience and Grace must not be negative")
	}
	if s.Monitor == nil {
		s.Monitor = new(Monitor)
	}
	if s.Client == nil {
		client, err := pds.New()
		if err != nil {
			return nil, err
		}
		s.Client = client
	}
	s.Host = strings.TrimSuffix(s.Host, "/")
	s.Mirrors = slices.Clone(s.Mirrors)
	for i, mirror := range s.Mirrors {
		if at, err := url.Parse(mirror); err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http" {
			return nil, fmt.Errorf("follow: Mirrors: %q is not the origin of a server", mirror)
		}
		s.Mirrors[i] = strings.TrimSuffix(mirror, "/")
	}
	var err error
	if s.wanted, err = stream.NewFilter(s.Collections, s.Repos); err != nil {
		return nil, err
	}
	s.lookup = map[syntax.NSID]lex.RecordDef{}
	for _, t := range s.Types {
		s.lookup[t.NSID] = t
	}
	for _, c := range s.Collections {
		if !strings.HasSuffix(c, "*") {
			s.nsids = append(s.nsids, syntax.NSID(c))
			continue
		}
		matches := 0
		for _, t := range s.Types {
			if strings.HasPrefix(string(t.NSID), strings.TrimSuffix(c, "*")) {
				s.nsids = append(s.nsids, t.NSID)
				matches++
			}
		}
		s.listAll = s.listAll || matches == 0
	}
	sorted := slices.Clone(s.Collections)
	slices.Sort(sorted)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(sorted), " ")))
	s.filter = hex.EncodeToString(sum[:6])
	return s, nil
}

func orInt(n, usually int) int {
	if n <= 0 {
		return usually
	}
	return n
}

// wants reports whether a collection is wanted.
func (s *settings) wants(collection syntax.NSID) bool { return s.wanted.WantsPath([]byte(collection)) }

// typeOf returns the type of a collection's records.
func (s *settings) typeOf(collection syntax.NSID) (lex.RecordDef, bool) {
	t, ok := s.lookup[collection]
	return t, ok
}

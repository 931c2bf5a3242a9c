package firehose

import (
	"sync"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/meter"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Health is the state of a subscription at one moment, for operators. All counts are since the subscription began.
type Health struct {
	// Endpoint is the source.
	Endpoint string `json:"endpoint"`
	// Connected says whether there is a connection. Since is when it began or, without one, when the last one ended.
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since"`
	// Reconnects counts the connections after the first. Failure says why the last one ended, or could not be made.
	Reconnects int64  `json:"reconnects"`
	Failure    string `json:"failure,omitempty"`

	// Frames and Bytes count the frames that were received and their bytes. Events counts the events that were yielded,
	// and BadFrames the [*BadFrame] events among them.
	Frames    int64 `json:"frames"`
	Bytes     int64 `json:"bytes"`
	Events    int64 `json:"events"`
	BadFrames int64 `json:"badFrames"`
	// Rate is the number of frames a second, averaged over about the last minute.
	Rate float64 `json:"rate"`
	// LastFrame is when the last frame was received, and Age is how long ago that was. A quiet stream can be healthy:
	// Connected says whether the source is alive.
	LastFrame time.Time     `json:"lastFrame"`
	Age       time.Duration `json:"age"`
	// Lag is the difference between the time in the last frame and the time when it was received, which shows how far
	// the subscription is behind the source. It depends on both clocks.
	Lag time.Duration `json:"lag"`

	// Read is the position up to which frames were read, and Done is the position up to which all events are
	// acknowledged.
	Read Position `json:"read"`
	Done Position `json:"done"`
	// Unacknowledged is the number of frames after Done with events that are not acknowledged.
	Unacknowledged int `json:"unacknowledged"`
	// Queued is the number of bytes of frames and events that wait for the loop, and Limit is its maximum.
	Queued int64 `json:"queued"`
	Limit  int64 `json:"limit"`

	// Collections has an entry for each collection that [Options] names, and for other collections that had a record,
	// until there are 1,000 entries. The collections after that are counted together under "".
	Collections map[syntax.NSID]CollectionHealth `json:"collections"`
}

// CollectionHealth counts the events of one collection.
type CollectionHealth struct {
	// Events is the number of records that were yielded.
	Events int64 `json:"events"`
	// Last is when the last record was yielded, or the zero time.
	Last time.Time `json:"last"`
	// Seq is the [Header.Seq] of the last record.
	Seq int64 `json:"seq"`
}

// Monitor shows the [Health] of a subscription, while it runs and afterwards. It is set in the subscription's
// [Options]. It belongs to one subscription at a time. The zero Monitor is ready to use. It is safe for concurrent use.
type Monitor struct {
	mu     sync.Mutex
	health Health
	rate   meter.Rate
	last   stream.Position // of the last frame with a number
	has    bool            // whether last is set
	stated [64]byte        // the time that the last frame states
	length int             // the length of that time
	stream *stream.Subscription
}

// maxCollections is how many entries Health.Collections has before further collections are counted under "".
const maxCollections = 1000

// Health returns the current state of the subscription. It is the zero Health before the subscription begins.
func (m *Monitor) Health() Health {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.health
	h.Rate = m.rate.At(now)
	if !h.LastFrame.IsZero() {
		h.Age = now.Sub(h.LastFrame)
		if stated, err := time.Parse(time.RFC3339Nano, string(m.stated[:m.length])); err == nil {
			h.Lag = h.LastFrame.Sub(stated)
		}
	}
	if m.has {
		h.Read = public(m.last)
	}
	if m.stream != nil {
		state := m.stream.State()
		if h.Queued = state.Queued; state.Known || state.Open > 0 {
			h.Done, h.Unacknowledged = public(state.Done), state.Open
		}
	}
	h.Collections = make(map[syntax.NSID]CollectionHealth, len(m.health.Collections))
	for nsid, c := range m.health.Collections {
		h.Collections[nsid] = c
	}
	return h
}

func (m *Monitor) start(endpoint string, collections map[string]bool, s *stream.Subscription, limit int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.health = Health{Endpoint: endpoint, Since: time.Now(), Limit: limit, Collections: map[syntax.NSID]CollectionHealth{}}
	m.rate = meter.Rate{}
	m.last, m.has, m.length = stream.Position{}, false, 0
	m.stream = s
	for c := range collections {
		m.health.Collections[syntax.NSID(c)] = CollectionHealth{}
	}
}

func (m *Monitor) connected(again bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.health.Connected, m.health.Since = true, time.Now()
	if again {
		m.health.Reconnects++
	}
}

func (m *Monitor) lost(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.health.Connected {
		m.health.Connected, m.health.Since = false, time.Now()
	}
	if err != nil {
		m.health.Failure = err.Error()
	}
}

// frame counts a frame of size bytes that was received now. at is its position, if it has a number.
func (m *Monitor) frame(f stream.Frame, size int64, at stream.Position, now time.Time) {
	m.mu.Lock()
	m.health.Frames++
	m.health.Bytes += size
	m.health.LastFrame = now
	m.rate.Add(now)
	if f.HasSeq {
		m.last, m.has = at, true
	}
	m.length = copy(m.stated[:], f.Time)
	m.mu.Unlock()
}

// event counts an event that is about to be yielded.
func (m *Monitor) event(e Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.health.Events++
	switch e := e.(type) {
	case *BadFrame:
		m.health.BadFrames++
	case *Record:
		nsid := e.Collection
		c, ok := m.health.Collections[nsid]
		if !ok && len(m.health.Collections) >= maxCollections {
			nsid = ""
			c = m.health.Collections[nsid]
		}
		c.Events++
		c.Last, c.Seq = time.Now(), e.Seq
		m.health.Collections[nsid] = c
	}
}

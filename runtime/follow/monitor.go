package follow

import (
	"sync"
	"time"

	"github.com/layers-pub/layers-go/runtime/firehose"
)

// Health is the state of a [Run] at one moment, for operators. Counts are since the Run began.
type Health struct {
	// Stream is the state of the subscription.
	Stream firehose.Health `json:"stream"`
	// Repos is the number of repositories in each phase.
	Repos map[Phase]int `json:"repos"`
	// Waiting is how many repositories wait to be fetched or compared, and Requests is how many are being fetched or
	// compared at this moment.
	Waiting  int `json:"waiting"`
	Requests int `json:"requests"`
	// Held is how many bytes of events are kept for repositories that are being fetched.
	Held int64 `json:"held"`
	// Problems counts the [*Problem] events. Last is the text of the last one, and Since is its time.
	Problems int64     `json:"problems"`
	Last     string    `json:"last,omitempty"`
	Since    time.Time `json:"since,omitzero"`
}

// Monitor shows the [Health] of a [Run]. It is set in the [Options], and belongs to one Run at a time. The zero Monitor
// is ready to use. It is safe for concurrent use.
type Monitor struct {
	mu       sync.Mutex
	follower *follower
	problems int64
	last     string
	since    time.Time
}

func (m *Monitor) start(f *follower) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.follower, m.problems, m.last, m.since = f, 0, "", time.Time{}
}

func (m *Monitor) problem(p *Problem) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.problems++
	m.last, m.since = p.String(), time.Now()
}

// Health returns the state now. It takes time in proportion to the number of repositories.
func (m *Monitor) Health() Health {
	m.mu.Lock()
	h := Health{Repos: map[Phase]int{}, Problems: m.problems, Last: m.last, Since: m.since}
	f := m.follower
	m.mu.Unlock()
	if f == nil {
		return h
	}
	h.Stream = f.stream.Health()
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, r := range f.repos {
		h.Repos[r.Phase]++
		if r.queued {
			h.Waiting++
		}
	}
	h.Requests, h.Held = f.work.hosts.Running, f.held
	return h
}

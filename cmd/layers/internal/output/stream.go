package output

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Event returns the line of text for an event of a stream, or "" for an event that is printed on standard error
// instead.
func Event(event firehose.Event) string {
	seq := event.Head().Seq
	switch e := event.(type) {
	case *firehose.Record:
		text := fmt.Sprintf("%d  %-6s  %s", seq, e.Action, e.URI())
		if e.CID.Defined() {
			text += "  " + e.CID.String()
		}
		if e.Trust >= rec.Signed {
			text += "  " + e.Trust.String()
		}
		if n := len(e.Issues); n > 0 {
			text += fmt.Sprintf("  issues: %d", n)
		}
		return text
	case *firehose.Sync:
		return fmt.Sprintf("%d  sync    %s  %s", seq, e.DID, e.Rev)
	case *firehose.Identity:
		return strings.TrimSpace(fmt.Sprintf("%d  identity  %s  %s", seq, e.DID, e.Handle))
	case *firehose.Account:
		state := "active"
		if !e.Active {
			state = "not active"
		}
		return strings.TrimSpace(fmt.Sprintf("%d  account  %s  %s %s", seq, e.DID, state, e.Status))
	}
	return ""
}

// StreamStatus returns the state of a stream in one line. The collections are sorted by the time of their last record,
// the oldest first.
func StreamStatus(h firehose.Health, now time.Time) string {
	var b strings.Builder
	switch {
	case h.Frames == 0 && !h.Connected:
		return "connecting"
	case h.Frames == 0:
		return "connected, no events yet"
	case !h.Connected:
		b.WriteString("not connected, ")
	}
	fmt.Fprintf(&b, "%.1f events/s, lag %v, last %v ago, at %d", h.Rate, h.Lag.Round(time.Second), h.Age.Round(time.Second), h.Read.Seq)
	if h.Done.Seq != h.Read.Seq {
		fmt.Fprintf(&b, ", done %d", h.Done.Seq)
	}
	collections := slices.SortedFunc(maps.Keys(h.Collections), func(a, b syntax.NSID) int {
		return cmp.Or(h.Collections[a].Last.Compare(h.Collections[b].Last), strings.Compare(string(a), string(b)))
	})
	for _, nsid := range collections {
		when := "never"
		if last := h.Collections[nsid].Last; !last.IsZero() {
			when = now.Sub(last).Round(time.Second).String() + " ago"
		}
		fmt.Fprintf(&b, "; %s %s", cmp.Or(strings.TrimPrefix(string(nsid), names.Own), "others"), when)
	}
	return b.String()
}

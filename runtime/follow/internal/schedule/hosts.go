// Package schedule decides when something is done for a repository: at a time of its own, and not while too many requests are
// being made to its server. Its types must not be used by several goroutines at once.
package schedule

// Hosts limits how many requests are made to each server at once. T is what a request is for.
type Hosts[T any] struct {
	// PerHost is the maximum number of requests to a server.
	PerHost int
	// Running is the number of requests that were admitted and have not ended.
	Running int

	hosts map[string]*host[T] // by origin; a server without requests has no entry
}

// host is a server to which requests are being made. running is their number, and waiting has what waits because there are
// too many.
type host[T any] struct {
	running int
	waiting []T
}

// Admit reports whether a request for item may be made to the server at origin now, and if so counts it. Otherwise the item
// waits, and [Hosts.Leave] returns it when it is its turn.
func (h *Hosts[T]) Admit(origin string, item T) bool {
	if h.hosts == nil {
		h.hosts = map[string]*host[T]{}
	}
	at := h.hosts[origin]
	if at == nil {
		at = new(host[T])
		h.hosts[origin] = at
	}
	if at.running >= h.PerHost {
		at.waiting = append(at.waiting, item)
		return false
	}
	at.running++
	h.Running++
	return true
}

// Leave ends the count of a request to the server at origin that was admitted. It returns the item that has waited longest for
// that server, and whether there is one. The item has to be admitted again.
func (h *Hosts[T]) Leave(origin string) (next T, ok bool) {
	at := h.hosts[origin]
	at.running--
	h.Running--
	if len(at.waiting) > 0 {
		var none T
		next, at.waiting[0] = at.waiting[0], none
		at.waiting = at.waiting[1:]
		return next, true
	}
	if at.running == 0 {
		delete(h.hosts, origin)
	}
	return next, false
}

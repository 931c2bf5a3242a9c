package repo

// Kept returns how many nodes and records w keeps.
func (w *Writable) Kept() (nodes, records int) { return len(w.nodes), len(w.records) }

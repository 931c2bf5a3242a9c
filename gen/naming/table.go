package naming

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Rank decides which of two things with the same name keeps it: the one with the lower rank.
type Rank int

// The ranks, from the lowest, which keeps its name, to the highest.
const (
	// Fixed is a name that generated code always has, such as the method MarshalJSON.
	Fixed Rank = iota
	// Given is a name from the configuration.
	Given
	// Locked is a name from the lock.
	Locked
	// Main is the name of a main definition, and Definition the name of any other definition.
	Main
	Definition
	// Call is the name of a part of a query or procedure: parameters, input or output.
	Call
	// Member is the name of a field, a method of a client, or a collection.
	Member
	// Inline is the name of a type that is defined in place.
	Inline
	// Value is the name of a constant for a value or an error, and Derived any name made from another name.
	Value
	Derived
)

// Claim is a request for a name in a scope.
type Claim struct {
	// Scope is where the name has to be unique, such as a package or a struct.
	Scope string
	// Key says what the name stands for; see [Lock]. It is empty for a name of rank Fixed.
	Key  string
	Name string
	Rank Rank
	// What describes the thing in messages.
	What string
}

// Table decides which of several things with the same Go name keeps it. It works in rounds. In each round the caller
// asks for all names by [Table.Level] or [Table.Lookup], and claims them; [Table.Settle] then assigns longer names for
// the next round to the losers of each collision.
type Table struct {
	given, locked map[string]string
	levels        map[string]int     // how many collisions each key has lost
	lost          map[string]bool    // the keys of locked names that something else has
	claims        map[string][]Claim // the claims of this round, by scope and name
	order         []string           // the keys of claims, in the order in which they were added
}

// NewTable returns a table in which some names are decided already: given has the names of the configuration, and
// locked those of the lock, both by key.
func NewTable(given, locked map[string]string) *Table {
	return &Table{given: given, locked: locked, levels: make(map[string]int), lost: make(map[string]bool), claims: make(map[string][]Claim)}
}

// Lookup returns the given or locked name of a key, and its rank.
func (t *Table) Lookup(key string) (name string, rank Rank, found bool) {
	if name, found := t.given[key]; found {
		return name, Given, true
	}
	if name, found := t.locked[key]; found && !t.lost[key] {
		return name, Locked, true
	}
	return "", 0, false
}

// Level returns how many collisions a key has lost.
func (t *Table) Level(key string) int { return t.levels[key] }

// Claim records that a name is needed in this round. If the key has a given or locked name, Claim replaces the rank. A
// second claim of a key to the same name has no effect.
func (t *Table) Claim(c Claim) {
	if _, rank, found := t.Lookup(c.Key); found && c.Key != "" {
		c.Rank = rank
	}
	at := c.Scope + "\x00" + c.Name
	if slices.ContainsFunc(t.claims[at], func(o Claim) bool { return o.Key == c.Key && c.Key != "" }) {
		return
	}
	if t.claims[at] == nil {
		t.order = append(t.order, at)
	}
	t.claims[at] = append(t.claims[at], c)
}

// Collision is a pair of claims to the same name that cannot be settled.
type Collision struct{ Kept, Lost Claim }

// Settle ends a round. It returns true if a key was given another name, so that another round is needed. Otherwise it
// returns the collisions that cannot be settled, which are between names of the configuration and others that cannot
// change.
func (t *Table) Settle() (again bool, collisions []Collision) {
	changed := make(map[string]bool)
	slices.SortStableFunc(t.order, func(a, b string) int { return cmp.Compare(len(t.claims[a][0].Key), len(t.claims[b][0].Key)) })
	for _, at := range t.order {
		list := t.claims[at]
		if len(list) < 2 {
			continue
		}
		slices.SortStableFunc(list, func(a, b Claim) int {
			return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(oddity(a.Key), oddity(b.Key)), cmp.Compare(a.Key, b.Key))
		})
		for _, c := range list[1:] {
			switch {
			case below(changed, c.Key): // it will have another name for its parent's sake
			case c.Rank == Locked:
				t.lost[c.Key] = true
				changed[c.Key] = true
			case c.Rank > Locked && t.levels[c.Key] < Levels-1:
				t.levels[c.Key]++
				changed[c.Key] = true
			default:
				collisions = append(collisions, Collision{list[0], c})
			}
		}
	}
	if len(changed) > 0 {
		t.claims, t.order = make(map[string][]Claim), nil
		return true, nil
	}
	return false, collisions
}

// Names returns the name of each key that was claimed in the last round.
func (t *Table) Names() map[string]string {
	names := make(map[string]string)
	for _, list := range t.claims {
		for _, c := range list {
			if c.Key != "" {
				names[c.Key] = c.Name
			}
		}
	}
	return names
}

// Renamed returns the keys of locked names that something else has now, sorted, except those that have a name in the
// configuration.
func (t *Table) Renamed() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(t.lost)), func(key string) bool { return t.given[key] != "" })
}

// oddity counts the characters of a key that a Go name cannot have. If two keys of the same rank claim a name, the one
// with fewer such characters keeps it.
func oddity(key string) int {
	n := 0
	for _, r := range key {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// below reports whether key begins with another key that changed, so that its name begins with the name of that key.
func below(changed map[string]bool, key string) bool {
	for i := len(key) - 1; i > 0; i-- {
		if strings.IndexByte(".[:=", key[i]) >= 0 && changed[key[:i]] {
			return true
		}
	}
	return false
}

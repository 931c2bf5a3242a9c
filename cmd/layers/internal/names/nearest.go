package names

import (
	"fmt"
	"strings"
)

// nearestName returns the known names that are closest to text, as [Nearest] does. text may begin with "pub.layers." or
// not, or be only the last part of a name.
func nearestName(text string, known []string) string {
	text = strings.TrimPrefix(text, Own)
	return Nearest(text, known, func(name string) []string {
		if strings.Contains(text, ".") {
			return []string{name}
		}
		return []string{name, name[strings.LastIndexByte(name, '.')+1:]}
	})
}

// Nearest returns the names that are closest to text, as "a", "a or b" or "a, b or c"; "" if none is close. forms
// returns the spellings that a user may use for a name; if it is nil, only the name itself is compared.
func Nearest(text string, names []string, forms func(string) []string) string {
	const most = 3
	text = strings.ToLower(text)
	best := max(2, len(text)/4) // with more mistakes it is another word
	if len(text) <= 3 {
		best = 1
	}
	var found []string
	for _, name := range names {
		all := []string{name}
		if forms != nil {
			all = forms(name)
		}
		distance := best + 1
		for _, form := range all {
			distance = min(distance, editDistance(text, strings.ToLower(form), best))
		}
		if distance < best {
			best, found = distance, nil
		}
		if distance == best {
			found = append(found, name)
		}
	}
	if len(found) > most {
		found = found[:most]
	}
	if len(found) < 2 {
		return strings.Join(found, "")
	}
	last := len(found) - 1
	return fmt.Sprintf("%s or %s", strings.Join(found[:last], ", "), found[last])
}

// editDistance returns how many letters have to be inserted, removed, replaced or swapped with their neighbour to turn a
// into b. It stops counting above limit.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(last[j]+cost, last[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, last, next = last, next, before
	}
	return last[len(b)]
}

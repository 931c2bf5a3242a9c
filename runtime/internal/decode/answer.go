package decode

import "strings"

// nextRead is Next for an answer in JSON (see lex.Answer): it passes over fields that the caller does not read, and
// over optional fields that are null.
func (r *Reader) nextRead(c *Cursor) int {
	for {
		r.Optional = false
		q := r.nextJSON(c)
		if q < 0 {
			return q
		}
		f := &c.fields.list[q]
		read, optional := r.read(f)
		switch {
		case !read:
			r.Pass()
		case !optional || !r.Null():
			r.Optional, r.Wrong = optional, false
			return q
		}
	}
}

// read reports whether the caller reads a field of an answer, and whether the field may be absent.
func (r *Reader) read(f *field) (read, optional bool) {
	for _, name := range r.Reads {
		name, mark := strings.CutSuffix(name, "?")
		if name == f.name {
			return true, mark || !f.required
		}
	}
	return false, true
}

// skips reports whether the next value is part of an answer from which the caller does not read the field f.
func (r *Reader) skips(f *field) bool {
	if r.Reads == nil {
		return false
	}
	read, _ := r.read(f)
	return !read
}

// requires reports whether the field f must be present.
func (r *Reader) requires(f *field) bool {
	if r.Reads == nil {
		return f.required
	}
	_, optional := r.read(f)
	return !optional
}

// Forgive is called after an optional value of an answer was read, with the number of issues that there were before it.
// If the value has issues, Forgive discards them and returns true: the value counts as absent. If reading has ended, it
// does nothing and returns false.
func (r *Reader) Forgive(issues int) bool {
	if r.Dead || len(r.Issues) <= issues {
		return false
	}
	r.Issues = r.Issues[:issues]
	r.Wrong = true
	return true
}

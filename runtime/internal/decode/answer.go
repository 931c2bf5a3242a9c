package decode

import "strings"

// nextRead moves to the object's next field that is in its table and that the caller reads.
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

// read reports whether the caller reads a field, and whether it may be absent.
func (r *Reader) read(f *field) (read, optional bool) {
	for _, name := range r.Reads {
		name, mark := strings.CutSuffix(name, "?")
		if name == f.name {
			return true, mark || !f.required
		}
	}
	return false, true
}

// skips reports whether the caller does not read a field.
func (r *Reader) skips(f *field) bool {
	if r.Reads == nil {
		return false
	}
	read, _ := r.read(f)
	return !read
}

// requires reports whether a field must be present.
func (r *Reader) requires(f *field) bool {
	if r.Reads == nil {
		return f.required
	}
	_, optional := r.read(f)
	return !optional
}

// Forgive discards the issues of a value that may be absent, and reports whether there were any. Its issues are
// r.Issues[issues:].
func (r *Reader) Forgive(issues int) bool {
	if r.Dead || len(r.Issues) <= issues {
		return false
	}
	r.Issues = r.Issues[:issues]
	r.Wrong = true
	return true
}

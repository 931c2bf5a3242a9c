// Package records holds every generated record type against its lexicon. The tests read the lexicons by
// themselves, make records that keep to them and records that break them in one known place, and encode
// both with an encoder of their own: neither the generator nor the runtime judges itself. Its tests are all
// there is to it.
package records

// Package records tests every generated record type against its lexicon. The tests read the lexicons themselves, make
// valid records and records that are invalid in one known place, and encode both with their own encoder, so that
// neither the generator nor the runtime is tested by itself. The package has only tests.
package records

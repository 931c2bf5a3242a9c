// Package roundtrip sends records of every generated type through their codecs, there and back: those of the
// acceptance repository, what fuzzing makes of them, and random ones that are made from the lexicons. Its
// tests are all there is to it.
package roundtrip

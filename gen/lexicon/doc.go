// Package lexicon loads the documents of the AT Protocol's schema language.
package lexicon

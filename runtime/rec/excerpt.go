package rec

import "github.com/layers-pub/layers-go/internal/quote"

// excerpt returns the beginning of s in quotes, for an error text.
func excerpt(s string) string { return quote.Text(s, 64) }

package rec

import "github.com/layers-pub/layers-go/internal/quote"

// excerpt quotes the start of s for a message.
func excerpt(s string) string { return quote.Text(s, 64) }

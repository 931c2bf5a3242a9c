//go:build !windows

package terminal

// endOfInput is the key that ends input from a terminal.
const endOfInput = "Ctrl-D"

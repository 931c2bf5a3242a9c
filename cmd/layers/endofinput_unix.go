//go:build !windows

package main

// endOfInput is the key that ends input from a terminal.
const endOfInput = "Ctrl-D"

package main

// endOfInput is what ends the input that is typed on a terminal.
const endOfInput = "Ctrl-Z and Enter"

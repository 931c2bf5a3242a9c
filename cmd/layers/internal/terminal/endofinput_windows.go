package terminal

// endOfInput are the keys that end input from a terminal.
const endOfInput = "Ctrl-Z and Enter"

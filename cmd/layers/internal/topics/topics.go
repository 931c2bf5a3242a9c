// Package topics contains the pages of layers help that are not about a single command.
package topics

import (
	"embed"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed *.md
var texts embed.FS

// names are the names of the topics, in the order in which the help lists them.
var names = []string{"environment", "exit-status", "output"}

// Commands returns a command for each topic. It cannot be run; its help is the topic's page.
func Commands() []*cobra.Command {
	var commands []*cobra.Command
	for _, name := range names {
		text := Text(name)
		title, _, _ := strings.Cut(strings.TrimPrefix(text, "# "), "\n")
		commands = append(commands, &cobra.Command{Use: name, Short: title, Long: text})
	}
	return commands
}

// Text returns the page of a topic, which must exist.
func Text(name string) string {
	text, err := texts.ReadFile(name + ".md")
	if err != nil {
		panic(err) // the file is part of the program
	}
	return string(text)
}

// Package demo implements the command demo: a tour of the SDK on a network inside the process.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
)

// Command returns the demo command.
func Command() *cobra.Command {
	var keep bool
	command := &cobra.Command{
		Use:     "demo",
		GroupID: cli.GroupRead,
		Short:   "Show what Layers is and what this SDK does, without a network or an account",
		Long: `Demo starts a small network of the AT Protocol in its own process, publishes a corpus
of five sentences there, and then does what a typical program does: it finds an account,
downloads and verifies its repository, lists invalid records, draws a sentence, and
follows changes as they happen. It prints the Go code of each step.

It takes about a second, needs no connection to the Internet, and leaves no files
behind. With --keep its network keeps running, so that commands and programs can use it.`,
		Example: `  layers demo
  layers demo --keep`,
		Args: cli.Arguments(0, 0, "no arguments"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, _ []string) error {
			w, err := start()
			if err != nil {
				return err
			}
			defer w.network.Close()
			if err := tour(ctx, command.OutOrStdout(), w); err != nil {
				return err
			}
			if keep {
				return stay(ctx, command.OutOrStdout(), w)
			}
			fmt.Fprint(command.OutOrStdout(), afterwards)
			return nil
		}),
	}
	command.Flags().BoolVar(&keep, "keep", false, "keep the network running until you interrupt the command, and print how to use it")
	return command
}

// afterwards is printed after the tour, unless --keep is set.
const afterwards = `
To try the commands, and programs of your own, on this network:

    layers demo --keep

To begin a program: go get github.com/layers-pub/layers-go, and the examples in its README.
`

// stay prints how to use the network, and keeps it running until ctx ends.
func stay(ctx context.Context, out io.Writer, w *world) error {
	directory, err := os.MkdirTemp("", "layers-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	fmt.Fprint(out, "\nThe network keeps running until you interrupt this command. In another terminal:\n\n")
	environment := append(w.network.Environment(), "LAYERS_AUTH_FILE="+filepath.Join(directory, "auth.json"), "LAYERS_PASSWORD="+w.alice.NewAppPassword())
	for _, variable := range environment {
		fmt.Fprintf(out, "    export %s\n", variable)
	}
	fmt.Fprintf(out, "\nThe password is that of alice.example.com. Commands to try; programs find the servers with network.FromEnv:\n\n    %s\n",
		strings.Join(commands(w), "\n    "))
	<-ctx.Done()
	return exit.Failure(context.Cause(ctx))
}

// commands returns command lines that work on the network of the demo.
func commands(w *world) []string {
	return []string{
		"layers pull " + handle + " -o archives",
		"layers list " + handle + " expression.expression",
		"layers get --proof " + string(w.corpus.Sentence),
		"layers show " + string(w.corpus.Sentence),
		"layers login " + handle,
		"layers delete " + string(w.corpus.Broken[0].URI),
		"layers tail --relay " + w.relay.URL,
	}
}

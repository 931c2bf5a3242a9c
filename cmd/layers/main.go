// Command layers reads, verifies and writes Layers data in a terminal: see layers --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/accounts"
	"github.com/layers-pub/layers-go/cmd/layers/internal/blobs"
	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/demo"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/cmd/layers/internal/topics"
	"github.com/layers-pub/layers-go/cmd/layers/internal/treebanks"
	"github.com/layers-pub/layers-go/cmd/layers/internal/version"
)

func main() {
	// The command's memory is a small part of a machine's: collecting garbage less often makes it faster.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(150)
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run carries out the command line args and returns the exit status. Results go to stdout, messages to
// stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out, messages := terminal.NewWriter(stdout), terminal.NewWriter(stderr)
	defer out.Flush()
	defer messages.Flush()
	log.SetOutput(messages) // package net/http logs text from servers
	ctx, stop := exit.WithSignals(ctx)
	defer stop()

	root := &cobra.Command{
		Use:                "layers",
		Short:              "Read, verify and write Layers data (linguistic annotation) on the AT Protocol",
		Version:            version.Of().Version,
		SilenceUsage:       true,
		SilenceErrors:      true,
		DisableSuggestions: true, // messages have their own
	}
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	root.SetIn(terminal.NewInput(ctx, stdin, messages))
	root.SetOut(out)
	root.SetErr(messages)
	s := connect.Servers{Messages: messages}
	s.AddFlags(root.PersistentFlags())
	root.AddGroup(
		&cobra.Group{ID: cli.GroupRead, Title: "Reading:"},
		&cobra.Group{ID: cli.GroupWrite, Title: "Writing:"},
	)
	addCommands(root, &s)
	root.SetUsageTemplate(root.UsageTemplate() + cli.UsageTail)
	root.SetHelpCommand(cli.HelpCommand())
	root.InitDefaultCompletionCmd(args...)
	cli.TakesCommand(root)
	for _, command := range root.Commands() {
		if command.HasSubCommands() {
			cli.TakesCommand(command)
		}
	}
	root.SetFlagErrorFunc(cli.FlagError)
	root.SetArgs(args)
	root.PersistentPreRunE = func(command *cobra.Command, _ []string) error {
		if s.Quiet {
			messages.SetQuiet()
		}
		if s.NoColor {
			out.SetPlain()
			messages.SetPlain()
		}
		if err := s.CheckTimes(); err != nil {
			return err
		}
		if s.Timeout > 0 {
			limited, cancel := context.WithTimeoutCause(ctx, s.Timeout, fmt.Errorf("timed out after %v (--timeout)", s.Timeout))
			command.SetContext(limited)
			context.AfterFunc(ctx, cancel)
		}
		return nil
	}
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exit.OK
	}
	err = exit.Signalled(ctx, err)
	terminal.Alert(messages, "layers:")
	fmt.Fprintln(messages, " "+exit.Message(err))
	if end, ok := errors.AsType[*exit.Error](err); ok && end.Status != exit.Misused {
		return end.Status
	}
	if command.Name() == "help" {
		command = root
	}
	fmt.Fprintf(messages, "See %s --help.\n", command.CommandPath())
	return exit.Misused
}

// addCommands adds all commands and topics to root.
func addCommands(root *cobra.Command, s *connect.Servers) {
	root.AddCommand(
		demo.Command(),
		collectionsCommand(),
		decodeCommand(s),
		convertCommand(),
		resolveCommand(s),
		describeCommand(s),
		getCommand(s), showCommand(s),
		listCommand(s),
		pullCommand(s),
		queryCommand(s),
		tailCommand(s),
		followCommand(s),
		accounts.Login(s),
		accounts.Logout(s),
		accounts.Switch(s),
		accounts.Whoami(s),
		treebanks.ExportCommand(s),
		validateCommand(),
		createCommand(s),
		putCommand(s),
		deleteCommand(s),
		applyCommand(s),
		blobs.Command(s),
		treebanks.ImportCommand(s),
	)
	root.AddCommand(versionCommand())
	root.AddCommand(topics.Commands()...)
}

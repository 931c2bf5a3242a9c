package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/cmd/layers/internal/version"
)

func versionCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of the command and of the lexicons",
		Long: `Version prints the version of the module from which the command was built, the
revision of the version control system, and the version of Layers whose lexicons
the command knows.`,
		Example: "  layers version\n  layers version --json | jq -r .lexicons",
		Args:    cli.Arguments(0, 0, "no arguments"),
		RunE: func(command *cobra.Command, _ []string) error {
			build := version.Of()
			if asJSON {
				return output.JSON(terminal.Exact(command.OutOrStdout()), build)
			}
			revision := cmp.Or(build.Revision, "unknown")
			if build.Modified {
				revision += ", modified"
			}
			return terminal.Printf(command.OutOrStdout(), "layers    %s\nrevision  %s\nlexicons  Layers %s\ngo        %s\n", build.Version, revision, build.Lexicons, build.Go)
		},
	}
	cli.JSONFlag(command, &asJSON)
	return command
}

package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) ports() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "ports", GroupID: look, Args: cobra.NoArgs,
		Short: "Show where every port is published, why there, and who has it",
		Long: "ports lists the ports of this machine that the project has or wants. WHY says what decided: declared is the compose\n" +
			"files, profile the ports that a profile gives the service, offset and fixed what `ports` of a profile or of x-devenv\n" +
			"says, auto a free one that devenv has found and remembers for this checkout, engine one that the engine chooses at\n" +
			"each start, debug one at which devenv listens for an editor.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.existing(cmd.Context(), func(env *devenv.Environment) error { return env.Ports(cmd.Context(), format) })
		},
	}
	addFormat(cmd, &format, "text", "json")
	return cmd
}

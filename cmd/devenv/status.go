package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) statusCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "status", GroupID: look, Aliases: []string{"ps"}, Args: cobra.NoArgs,
		Short: "Show mode, target, image, health and addresses of every service",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.existing(cmd.Context(), func(env *devenv.Environment) error { return env.Status(cmd.Context(), format) })
		},
	}
	addFormat(cmd, &format, "text", "json")
	return cmd
}

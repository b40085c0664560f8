package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) stop() *cobra.Command {
	cmd := &cobra.Command{
		Use: "stop [SERVICE...]", GroupID: work, ValidArgsFunction: a.services,
		Short: "Stop the services; their containers stay",
		RunE: func(cmd *cobra.Command, args []string) error {
			a.settings.Ends = true
			return a.existing(cmd.Context(), func(env *devenv.Environment) error {
				return env.Stop(cmd.Context(), args, graceful(cmd))
			})
		},
	}
	addTimeout(cmd)
	return cmd
}

package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) restart() *cobra.Command {
	cmd := &cobra.Command{
		Use: "restart [SERVICE...]", GroupID: work, ValidArgsFunction: a.services,
		Short: "Restart the services in their containers",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.existing(cmd.Context(), func(env *devenv.Environment) error {
				return env.Restart(cmd.Context(), args, graceful(cmd))
			})
		},
	}
	addTimeout(cmd)
	return cmd
}

package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) shell() *cobra.Command {
	return &cobra.Command{
		Use: "shell [SERVICE]", GroupID: inside, Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.services,
		Short: "Open a shell in a running service: bash where there is one, else sh",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.existing(cmd.Context(), func(env *devenv.Environment) (err error) {
				a.status, err = env.Shell(cmd.Context(), args)
				return err
			})
		},
	}
}

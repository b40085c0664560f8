package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) prune() *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use: "prune", GroupID: work, Args: cobra.NoArgs,
		Short: "Remove what is left on the engine of projects whose folder is gone",
		Long: "prune removes containers, networks, volumes and images that devenv has made for projects of this machine whose\n" +
			"folder is gone. It shows them and asks; what devenv has not made is never touched.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.machine(cmd.Context(), func(m *devenv.Machine) error { return m.Prune(cmd.Context(), yes) })
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

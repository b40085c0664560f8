package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) build() *cobra.Command {
	var options devenv.BuildOptions
	cmd := &cobra.Command{
		Use: "build [SERVICE...]", GroupID: work, ValidArgsFunction: a.services,
		Short: "Build the images of a mode",
		RunE: func(cmd *cobra.Command, args []string) error {
			options.Services = args
			return a.open(cmd.Context(), func(env *devenv.Environment) error { return env.Build(cmd.Context(), options) })
		},
	}
	cmd.Flags().StringVar(&options.Mode, "mode", "", "mode for this time (default: what \"devenv mode\" chose)")
	cmd.Flags().BoolVar(&options.NoCache, "no-cache", false, "build every step anew")
	cmd.Flags().BoolVar(&options.Pull, "pull", false, "look for newer base images")
	return cmd
}

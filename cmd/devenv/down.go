package main

import (
	"time"

	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) down() *cobra.Command {
	var options devenv.DownOptions
	cmd := &cobra.Command{
		Use: "down [SERVICE...]", GroupID: work, ValidArgsFunction: a.services,
		Short: "Stop and remove the project's containers and networks; volumes stay",
		RunE: func(cmd *cobra.Command, args []string) error {
			options.Services = args
			options.Timeout = graceful(cmd)
			a.settings.Ends = true
			return a.existing(cmd.Context(), func(env *devenv.Environment) error { return env.Down(cmd.Context(), options) })
		},
	}
	cmd.Flags().BoolVarP(&options.Volumes, "volumes", "v", false, "remove the project's volumes too: their data is lost")
	cmd.Flags().BoolVar(&options.NoHooks, "no-hooks", false, "run no hooks")
	cmd.Flags().BoolVar(&options.RemoveOrphans, "remove-orphans", false, "remove containers of services that are no longer in the compose file")
	addTimeout(cmd)
	return cmd
}

// addTimeout gives a command Compose's -t: whole seconds until a container is killed.
func addTimeout(cmd *cobra.Command) {
	cmd.Flags().IntP("timeout", "t", 0, "seconds until a container that does not stop is killed (default: its stop_grace_period)")
}

// graceful is the value of -t, nil where it was not given.
func graceful(cmd *cobra.Command) *time.Duration {
	if !cmd.Flags().Changed("timeout") {
		return nil
	}
	seconds, err := cmd.Flags().GetInt("timeout")
	if err != nil {
		return nil
	}
	timeout := time.Duration(seconds) * time.Second
	return &timeout
}

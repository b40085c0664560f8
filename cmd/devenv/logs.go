package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) logs() *cobra.Command {
	var options devenv.LogsOptions
	cmd := &cobra.Command{
		Use: "logs [SERVICE...]", GroupID: look, ValidArgsFunction: a.services,
		Short: "Show what the services wrote",
		RunE: func(cmd *cobra.Command, args []string) error {
			options.Services = args
			return a.existing(cmd.Context(), func(env *devenv.Environment) error { return env.Logs(cmd.Context(), options) })
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&options.Follow, "follow", "f", false, "go on with new lines; Ctrl-C ends it, the services run on")
	flags.StringVarP(&options.Tail, "tail", "n", "all", "lines from the end of each container's log")
	flags.StringVar(&options.Since, "since", "", "lines since a time (2026-11-21T09:00:00Z) or for a span (10m)")
	flags.BoolVarP(&options.Timestamps, "timestamps", "t", false, "begin each line with its time")
	return cmd
}

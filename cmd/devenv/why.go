package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) why() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "why [PATH]", GroupID: look, Args: cobra.MaximumNArgs(1),
		Short: "Show what changes of files led to, also of files that were left alone, and by which rule",
		RunE: func(cmd *cobra.Command, args []string) error {
			path := ""
			if len(args) == 1 {
				path = args[0]
			}
			return a.existing(cmd.Context(), func(env *devenv.Environment) error { return env.Why(cmd.Context(), path, format) })
		},
	}
	addFormat(cmd, &format, "text", "json")
	return cmd
}

// live is started by `up -d` and by nobody else.
func (a *app) live() *cobra.Command {
	cmd := &cobra.Command{
		Use: "live", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.open(cmd.Context(), func(env *devenv.Environment) error { return env.Live(cmd.Context()) })
		},
	}
	cmd.Flags().StringVar(&a.settings.Mode, "mode", "", "the mode of the `up` that started it")
	cmd.Flags().DurationVar(&a.settings.Poll, "poll", 0, "its --poll")
	cmd.Flags().StringArrayVar(&a.settings.DebugWait, "debug-wait", nil, "its --debug-wait")
	return cmd
}

package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) mode() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "mode [MODE [SERVICE...]]", GroupID: work,
		Short: "Show or switch the mode: local, dev, prod, ...",
		Long: "mode switches the project, or only the named services, to another stage of their images. It prints what differs from\n" +
			"mode local and is remembered for this checkout. Volumes, networks and ports stay. Without MODE it shows the modes.",
		Example: "  devenv mode\n  devenv mode prod\n  devenv mode prod api\n  devenv mode local",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.existing(cmd.Context(), func(env *devenv.Environment) error { return env.ShowMode(format) })
			}
			return a.open(cmd.Context(), func(env *devenv.Environment) error {
				return env.SwitchMode(cmd.Context(), args[0], args[1:])
			})
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return a.services(cmd, args, word)
			}
			return a.modes(cmd, args, word)
		},
	}
	addFormat(cmd, &format, "text", "json")
	return cmd
}

// modes completes the names of the project's modes.
func (a *app) modes(cmd *cobra.Command, _ []string, _ string) (modes []string, _ cobra.ShellCompDirective) {
	err := a.open(cmd.Context(), func(env *devenv.Environment) (err error) {
		modes, err = env.Modes()
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return modes, cobra.ShellCompDirectiveNoFileComp
}

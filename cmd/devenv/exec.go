package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) exec() *cobra.Command {
	var options devenv.ExecOptions
	cmd := &cobra.Command{
		Use: "exec SERVICE COMMAND [ARG...]", GroupID: inside, Args: cobra.MinimumNArgs(2), ValidArgsFunction: a.services,
		Short: "Run a command in a running service; its exit status is ours",
		RunE: func(cmd *cobra.Command, args []string) error {
			options.Service, options.Args = args[0], args[1:]
			return a.existing(cmd.Context(), func(env *devenv.Environment) (err error) {
				a.status, err = env.Exec(cmd.Context(), options)
				return err
			})
		},
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.StringArrayVarP(&options.Env, "env", "e", nil, "set a variable: KEY=VALUE, or KEY for the value here")
	flags.StringVarP(&options.User, "user", "u", "", "user to run as")
	flags.StringVarP(&options.Workdir, "workdir", "w", "", "folder to run in")
	flags.BoolVarP(&options.NoTTY, "no-tty", "T", false, "give the command no terminal")
	flags.IntVar(&options.Index, "index", 0, "number of the container, where a service has several")
	return cmd
}

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

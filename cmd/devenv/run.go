package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) run() *cobra.Command {
	var options devenv.RunOptions
	cmd := &cobra.Command{
		Use: "run SERVICE [COMMAND [ARG...]]", GroupID: inside, Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.services,
		Short: "Run a command in a new container of a service, and remove it; its exit status is ours",
		RunE: func(cmd *cobra.Command, args []string) error {
			options.Service, options.Args = args[0], args[1:]
			return a.open(cmd.Context(), func(env *devenv.Environment) (err error) {
				a.status, err = env.Run(cmd.Context(), options)
				return err
			})
		},
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.StringArrayVarP(&options.Env, "env", "e", nil, "set a variable: KEY=VALUE, or KEY for the value here")
	flags.StringVarP(&options.User, "user", "u", "", "user to run as")
	flags.StringVarP(&options.Workdir, "workdir", "w", "", "folder to run in")
	flags.StringVar(&options.Entrypoint, "entrypoint", "", "program to run instead of the image's entrypoint")
	flags.BoolVarP(&options.NoTTY, "no-tty", "T", false, "give the command no terminal")
	flags.BoolVar(&options.NoDeps, "no-deps", false, "do not start the services that this one depends on")
	flags.BoolVar(&options.ServicePorts, "service-ports", false, "publish the service's ports")
	flags.BoolVar(&options.Keep, "keep", false, "do not remove the container afterwards")
	return cmd
}

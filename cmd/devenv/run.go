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
	addCommandFlags(cmd, &options.CommandOptions)
	flags := cmd.Flags()
	flags.StringVar(&options.Entrypoint, "entrypoint", "", "program to run instead of the image's entrypoint")
	flags.BoolVar(&options.NoDeps, "no-deps", false, "do not start the services that this one depends on")
	flags.BoolVar(&options.ServicePorts, "service-ports", false, "publish the service's ports")
	flags.BoolVar(&options.Keep, "keep", false, "do not remove the container afterwards")
	flags.Bool("rm", true, "remove the container afterwards (what happens anyway)")
	cmd.MarkFlagsMutuallyExclusive("keep", "rm")
	return cmd
}

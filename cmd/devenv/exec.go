package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
	"devenv/devenv/fault"
)

func (a *app) exec() *cobra.Command {
	var options devenv.ExecOptions
	cmd := &cobra.Command{
		Use: "exec SERVICE COMMAND [ARG...]", GroupID: inside, Args: command, ValidArgsFunction: a.services,
		Short: "Run a command in a running service; its exit status is ours",
		RunE: func(cmd *cobra.Command, args []string) error {
			options.Service, options.Args = args[0], args[1:]
			return a.existing(cmd.Context(), func(env *devenv.Environment) (err error) {
				a.status, err = env.Exec(cmd.Context(), options)
				return err
			})
		},
	}
	addCommandFlags(cmd, &options.CommandOptions)
	cmd.Flags().BoolVarP(&options.Detach, "detach", "d", false, "return at once and leave the command running")
	cmd.Flags().IntVar(&options.Index, "index", 0, "number of the container, where a service has several")
	return cmd
}

// command wants a service and what to run in it.
func command(_ *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return fault.New(fault.Usage, "devenv exec: no service and no command").
			WithHint("devenv exec SERVICE COMMAND [ARG...], for example `devenv exec web sh`")
	case 1:
		return fault.New(fault.Usage, "devenv exec: no command to run in %s", args[0]).
			WithHint("for example `devenv exec %s sh`; `devenv shell %s` opens a shell", args[0], args[0])
	}
	return nil
}

// addCommandFlags gives a command the flags of Compose's exec and run. -i and -t are what happens anyway where there is
// a terminal; they are here for the fingers that type them.
func addCommandFlags(cmd *cobra.Command, options *devenv.CommandOptions) {
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.StringArrayVarP(&options.Env, "env", "e", nil, "set a variable: KEY=VALUE, or KEY for the value here")
	flags.StringVarP(&options.User, "user", "u", "", "user to run as")
	flags.StringVarP(&options.Workdir, "workdir", "w", "", "folder to run in")
	flags.BoolVarP(&options.NoTTY, "no-tty", "T", false, "give the command no terminal")
	flags.BoolP("interactive", "i", true, "forward standard input")
	flags.BoolP("tty", "t", true, "give the command a terminal where there is one")
}

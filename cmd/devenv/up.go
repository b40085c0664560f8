package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) up() *cobra.Command {
	var options devenv.UpOptions
	cmd := &cobra.Command{
		Use: "up [SERVICE...]", GroupID: work, ValidArgsFunction: a.services,
		Short: "Build what changed, start the project, wait until it is healthy",
		Long: "up asks BuildKit whether an image is out of date, starts the services in the order of their depends_on, waits until\n" +
			"each is healthy and prints where they are. Then it follows their logs; Ctrl-C stops what it started.",
		Example: "  devenv up\n  devenv up -d --mode prod\n  devenv up --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			options.Services = args
			return a.open(cmd.Context(), func(env *devenv.Environment) error { return env.Up(cmd.Context(), options) })
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&options.Detach, "detach", "d", false, "return when the services are healthy")
	flags.StringVar(&options.Mode, "mode", "", "mode for this time: local, dev, prod, ... (default: what \"devenv mode\" chose)")
	flags.BoolVar(&options.NoBuild, "no-build", false, "use the images as they are")
	flags.Bool("build", true, "build what is out of date before starting (what happens anyway)")
	flags.BoolVar(&options.NoHooks, "no-hooks", false, "run no hooks")
	flags.BoolVar(&options.DryRun, "dry-run", false, "show what devenv would change in the project, and why")
	addFormat(cmd, &options.Format, "text", "json")
	flags.DurationVar(&options.Timeout, "timeout", devenv.DefaultTimeout, "how long a service may take to become healthy")
	flags.DurationVar(&options.Poll, "poll", 0, "look at the files this often, for mounts that deliver no events (--poll alone: every 500ms)")
	flags.Lookup("poll").NoOptDefVal = "500ms"
	flags.StringArrayVar(&options.DebugWait, "debug-wait", nil, "service that runs nothing before a debugger has attached")
	flags.BoolVar(&options.RemoveOrphans, "remove-orphans", false, "remove containers of services that are no longer in the compose file")
	cmd.MarkFlagsMutuallyExclusive("build", "no-build")
	return cmd
}

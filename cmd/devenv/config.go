package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) config() *cobra.Command {
	var options devenv.ConfigOptions
	cmd := &cobra.Command{
		Use: "config [[SERVICE.]NAME]", GroupID: look, Args: cobra.MaximumNArgs(1),
		Short: "Print the project as Compose resolves it, or explain where a value comes from",
		Long: "config prints what `docker compose config` prints, with secrets masked. With --explain it shows for a variable or an\n" +
			"attribute every place that sets it, which one won and by which rule, and what devenv changes for the mode and why.\n" +
			"With --explain and no name it shows all that devenv changes.",
		Example: "  devenv config\n  devenv config --explain api.DATABASE_URL\n  devenv config --explain api.build.target\n  devenv config --explain",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				options.Name, options.Explain = args[0], true
			}
			a.settings.Existing = options.Services
			return a.open(cmd.Context(), func(env *devenv.Environment) error { return env.Config(cmd.Context(), options) })
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&options.Explain, "explain", false, "show the origin of a value instead")
	addFormat(cmd, &options.Format, "yaml", "json")
	flags.BoolVar(&options.ShowSecrets, "show-secrets", false, "print secret values too")
	flags.BoolVar(&options.Services, "services", false, "print the names of the services")
	flags.BoolVarP(&options.Quiet, "quiet", "q", false, "only check")
	return cmd
}

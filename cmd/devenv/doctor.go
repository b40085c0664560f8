package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) doctor() *cobra.Command {
	options, list := devenv.DoctorOptions{Version: build().Version}, false
	cmd := &cobra.Command{
		Use: "doctor", GroupID: look, Args: cobra.NoArgs,
		Short: "Find what is wrong with the project, each with its line, its reason and its mend",
		Long: "doctor reads the compose files, the Dockerfiles, env files and git, and asks the built images and the engine. The exit\n" +
			"status is 1 where it finds an error, with --strict also for a warning. A rule is switched off in the compose file, with\n" +
			"a reason: x-devenv: {doctor: {off: {RULE: why}}}.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if list {
				a.began = true
				return devenv.ListRules(a.terminal(), options.Format)
			}
			return a.open(cmd.Context(), func(env *devenv.Environment) error { return env.Doctor(cmd.Context(), options) })
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&list, "list", false, "show the rules")
	flags.BoolVar(&options.Fix, "fix", false, "show the safe mends as a diff, ask, and write them")
	flags.BoolVarP(&options.Yes, "yes", "y", false, "with --fix: write without asking")
	flags.BoolVar(&options.Strict, "strict", false, "fail for warnings too")
	addFormat(cmd, &options.Format, "text", "json", "sarif", "github")
	return cmd
}

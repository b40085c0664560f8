package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) compare() *cobra.Command {
	var options devenv.CompareOptions
	cmd := &cobra.Command{
		Use: "compare [MODE...]", GroupID: look, ValidArgsFunction: a.modes,
		Short: "Compare the images of modes: size, packages, settings, files; and whether prod keeps its promises",
		Long: "compare builds the images of the modes (all of them without MODE, and local beside one MODE) and says how they differ:\n" +
			"layers and their weight, what the containers get, Python packages, uv, compilers, debuggers, files. Of mode prod it says\n" +
			"which promises of an image of production it keeps. No container is started. The exit status is 0 whatever is found; with\n" +
			"--check it is 1 if a promise is broken.",
		Example: "  devenv compare\n  devenv compare prod\n  devenv compare dev prod -s api --format json\n  devenv compare --html compare.html\n  devenv compare prod --check",
		RunE: func(cmd *cobra.Command, args []string) error {
			options.Modes = args
			return a.open(cmd.Context(), func(env *devenv.Environment) error { return env.Compare(cmd.Context(), options) })
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&options.Services, "service", "s", nil, "only this service (default: every one with a build)")
	_ = cmd.RegisterFlagCompletionFunc("service", a.services) // fails only for a flag that is not there
	flags.BoolVar(&options.NoBuild, "no-build", false, "compare the images that are there")
	flags.StringVar(&options.HTML, "html", "", "also write one page, which needs nothing else, to this file")
	flags.BoolVar(&options.Check, "check", false, "fail if mode prod breaks a promise")
	addFormat(cmd, &options.Format, "text", "json")
	return cmd
}

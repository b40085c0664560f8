package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"devenv/devenv"
	"devenv/devenv/fault"
)

// uvCommand is a command that uv carries out in the container of a service. All flags are uv's own, but for -s.
func (a *app) uvCommand(cmd *cobra.Command, what devenv.PackageCommand) *cobra.Command {
	cmd.GroupID, cmd.DisableFlagParsing, cmd.DisableFlagsInUseLine = packages, true, true
	cmd.Long = cmd.Short + ".\n\nuv does it in the container of the service that has the pyproject.toml, and all its flags can be given. -s SERVICE, which\n" +
		"is devenv's own, chooses the service where several have one."
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		options := devenv.PackageOptions{}
		options.Command = what
		var err error
		if options.Service, options.Args, err = withoutService(args); err != nil {
			return err
		}
		if slices.Contains(options.Args, "--help") || slices.Contains(options.Args, "-h") {
			return cmd.Help()
		}
		return a.open(cmd.Context(), func(env *devenv.Environment) (err error) {
			a.status, err = env.Packages(cmd.Context(), options)
			return err
		})
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 && isService(args[len(args)-1]) {
			return a.services(cmd, nil, word)
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

func isService(flag string) bool { return flag == "-s" || flag == "--service" }

// withoutService takes -s SERVICE out of uv's arguments, up to a "--".
func withoutService(args []string) (service string, rest []string, err error) {
	for i := 0; i < len(args); i++ {
		name, value, joined := strings.Cut(args[i], "=")
		switch {
		case args[i] == "--":
			return service, append(rest, args[i:]...), nil
		case !isService(name):
			rest = append(rest, args[i])
			continue
		case !joined:
			i++
			if i == len(args) {
				return "", nil, fault.New(fault.Usage, "%s: which service?", name)
			}
			value = args[i]
		}
		service = value
	}
	return service, rest, nil
}

package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"devenv/devenv"
	"devenv/devenv/fault"
	"devenv/devenv/term"
)

// app is one run of the program: what the global flags say, and the status of a command that ran in a container.
type app struct {
	settings devenv.Settings
	verbose  bool
	printer  *term.Terminal
	began    bool // the command line was understood and a command has begun
	status   int
}

func (a *app) terminal() *term.Terminal {
	if a.printer == nil {
		a.printer = term.New(os.Stdout, os.Stderr, colors(), a.verbose)
	}
	return a.printer
}

// open opens the project that the global flags name, calls do with it and closes it.
func (a *app) open(ctx context.Context, do func(*devenv.Environment) error) error {
	a.began = true
	a.settings.Term = a.terminal()
	env, err := devenv.Open(ctx, a.settings)
	if err != nil {
		return err
	}
	defer env.Close()
	return do(env)
}

// existing opens the project for a command that acts on what runs already.
func (a *app) existing(ctx context.Context, do func(*devenv.Environment) error) error {
	a.settings.Existing = true
	return a.open(ctx, do)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "devenv",
		Short: "Turn a Docker Compose project into a development environment",
		Long: "devenv runs the Docker Compose project of this folder for development: the local stage of its images with the\n" +
			"source mounted, or the prod stage as production would run it.",
		SilenceErrors: true, SilenceUsage: true, TraverseChildren: true,
		Args: subcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := root.Flags() // as with docker compose they stand before the command, where -f is not logs' -f
	flags.StringArrayVarP(&a.settings.Files, "file", "f", nil, "compose files; the later wins")
	flags.StringArrayVar(&a.settings.EnvFiles, "env-file", nil, "files with variables for the compose file, instead of .env")
	flags.StringVarP(&a.settings.Name, "project-name", "p", "", "project name")
	flags.StringVar(&a.settings.ProjectDir, "project-directory", "", "folder that relative paths start from")
	root.PersistentFlags().BoolVar(&a.verbose, "verbose", false, "tell more")
	root.PersistentFlags().StringVar(&a.settings.Profile, "profile", a.settings.Profile, "profile for this command (default: what \"devenv profile use\" chose)")
	root.AddGroup(&cobra.Group{ID: work, Title: "Work:"}, &cobra.Group{ID: look, Title: "Look:"}, &cobra.Group{ID: inside, Title: "Inside a service:"},
		&cobra.Group{ID: packages, Title: "Packages:"})
	root.SetCompletionCommandGroupID(look)
	root.SetHelpCommandGroupID(look)
	root.AddCommand(
		a.up(), a.down(), a.stop(), a.restart(), a.mode(), a.profile(), a.build(), a.prune(),
		a.statusCommand(), a.compare(), a.ports(), a.list(), a.logs(), a.config(), a.version(), a.why(), a.doctor(), a.live(),
		a.exec(), a.run(), a.shell(), a.debug(),
		a.add(), a.remove(), a.sync(), a.lock(), a.upgrade(), a.deps(),
	)
	return root
}

const work, look, inside, packages = "work", "look", "inside", "packages"

// subcommand refuses what is no command of devenv's, with the nearest one.
func subcommand(parent *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, command := range parent.Commands() {
		names = append(names, command.Name())
	}
	unknown := fault.New(fault.Usage, "%s: unknown command %q", parent.CommandPath(), args[0])
	if near := fault.Nearest(args[0], names); near != "" {
		return unknown.WithHint("did you mean %q?", near)
	}
	return unknown.WithHint("%s --help", parent.CommandPath())
}

// usage is a wrong command line, as cobra found it before any command began.
func usage(cmd *cobra.Command, err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	return fault.New(fault.Usage, "%s: %w", cmd.CommandPath(), err).WithHint("%s --help", cmd.CommandPath())
}

// services completes the names of the project's services.
func (a *app) services(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	err := a.existing(cmd.Context(), func(env *devenv.Environment) error {
		names = env.Services()
		return nil
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

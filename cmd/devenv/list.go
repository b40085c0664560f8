package main

import (
	"context"

	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) list() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "list", GroupID: look, Aliases: []string{"ls"}, Args: cobra.NoArgs,
		Short: "Show every project that devenv has on this engine, worktrees and clones too",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.machine(cmd.Context(), func(m *devenv.Machine) error { return m.List(cmd.Context(), format) })
		},
	}
	addFormat(cmd, &format, "text", "json")
	return cmd
}

// machine opens the engine for a command that is about all projects.
func (a *app) machine(ctx context.Context, do func(*devenv.Machine) error) error {
	a.began = true
	a.settings.Term = a.terminal()
	machine, err := devenv.OpenMachine(ctx, a.settings)
	if err != nil {
		return err
	}
	defer machine.Close()
	return do(machine)
}

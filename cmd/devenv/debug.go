package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) debug() *cobra.Command {
	cmd := &cobra.Command{
		Use: "debug", GroupID: inside, Args: cobra.NoArgs,
		Short: "Debug services: what an editor attaches to, and its configuration",
		Long: "In mode local devenv listens for a debugger on a port of 127.0.0.1 for each Python service. Nothing of a debugger runs\n" +
			"until an editor attaches; then its session lives through every reload, restart and recreate, until the editor ends it.",
	}
	cmd.AddCommand(a.debugStatus(), a.debugVSCode(), a.debugAttach())
	return cmd
}

func (a *app) debugStatus() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "status", Args: cobra.NoArgs,
		Short: "Show where an editor attaches, who is attached, and what stands at a breakpoint",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.existing(cmd.Context(), func(env *devenv.Environment) error { return env.DebugStatus(cmd.Context(), format) })
		},
	}
	addFormat(cmd, &format, "text", "json")
	return cmd
}

func (a *app) debugVSCode() *cobra.Command {
	return &cobra.Command{
		Use: "vscode", Args: cobra.NoArgs,
		Short: "Write .vscode/launch.json and tasks.json, keeping what is in them",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.existing(cmd.Context(), func(env *devenv.Environment) error { return env.DebugVSCode() })
		},
	}
}

func (a *app) debugAttach() *cobra.Command {
	return &cobra.Command{
		Use: "attach SERVICE", Args: cobra.ExactArgs(1), ValidArgsFunction: a.services,
		Short: "Say how to attach a debugger to a service",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.existing(cmd.Context(), func(env *devenv.Environment) error { return env.DebugAttach(args[0]) })
		},
	}
}

package main

import (
	"context"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) debug() *cobra.Command {
	cmd := &cobra.Command{
		Use: "debug", GroupID: inside, Args: cobra.NoArgs,
		Short: "Debug services: what an editor attaches to, and its configuration",
		Long: "In mode local devenv listens for a debugger on a port of 127.0.0.1 for each Python service, and for each Go service whose\n" +
			"command is `dlv exec|debug|test --headless` (or that has x-devenv.debug: delve). Nothing of debugpy runs until an editor attaches; then its session lives\n" +
			"through every reload, restart and recreate, until the editor ends it.",
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
		Short: "Open Delve's terminal on a Go service; say how an editor attaches to a Python service",
		Long: "Opens Delve's terminal on a Go service. Its program is halted until it is told to continue; Ctrl-C halts it again.\n" +
			"It runs on when the terminal is left, without the breakpoints that were set there.",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(context.WithoutCancel(cmd.Context()), syscall.SIGTERM, syscall.SIGHUP)
			defer stop() // SIGINT is the terminal's
			return a.existing(ctx, func(env *devenv.Environment) error { return env.DebugAttach(ctx, args[0]) })
		},
	}
}

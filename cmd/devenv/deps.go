package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) deps() *cobra.Command {
	return a.uvCommand(&cobra.Command{
		Use: "deps [FLAG...]", Short: "Show the dependencies as a tree; --outdated says what is newer",
	}, devenv.Deps)
}

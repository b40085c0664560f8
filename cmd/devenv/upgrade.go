package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) upgrade() *cobra.Command {
	return a.uvCommand(&cobra.Command{
		Use: "upgrade [PKG...] [FLAG...]", Short: "Upgrade some packages, or all, as far as pyproject.toml allows",
	}, devenv.Upgrade)
}

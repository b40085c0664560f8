package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) remove() *cobra.Command {
	return a.uvCommand(&cobra.Command{
		Use: "remove PKG... [FLAG...]", Short: "Remove packages",
	}, devenv.Remove)
}

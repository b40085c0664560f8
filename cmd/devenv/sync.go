package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) sync() *cobra.Command {
	return a.uvCommand(&cobra.Command{
		Use: "sync [FLAG...]", Short: "Bring the environment in line with uv.lock",
	}, devenv.Sync)
}

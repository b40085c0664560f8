package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) add() *cobra.Command {
	return a.uvCommand(&cobra.Command{
		Use: "add PKG... [FLAG...]", Short: "Add packages: to pyproject.toml, to uv.lock and to the running service",
		Example: "  devenv add httpx\n  devenv add --dev pytest\n  devenv add -s worker 'celery>=5'",
	}, devenv.Add)
}

package main

import (
	"github.com/spf13/cobra"

	"devenv/devenv"
)

func (a *app) lock() *cobra.Command {
	return a.uvCommand(&cobra.Command{
		Use: "lock [FLAG...]", Short: "Bring uv.lock in line with pyproject.toml; --check only says whether it is",
	}, devenv.Lock)
}

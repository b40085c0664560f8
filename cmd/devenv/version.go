package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is the version of a release build, set by the linker.
var release string

func (a *app) version() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "version", GroupID: look, Args: cobra.NoArgs,
		Short: "Print the version",
		RunE: func(*cobra.Command, []string) error {
			v := build()
			if format == "json" {
				return a.terminal().JSON(v)
			}
			return a.terminal().Data([]byte("devenv " + v.Version + " (compose " + v.Compose + ", " + v.Platform + ")\n"))
		},
	}
	addFormat(cmd, &format, "text", "json")
	return cmd
}

// built is what this binary was made from.
type built struct {
	Version  string `json:"version"`
	Compose  string `json:"compose"` // the Compose that converges the containers
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func build() built {
	v := built{Version: release, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if v.Version == "" {
		v.Version = info.Main.Version
	}
	for _, module := range info.Deps {
		if module.Path == "github.com/docker/compose/v5" {
			v.Compose = module.Version
		}
	}
	return v
}

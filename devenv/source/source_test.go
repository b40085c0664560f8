package source_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/source"
)

// The mounts that a mode other than local takes away are exactly the project's code, never its data or its
// single configuration files.
func TestMounts(t *testing.T) {
	context := filepath.FromSlash("/work/shop")
	bind := func(host, container string) types.ServiceVolumeConfig {
		return types.ServiceVolumeConfig{Type: types.VolumeTypeBind, Source: filepath.FromSlash(host), Target: container}
	}
	anonymous := func(container string) types.ServiceVolumeConfig {
		return types.ServiceVolumeConfig{Type: types.VolumeTypeVolume, Target: container}
	}
	service := types.ServiceConfig{Build: &types.BuildConfig{Context: context}, Volumes: []types.ServiceVolumeConfig{
		bind("/work/shop/src", "/src"),
		bind("/work/shop", "/app"),
		bind("/work/shop/uwsgi.ini", "/etc/uwsgi.ini"),
		bind("/work/shopping", "/shopping"),
		bind("/work", "/work"),
		bind("/work/shop/..data", "/data"),
		{Type: types.VolumeTypeVolume, Source: "media", Target: "/app/media"},
		anonymous("/app/.venv"),
		anonymous("/application"),
		anonymous("/var/cache"),
	}}
	isFile := func(p string) bool { return strings.HasSuffix(p, ".ini") }

	mounts := source.Mounts(service, isFile)
	if got, want := targets(mounts), "/src /app /data"; got != want {
		t.Errorf("source mounts: %s, want %s", got, want)
	}
	if got, want := targets(source.Nested(service, mounts)), "/app/.venv"; got != want {
		t.Errorf("nested anonymous volumes: %s, want %s", got, want)
	}

	service.Build = nil
	if got := source.Mounts(service, isFile); got != nil {
		t.Errorf("a service without a build has source mounts: %v", got)
	}
}

func targets(volumes []types.ServiceVolumeConfig) string {
	var all []string
	for _, v := range volumes {
		all = append(all, v.Target)
	}
	return strings.Join(all, " ")
}

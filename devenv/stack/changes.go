package stack

import (
	"context"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/docker/compose/v5/pkg/compose"

	"devenv/devenv/engine"
)

// Changes says what Converge would do with the containers of each service of p: a service whose containers all run and are
// as p wants them is not in it. The rules are Compose's (mustRecreate in pkg/compose/reconcile.go) but for those about
// networks and volumes, which hardly ever change alone.
func Changes(ctx context.Context, eng *engine.Client, p *types.Project) (map[string]string, error) {
	own, err := prepared(p, nil, false)
	if err != nil {
		return nil, err
	}
	containers, err := eng.Containers(ctx, own.Name)
	if err != nil {
		return nil, err
	}
	held := map[string][]engine.Container{}
	for _, c := range containers {
		if !c.Oneoff {
			held[c.Service] = append(held[c.Service], c)
		}
	}
	changes := map[string]string{}
	for _, name := range own.ServiceNames() {
		change, err := changed(ctx, eng, own, own.Services[name], held)
		if err != nil {
			return nil, err
		}
		if change != "" {
			changes[name] = change
		}
	}
	return changes, nil
}

// changed says what is to be done with a service's containers, as the end of a sentence that begins with its name.
func changed(ctx context.Context, eng *engine.Client, p *types.Project, service types.ServiceConfig, held map[string][]engine.Container) (string, error) {
	containers := held[service.Name]
	if service.Provider != nil || service.GetScale() == 0 {
		return "", nil
	}
	if len(containers) < service.GetScale() {
		return "has no container yet", nil
	}
	hash, err := compose.ServiceHash(resolved(service, held))
	if err != nil {
		return "", err
	}
	image, _, err := eng.Image(ctx, api.GetImageNameOrDefault(service, p.Name))
	if err != nil {
		return "", err
	}
	for _, c := range containers {
		switch {
		case c.Labels[api.ConfigHashLabel] != hash:
			return "is configured otherwise than its container", nil
		case c.ImageID != image.ID:
			return "has a new image", nil
		case c.State != engine.Running:
			return "does not run", nil
		}
	}
	return "", nil
}

// resolved has the containers that a service shares something with in place of their services: so Compose hashes it
// (resolveServiceReferences in pkg/compose/service_containers.go).
func resolved(service types.ServiceConfig, held map[string][]engine.Container) types.ServiceConfig {
	for _, shared := range []*string{&service.NetworkMode, &service.Ipc, &service.Pid} {
		if name, is := strings.CutPrefix(*shared, types.ServicePrefix); is && len(held[name]) > 0 {
			*shared = types.ContainerPrefix + held[name][0].ID
		}
	}
	var from []string
	for _, volumes := range service.VolumesFrom {
		name, rest, _ := strings.Cut(volumes, ":")
		switch {
		case name == "container":
			volumes, _, _ = strings.Cut(rest, ":")
		case len(held[name]) > 0:
			volumes = held[name][0].ID
		}
		from = append(from, volumes)
	}
	service.VolumesFrom = from
	return service
}

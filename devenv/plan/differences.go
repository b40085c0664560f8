package plan

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/dockerfile"
)

// Difference is one fact about a service that is not the same in two plans.
type Difference struct {
	Service string `json:"service"`
	Key     string `json:"key"` // service (on or off), target, dockerfile, image, user, workdir, entrypoint, command, mount PATH, port PORT, env NAME, reload, debugger
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
}

// Differences compares two plans of the same project, which may have different services, by what their containers get: target, mounts, environment,
// user, ports and commands, those of the images included as far as the Dockerfiles say them.
func Differences(in Input, from, to Plan) []Difference {
	var all []Difference
	for _, name := range sorted(from.Project.Services) {
		if _, has := to.Project.Services[name]; !has {
			all = append(all, Difference{name, "service", "on", "off"})
		}
	}
	for _, name := range sorted(to.Project.Services) {
		if _, had := from.Project.Services[name]; !had {
			all = append(all, Difference{name, "service", "off", "on"})
			continue
		}
		before, after := from.facts(in, name), to.facts(in, name)
		for _, key := range union(before, after) {
			if before[key] != after[key] {
				all = append(all, Difference{name, key, before[key], after[key]})
			}
		}
	}
	return all
}

// facts are what a service gets, by key, as far as its Dockerfile says what its image has.
func (p Plan) facts(in Input, name string) map[string]string {
	image, _ := effective(in, p.Recipe(name))
	return p.Facts(in, name, image)
}

// Facts are what the container of a service gets, by the keys of Difference, from the service and its image.
func (p Plan) Facts(in Input, name string, image dockerfile.Effective) map[string]string {
	all := facts(in, p.Project.Services[name], image)
	delete(all, "mount "+downloadsFolder) // how, not what
	for _, volume := range p.Project.Services[name].Volumes {
		if shared, is := p.Shared[volume.Source]; is && volume.Type == types.VolumeTypeVolume {
			all["mount "+volume.Target] = shared.Name + " (shared)"
		}
	}
	if debug, yes := p.Debug[name]; yes && debug.Forwarded() {
		all["debugger"] = fmt.Sprintf("127.0.0.1:%d", debug.Port)
	}
	if slices.Contains(p.Agents, name) {
		all["reload"] = "in place"
		withoutAgent(all, in.Agent.Path)
	}
	return all
}

// withoutAgent takes out the variables by which the agent is started: they are how, not what.
func withoutAgent(facts map[string]string, path string) {
	maps.DeleteFunc(facts, func(key, _ string) bool { return strings.HasPrefix(key, "env DEVENV_AGENT") })
	own := strings.TrimPrefix(strings.TrimPrefix(facts["env PYTHONPATH"], path), ":")
	if facts["env PYTHONPATH"] = own; own == "" {
		delete(facts, "env PYTHONPATH")
	}
}

// facts are what a container of the service gets, by key.
func facts(in Input, service types.ServiceConfig, image dockerfile.Effective) map[string]string {
	all := map[string]string{"image": ImageName(in.Project.Name, service)}
	for key, value := range image.Env {
		all["env "+key] = value
	}
	for key, value := range service.Environment {
		all["env "+key] = text(value)
	}
	if service.Build != nil {
		all["target"], all["dockerfile"] = service.Build.Target, service.Build.Dockerfile
	}
	all["user"] = cmp.Or(service.User, image.User, "root")
	all["workdir"] = cmp.Or(service.WorkingDir, image.Workdir)
	all["command"] = strings.Join(service.Command, " ")
	if len(service.Command) == 0 && image.Cmd != nil {
		all["command"] = strings.Join(image.Cmd.Args, " ")
	}
	all["entrypoint"] = strings.Join(service.Entrypoint, " ")
	if len(service.Entrypoint) == 0 && image.Entrypoint != nil {
		all["entrypoint"] = strings.Join(image.Entrypoint.Args, " ")
	}
	for _, volume := range service.Volumes {
		all["mount "+volume.Target] = cmp.Or(relative(in.Project.WorkingDir, volume), volume.Type)
	}
	for _, port := range service.Ports {
		key := "port " + portText(types.ServicePortConfig{Target: port.Target, Protocol: port.Protocol})
		all[key] = strings.TrimPrefix(all[key]+", "+portText(port), ", ")
	}
	return all
}

// relative is the source of a volume as the compose file would write it.
func relative(projectDir string, volume types.ServiceVolumeConfig) string {
	if volume.Type != types.VolumeTypeBind {
		return volume.Source
	}
	inside, err := filepath.Rel(projectDir, volume.Source)
	if err != nil || inside == ".." || strings.HasPrefix(inside, ".."+string(filepath.Separator)) {
		return volume.Source
	}
	if inside == "." {
		return inside
	}
	return "./" + filepath.ToSlash(inside)
}

// union are the keys of both, the ones of the image before those of the environment.
func union(a, b map[string]string) []string {
	var keys []string
	for _, facts := range []map[string]string{a, b} {
		for key := range facts {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	slices.SortFunc(keys, func(x, y string) int {
		env := func(key string) int {
			if strings.HasPrefix(key, "env ") {
				return 1
			}
			return 0
		}
		if order := env(x) - env(y); order != 0 {
			return order
		}
		return strings.Compare(x, y)
	})
	return keys
}

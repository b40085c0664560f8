package stack

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// What the engine says, 20.10 to the newest, and what devenv makes of it. The words are the engine's own and tested
// against it; what is not recognized is passed on with the service's name in front.
var (
	portTaken = regexp.MustCompile(
		`(?:Bind for|listen (?:tcp|udp)[46]?|bind host port(?: for)?) (\S*?):(\d+)\D[^\n]*(?:already allocated|address already in use)`)
	nameTaken    = regexp.MustCompile(`container name "/?([^"]+)" is already in use by container "?([0-9a-f]+)`)
	bindMissing  = regexp.MustCompile(`bind source path does not exist: ([^\s"]+)`)
	noCommand    = regexp.MustCompile(`exec: "([^"]+)": (executable file not found in \$PATH|stat [^:]+: no such file or directory|permission denied|is a directory)`)
	noImage      = regexp.MustCompile(`No such image: (\S+)`)
	noNetwork    = regexp.MustCompile(`network (\S+) declared as external, but could not be found`)
	noVolume     = regexp.MustCompile(`external volume "([^"]+)" not found`)
	noSubnet     = regexp.MustCompile(`non-overlapping IPv4 address pool|predefined address pools have been fully subnetted`)
	noSpace      = regexp.MustCompile(`no space left on device`)
	workingDir   = regexp.MustCompile(`(?:cwd|working directory)[^\n]*(?:not a directory|no such file)`)
	daemonPrefix = regexp.MustCompile(`(?:^|: )Error response from daemon: |^failed to create task for container: |: unknown$`)
)

// explainCreate words a failure of Compose's Create, with the service that the SDK reported as failed.
func (s *Stack) explainCreate(ctx context.Context, eng *engine.Client, p *types.Project, b *bus, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	kind, name := splitID(b.failure())
	if kind == "Image" {
		return explainPull(p, name, err)
	}
	return explain(ctx, eng, p, subject(p, kind, name), err)
}

// explainStart words a failure to start a service's container.
func explainStart(ctx context.Context, eng *engine.Client, p *types.Project, service string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return explain(ctx, eng, p, service, err)
}

// subject is the service that a failed resource belongs to, else the resource itself, else the project.
func subject(p *types.Project, kind, name string) string {
	switch kind {
	case "Service":
		return name
	case "Container":
		return serviceOf(p, name)
	case "":
		return p.Name
	}
	return strings.ToLower(kind) + " " + name
}

// serviceOf is the service of a container that the SDK names, also under its temporary name OLDID_NAME.
func serviceOf(p *types.Project, container string) string {
	for _, service := range p.ServiceNames() {
		custom, base := p.Services[service].ContainerName, p.Name+api.Separator+service+api.Separator
		_, number, own := strings.Cut(container, base)
		if _, err := strconv.Atoi(number); own && err == nil || custom != "" && strings.HasSuffix(container, custom) {
			return service
		}
	}
	return container
}

// explain words a failure of the engine for a service.
func explain(ctx context.Context, eng *engine.Client, p *types.Project, service string, err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	text := err.Error()
	if found := portTaken.FindStringSubmatch(text); found != nil {
		port, _ := strconv.ParseUint(found[2], 10, 16)
		wanted := claim{service: service, port: uint16(port), protocol: "tcp", ip: parseIP(found[1])}
		if strings.Contains(found[0], "udp") {
			wanted.protocol = "udp"
		}
		return taken(ctx, eng, wanted, err)
	}
	if found := nameTaken.FindStringSubmatch(text); found != nil {
		return nameConflict(ctx, eng, service, found[1], found[2], err)
	}
	failure := explainText(p, service, text)
	failure.Err = err
	return failure
}

// explainText words what needs no look at the engine.
func explainText(p *types.Project, service, text string) *fault.Error {
	group := func(pattern *regexp.Regexp) string {
		if found := pattern.FindStringSubmatch(text); found != nil {
			return found[1]
		}
		return ""
	}
	switch {
	case noSpace.MatchString(text):
		return fault.New(fault.Failed, "%s: no space left on the engine's disk", service).
			WithHint("`docker system df` shows what takes it, `docker system prune` frees what nothing uses")
	case noSubnet.MatchString(text):
		return fault.New(fault.Failed, "%s: the engine has no free subnet left for another network", service).
			WithHint("`docker network prune` removes networks that nothing uses")
	case group(bindMissing) != "":
		return fault.New(fault.Failed, "%s: bind mount source %s does not exist", service, group(bindMissing)).
			WithHint("create it, or correct the path under volumes: of %s", service)
	case group(noCommand) != "":
		return commandFault(service, group(noCommand), text)
	case group(noImage) != "":
		return imageFault(p, service, group(noImage))
	case group(noNetwork) != "":
		return fault.New(fault.Failed, "network %s: declared as external and not there", group(noNetwork)).
			WithHint("create it with `docker network create %s`", group(noNetwork))
	case group(noVolume) != "":
		return fault.New(fault.Failed, "volume %s: declared as external and not there", group(noVolume)).
			WithHint("create it with `docker volume create %s`", group(noVolume))
	case workingDir.MatchString(text):
		return fault.New(fault.Failed, "%s: its working directory %s is not a directory in the container",
			service, p.Services[service].WorkingDir).WithHint("correct working_dir: of %s, or what is mounted there", service)
	}
	return fault.New(fault.Failed, "%s: %s", service, bare(text))
}

func commandFault(service, command, text string) *fault.Error {
	if strings.Contains(text, "permission denied") {
		return fault.New(fault.Failed, "%s: command %q is not executable", service, command).
			WithHint("`chmod +x` it on the host or in the Dockerfile")
	}
	return fault.New(fault.Failed, "%s: command %q is not in the image", service, command).
		WithHint("check command: and entrypoint: of %s; a mount may also hide it", service)
}

func imageFault(p *types.Project, service, image string) *fault.Error {
	if p.Services[service].Build != nil {
		return fault.New(fault.Failed, "%s: image %s is not built", service, image).
			WithHint("`devenv build %s` builds it", service)
	}
	return fault.New(fault.Failed, "%s: image %s is not here, and pull_policy forbids to pull it", service, image).
		WithHint("`docker pull %s` gets it", image)
}

// explainPull words a pull that failed; a service that uses the image is the thing.
func explainPull(p *types.Project, image string, err error) error {
	users := slices.DeleteFunc(p.ServiceNames(), func(name string) bool { return p.Services[name].Image != image })
	thing := "image " + image
	if len(users) > 0 {
		thing = users[0] + ": " + thing
	}
	failure := fault.New(fault.Failed, "%s: %s", thing, bare(err.Error()))
	failure.Err = err
	text := strings.ToLower(err.Error())
	switch {
	case strings.Contains(text, "toomanyrequests"), strings.Contains(text, "rate limit"):
		return failure.WithHint("the registry limits anonymous pulls: log in with `docker login`")
	case strings.Contains(text, "denied"), strings.Contains(text, "unauthorized"):
		return failure.WithHint("check the name, or log in to its registry with `docker login`")
	case strings.Contains(text, "no space left"):
		return failure.WithHint("`docker system prune` frees what nothing uses")
	case strings.Contains(text, "not found"), strings.Contains(text, "manifest unknown"), strings.Contains(text, "does not exist"):
		return failure.WithHint("check the name and the tag of image: in the compose file")
	}
	return failure.WithHint("the registry could not be reached; `docker pull %s` tries it alone", image)
}

// bare is an engine's message without what it says about itself.
func bare(text string) string {
	return strings.TrimSpace(daemonPrefix.ReplaceAllStringFunc(text, func(match string) string {
		if strings.HasPrefix(match, ": ") && strings.Contains(match, "daemon") {
			return ": "
		}
		return ""
	}))
}

// nameConflict says who has the container name that a service wants.
func nameConflict(ctx context.Context, eng *engine.Client, service, name, id string, err error) error {
	owner := "container " + id[:min(12, len(id))]
	hint := fmt.Sprintf("`docker rm -f %s` removes it, or choose another container_name:", name)
	if c, found, _ := eng.Container(ctx, id); found && c.Project != "" {
		owner = "service " + c.Service + " of project " + c.Project
		hint = fmt.Sprintf("`docker compose -p %s down` removes it, or choose another container_name:", c.Project)
	}
	failure := fault.New(fault.Failed, "%s: container name %s is taken by %s", service, name, owner)
	failure.Err = err
	return failure.WithHint("%s", hint)
}

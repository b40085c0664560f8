package doctor

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/plan"
	"devenv/devenv/source"
)

func composeRules() []Rule {
	const family = "services"
	return []Rule{
		{"debug-port", family, Error, "a debug port that is published to the network",
			"Whoever reaches a debugger can run any code in the container.",
			"https://github.com/microsoft/debugpy/wiki/Debugging-over-SSH", openDebugPort},
		{"depends-on", family, Warning, "depends_on without a condition",
			"Compose then waits until the container has started, not until the program in it can be used.",
			"https://docs.docker.com/compose/how-tos/startup-order/", dependsOn},
		{"healthcheck-missing", family, Error, "a service that others wait for without a healthcheck",
			"With condition service_healthy Compose refuses to start what waits.",
			"https://docs.docker.com/compose/how-tos/startup-order/", healthcheckMissing},
		{"env-hidden", family, Error, "an environment of the image that a source mount hides",
			"The container then sees the host's folder in its place, which has no packages, or those of another system.",
			uvDocker + "#mounting-the-project-with-docker-run", envHidden},
		{"root-files", family, Note, "a container that will leave files of root's in the project",
			"Your editor and git cannot change or delete them afterwards.",
			"https://docs.docker.com/engine/security/userns-remap/", rootFiles},
	}
}

// debuggers are the ports that debuggers listen on by default.
var debuggers = map[uint32]string{5678: "debugpy", 2345: "Delve", 9229: "Node's inspector", 5005: "the Java debugger"}

func openDebugPort(f *Facts) []Finding {
	var all []Finding
	for _, name := range f.Project.Compose.ServiceNames() {
		service := f.Project.Compose.Services[name]
		listening := f.listening(service.Name)
		for i, port := range service.Ports {
			name := cmp.Or(listening[port.Target], debuggers[port.Target])
			if name == "" || port.Published == "" || isLoopback(port.HostIP) {
				continue
			}
			at := f.portPlace(service, i)
			found := Finding{
				Place: at, What: fmt.Sprintf("port %d of %s is published on all interfaces", port.Target, name),
				Mend: fmt.Sprintf("%q", "127.0.0.1:"+port.Published+":"+strconv.Itoa(int(port.Target))),
				Fix:  f.bindToLoopback(at, port),
			}
			if text := f.shortPort(at); portRange.MatchString(text) {
				found.Mend = fmt.Sprintf("%q", "127.0.0.1:"+text)
				found.Fix = &Edit{File: at.File, Line: at.Line, Old: text, New: "127.0.0.1:" + text}
			}
			all = append(all, found)
		}
	}
	return all
}

// portRange is the short form of several ports of all interfaces.
var portRange = regexp.MustCompile(`^\d+-\d+:\d+-\d+(?:/tcp)?$`)

// portPlace is the line of a port of a service: a range that is written in one line is several ports.
func (f *Facts) portPlace(service types.ServiceConfig, port int) Place {
	before := 0
	for line := 0; ; line++ {
		path := []string{"services", service.Name, "ports", strconv.Itoa(line)}
		if !f.Project.Writes(path...) {
			return f.compose("services", service.Name, "ports", strconv.Itoa(port))
		}
		at, several := f.compose(path...), 1
		if ports, err := types.ParsePortConfig(f.shortPort(at)); err == nil && len(ports) > 0 {
			several = len(ports)
		}
		if before += several; port < before {
			return at
		}
	}
}

// shortPort is what the line of a list of ports says in the short form.
func (f *Facts) shortPort(at Place) string {
	line, _ := f.line(at)
	value, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "- "), " #")
	return strings.Trim(strings.TrimSpace(value), `"'`)
}

// listening are the ports that the commands of a service give to a debugger.
func (f *Facts) listening(service string) map[uint32]string {
	ports := map[uint32]string{}
	for _, build := range f.Builds {
		if build.Service != service {
			continue
		}
		declared := build
		declared.Config = f.Project.Compose.Services[service] // devenv may have taken the debugger out of the command
		for _, c := range started(declared.command()) {
			name := ""
			if slices.Contains(c.Args, "debugpy") {
				name = "debugpy"
			} else if c.Program() == "dlv" {
				name = "Delve"
			}
			address := c.Option("--listen")
			port, err := strconv.ParseUint(address[strings.LastIndexByte(address, ':')+1:], 10, 16)
			if name != "" && err == nil {
				ports[uint32(port)] = name
			}
		}
	}
	return ports
}

func isLoopback(ip string) bool { return strings.HasPrefix(ip, "127.") || ip == "::1" || ip == "[::1]" }

// bindToLoopback changes the short form of a port, where it stands in one line.
func (f *Facts) bindToLoopback(at Place, port types.ServicePortConfig) *Edit {
	line, ok := f.line(at)
	if !ok {
		return nil
	}
	for _, old := range []string{port.Published + ":" + strconv.Itoa(int(port.Target)), strconv.Itoa(int(port.Target))} {
		for _, quoted := range []string{`"` + old + `"`, `'` + old + `'`, old} {
			if strings.TrimSpace(line) == "- "+quoted || strings.HasPrefix(strings.TrimSpace(line), "- "+quoted+" ") {
				return &Edit{File: at.File, Line: at.Line, Old: quoted, New: `"127.0.0.1:` + port.Published + ":" + strconv.Itoa(int(port.Target)) + `"`}
			}
		}
	}
	return nil
}

func dependsOn(f *Facts) []Finding {
	var all []Finding
	for _, name := range f.Project.Compose.ServiceNames() {
		service := f.Project.Compose.Services[name]
		for _, needed := range slices.Sorted(maps.Keys(service.DependsOn)) {
			dependency := service.DependsOn[needed]
			if dependency.Condition != types.ServiceConditionStarted || f.Project.Writes("services", name, "depends_on", needed, "condition") {
				continue
			}
			all = append(all, Finding{
				Place: f.compose("services", name, "depends_on", needed), What: fmt.Sprintf("%s starts before %s is ready", name, needed),
				Mend: readiness(f.Project.Compose.Services[needed], f.hasHealthcheck(needed)),
			})
		}
	}
	return all
}

// readiness is the condition to wait for a service with. One that is not started again may be a job, which ends.
func readiness(needed types.ServiceConfig, checked bool) string {
	healthy, ended := needed.Name+": {condition: service_healthy}", needed.Name+": {condition: service_completed_successfully}"
	switch {
	case checked:
		return healthy
	case len(needed.Ports) == 0 && (needed.Restart == types.RestartPolicyNo || slices.Equal(needed.Command, []string{"true"})):
		return ended
	case len(needed.Ports) == 0 && needed.Restart == "":
		return "give " + needed.Name + " a healthcheck, then " + healthy + "; if it ends by itself, " + ended
	}
	return "give " + needed.Name + " a healthcheck, then " + healthy
}

func healthcheckMissing(f *Facts) []Finding {
	var all []Finding
	for _, name := range f.Project.Compose.ServiceNames() {
		service := f.Project.Compose.Services[name]
		for _, needed := range slices.Sorted(maps.Keys(service.DependsOn)) {
			if service.DependsOn[needed].Condition == types.ServiceConditionHealthy && !f.mayHaveHealthcheck(needed) {
				all = append(all, Finding{
					Place: f.compose("services", needed), What: fmt.Sprintf("%s waits until %s is healthy, and %s has no healthcheck", name, needed, needed),
					Mend: "healthcheck: in the service, or HEALTHCHECK in its Dockerfile",
				})
			}
		}
	}
	return all
}

// hasHealthcheck reports whether a service surely has a healthcheck.
func (f *Facts) hasHealthcheck(service string) bool {
	has, known := f.healthcheck(service)
	return has && known
}

// mayHaveHealthcheck is false where a service surely has none.
func (f *Facts) mayHaveHealthcheck(service string) bool {
	has, known := f.healthcheck(service)
	return has || !known
}

// healthcheck looks in the compose file, then in the Dockerfile, then in the image.
func (f *Facts) healthcheck(service string) (has, known bool) {
	config := f.Project.Compose.Services[service]
	if check := config.HealthCheck; check != nil && (check.Disable || len(check.Test) > 0) {
		return !check.Disable && check.Test[0] != "NONE", true
	}
	for _, build := range f.Builds {
		if build.Service != service || build.Mode != plan.Local {
			continue
		}
		for _, step := range slices.Backward(build.Steps) {
			if step.Name == "HEALTHCHECK" {
				return !step.None, true
			}
		}
		if build.Image != nil {
			return build.Image.Config.Checks(), true
		}
	}
	return false, false
}

func envHidden(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.Builds {
		if build.Mode != plan.Local || build.File == nil {
			continue
		}
		stage, _ := build.File.Stage(build.Target)
		made := build.File.environments(stage.Key())
		mapping := source.NewMapping(build.Config, func(string) bool { return false })
		for _, folder := range slices.Sorted(maps.Keys(made)) {
			step := made[folder]
			if _, hidden := mapping.ToHost(folder); hidden {
				all = append(all, Finding{
					Place: f.mountOver(build, folder),
					What:  fmt.Sprintf("%s is in the image (%s:%d) and hidden by the mount", folder, f.Project.Rel(build.File.Path), step.Line),
					Mend:  "UV_PROJECT_ENVIRONMENT outside of the mount, or a volume at " + folder,
				})
			}
		}
	}
	return all
}

// mountOver is the line of the volume that covers a container path.
func (f *Facts) mountOver(build Build, folder string) Place {
	declared := f.Project.Compose.Services[build.Service]
	for i, volume := range declared.Volumes {
		if holds(volume.Target, folder) {
			return f.compose("services", build.Service, "volumes", strconv.Itoa(i))
		}
	}
	return f.compose("services", build.Service)
}

// rootFiles looks for programs that write beside the code they run, as another user than who works on it.
func rootFiles(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.Builds {
		if f.UID <= 0 || build.Mode != plan.Local || build.File == nil || !isPythonCommand(build.command()) {
			continue
		}
		effective, _ := build.File.Effective(build.Target)
		user, known := build.user(effective.User)
		mounts := source.Mounts(build.Config, func(string) bool { return false })
		_, quiet := build.variable("PYTHONDONTWRITEBYTECODE")
		if !known || !isRoot(user) || quiet || len(mounts) == 0 || mounts[0].ReadOnly {
			continue
		}
		all = append(all, Finding{
			Place: f.mountOver(build, path.Clean(mounts[0].Target)),
			What:  fmt.Sprintf("Python runs as root and writes __pycache__ into %s", f.Project.Rel(mounts[0].Source)),
			Mend:  "ENV PYTHONDONTWRITEBYTECODE=1, or user: " + strconv.Itoa(f.UID),
		})
	}
	return all
}

package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/project"
)

// WithPorts is the plan with its host ports decided and every project.Reference filled in. A plan that has them is
// decided anew. Ports are decided for the whole project, so that a part of it has the same ones.
func (p Plan) WithPorts(rules PortRules) (Plan, error) {
	made := p
	if p.made != nil {
		made = *p.made
	}
	whole := made.Whole
	if whole == nil {
		whole = made.Project
	}
	ports, err := rules.Ports(whole)
	if err != nil {
		return p, err
	}
	ported := made
	ported.made, ported.Ports, ported.Changes = &made, ports, slices.Clone(made.Changes)
	fill := portFill{ports: ports, rules: rules, whole: whole}
	ported.Project, err = made.Project.WithServicesTransform(func(_ string, s types.ServiceConfig) (types.ServiceConfig, error) {
		return s, nil // a deep copy: what was made stays
	})
	if err != nil {
		return p, err
	}
	for _, name := range sorted(ported.Project.Services) {
		ported.Project.Services[name] = fill.service(ported.Project.Services[name])
	}
	ported.Builds = types.Services{}
	for name, service := range made.Builds {
		ported.Builds[name] = fill.service(service)
	}
	ported.Changes = append(ported.Changes, fill.changes...)
	ported.fill = fill
	return ported, nil
}

// Fill fills the references of a text in; the plan has its ports.
func (p Plan) Fill(text string) string {
	filled, _ := p.fill.text(text)
	return filled
}

// portFill writes a decision about ports into services.
type portFill struct {
	ports   []HostPort
	rules   PortRules
	whole   *types.Project
	changes []Change
}

func (f *portFill) service(s types.ServiceConfig) types.ServiceConfig {
	change := func(key, from, to, cause string) {
		f.changes = append(f.changes, Change{s.Name, key, from, to, cause})
	}
	s.Ports = slices.Clone(s.Ports)
	for i, port := range s.Ports {
		at := slices.IndexFunc(f.ports, func(own HostPort) bool {
			return own.Service == s.Name && uint32(own.Container) == port.Target && own.Declared == port.Published
		})
		if at < 0 || f.ports[at].Why == ByHost || f.ports[at].Published == port.Published {
			continue
		}
		s.Ports[i].Published = f.ports[at].Published
		change("ports", portText(port), portText(s.Ports[i]), f.ports[at].because())
	}
	f.mapping(s.Environment, "environment.", change)
	if s.Build != nil {
		build := *s.Build
		build.Args = clone(build.Args)
		f.mapping(build.Args, "build.args.", change)
		s.Build = &build
	}
	s.Command = f.list(s.Command, "command", change)
	s.Entrypoint = f.list(s.Entrypoint, "entrypoint", change)
	for _, name := range sorted(s.Labels) {
		if value, cause := f.text(s.Labels[name]); cause != "" {
			change("labels."+name, s.Labels[name], value, cause)
			s.Labels[name] = value
		}
	}
	return s
}

func clone(of types.MappingWithEquals) types.MappingWithEquals {
	if of == nil {
		return nil
	}
	cloned := types.MappingWithEquals{}
	for name, value := range of {
		cloned[name] = value
	}
	return cloned
}

type tell func(key, from, to, cause string)

func (f *portFill) mapping(values types.MappingWithEquals, prefix string, change tell) {
	for _, name := range sorted(values) {
		if values[name] == nil {
			continue
		}
		if value, cause := f.text(*values[name]); cause != "" {
			change(prefix+name, *values[name], value, cause)
			values[name] = &value
		}
	}
}

func (f *portFill) list(words types.ShellCommand, key string, change tell) types.ShellCommand {
	filled, causes := slices.Clone(words), []string(nil)
	for i := range filled {
		value, cause := f.text(filled[i])
		if filled[i] = value; cause != "" {
			causes = append(causes, cause)
		}
	}
	if len(causes) > 0 {
		change(key, strings.Join(words, " "), strings.Join(filled, " "), strings.Join(causes, "; "))
	}
	return filled
}

// text fills in a text, and says because of which ports; "" where it has no reference.
func (f *portFill) text(text string) (filled, cause string) {
	var causes []string
	filled = project.Fill(text, func(r project.Reference) (string, bool) {
		value, why := f.value(r)
		if why != "" && !slices.Contains(causes, why) {
			causes = append(causes, why)
		}
		return value, value != ""
	})
	return filled, strings.Join(causes, "; ")
}

// value is what a reference stands for, and the port that makes it so. Package project has seen that there is one, but a
// mode may have taken it away: then it is where devenv listens, or what was declared.
func (f *portFill) value(r project.Reference) (value, cause string) {
	service, found := f.whole.Services[r.Service]
	if !found {
		service = f.whole.DisabledServices[r.Service]
	}
	container := r.Of(service)
	ip, number := "", f.rules.Debug[r.Service]
	at := slices.IndexFunc(f.ports, func(p HostPort) bool { return p.Service == r.Service && p.Container == container && container != 0 })
	switch {
	case at >= 0:
		number, ip = f.ports[at].Number(), f.ports[at].Bindings[0].IP
		cause = r.Service + " publishes " + strconv.Itoa(int(container)) + " at " + strconv.Itoa(int(number)) + ": " + f.ports[at].because()
	case container != 0: // a port of the machine itself
		number, cause = container, r.Service+" is in the host's network"
	case number == 0:
		number, cause = r.Port, "this mode does not publish it"
	default:
		cause = "it is where devenv lets a debugger in"
	}
	text := strconv.Itoa(int(number))
	if r.URL {
		text = "http://" + Reachable(ip, f.rules.Host) + ":" + text
	}
	return text, cause
}

// because is why a port is what it is.
func (p HostPort) because() string {
	if p.Cause != "" {
		return p.Cause
	}
	return string(p.Why)
}

// Reachable is the host name of a port that is bound to an address as it is written, "" for all of them: this machine,
// the address, or the engine's machine.
func Reachable(ip, engineHost string) string {
	ip = strings.Trim(ip, "[]")
	switch {
	case engineHost != "":
		return engineHost
	case isAll(ip):
		return "localhost"
	case strings.Contains(ip, ":"):
		return "[" + ip + "]"
	}
	return ip
}

// asked are the references of a project.
type asked []project.Reference

func references(p *types.Project) asked {
	var all asked
	add := func(text string) { all = append(all, project.FindReferences(text)...) }
	for _, name := range sorted(p.Services) {
		service := p.Services[name]
		mappings := []types.MappingWithEquals{service.Environment}
		if service.Build != nil {
			mappings = append(mappings, service.Build.Args)
		}
		for _, mapping := range mappings {
			for _, value := range mapping {
				add(text(value))
			}
		}
		for _, word := range slices.Concat(service.Command, service.Entrypoint) {
			add(word)
		}
		for _, value := range service.Labels {
			add(value)
		}
	}
	return all
}

func (a asked) has(port HostPort) bool {
	return slices.ContainsFunc(a, func(r project.Reference) bool {
		return r.Service == port.Service && (r.Port == port.Container || r.Port == 0 && r.URL && project.SpeaksHTTP(port.Container))
	})
}

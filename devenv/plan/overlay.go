package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/project"
	"devenv/devenv/source"
)

// ModeLabel says on a container which mode it was made for; one without it is in mode Local.
const ModeLabel = "devenv.mode"

// overlay changes one service for its mode and writes down each change.
type overlay struct {
	in         Input
	mode       string
	service    types.ServiceConfig
	builder    string // the service that the build is of, where it has none of its own
	debug      debugPort
	agent      bool // the service has the agent
	debuggable Debug
	// environment is where the packages of a service in mode local are.
	environment PythonEnvironment
	changes     []Change
	advice      []Advice
}

// apply makes the changes. The debug port is looked for first: it may stand in the CMD of the stage that the
// service declares, and the mode chooses another.
func (o *overlay) apply() {
	o.debug = o.debugPort()
	var choice Choice
	if o.service.Build != nil {
		choice = o.choose(o.mode)
		o.build(choice)
	}
	if o.mode == Local {
		o.addSource()
		o.keepEnvironment()
		o.addAgent()
		o.openDebugger()
		return
	}
	o.dropEnvironment()
	o.dropSource()
	o.dropDebugPort()
	switch word := LocalWord(o.service.Command); {
	case o.builder == "" && choice.Cause != "":
		o.giveCommandBack()
	case o.builder != "" && word != "": // the image's own command is its builder's
		o.advise("its command has %s, which belongs to mode local; x-devenv.modes.%s.command sets another", word, o.mode)
	}
}

// choose is the Choice for the build that makes the service's image.
func (o *overlay) choose(mode string) Choice {
	service := o.service
	if o.builder != "" {
		service.Name = o.builder
	}
	return Choose(o.in, service, mode)
}

func (o *overlay) change(key, from, to, cause string, args ...any) {
	o.changes = append(o.changes, Change{Service: o.service.Name, Key: key, From: from, To: to, Cause: fmt.Sprintf(cause, args...)})
}

func (o *overlay) advise(text string, args ...any) {
	o.advice = append(o.advice, Advice{Service: o.service.Name, Text: fmt.Sprintf(text, args...)})
}

// build points the service at the choice's Dockerfile and stage, and at an image name of the mode's own, so that
// the images of all modes are kept side by side.
func (o *overlay) build(choice Choice) {
	cause := "each mode has an image of its own, so that going back is instant"
	if o.builder == "" {
		o.changeBuild(choice)
	} else {
		cause = o.builder + " builds it"
	}
	o.service.Build.Dockerfile, o.service.Build.Target = choice.Dockerfile, choice.Target
	o.overrides()
	if o.mode == Local {
		return
	}
	name := ImageName(o.in.Project.Name, o.service)
	tagged := tagFor(name, o.mode)
	o.change("image", name, tagged, "%s", cause)
	o.service.Image = tagged
	o.service.Labels = o.service.Labels.Add(ModeLabel, o.mode)
}

// changeBuild writes down what becomes of the service's own build.
func (o *overlay) changeBuild(choice Choice) {
	if choice.Note != "" {
		o.advise("%s", choice.Note)
	}
	if was := o.service.Build.Dockerfile; choice.Dockerfile != was {
		o.change("build.dockerfile", was, choice.Dockerfile, "%s", choice.Cause)
	}
	if was := o.service.Build.Target; choice.Target != was {
		o.change("build.target", was, choice.Target, "%s", choice.Cause)
	}
}

// overrides are the parts of x-devenv.modes.MODE that do not concern the image.
func (o *overlay) overrides() {
	mode, ok := o.in.Extensions[o.service.Name].Modes[o.mode]
	if !ok {
		return
	}
	cause := "x-devenv.modes." + o.mode
	if mode.Command != nil {
		o.change("command", strings.Join(o.service.Command, " "), strings.Join(mode.Command, " "), "%s", cause)
		o.service.Command = mode.Command
	}
	if mode.Entrypoint != nil {
		o.change("entrypoint", strings.Join(o.service.Entrypoint, " "), strings.Join(mode.Entrypoint, " "), "%s", cause)
		o.service.Entrypoint = mode.Entrypoint
	}
	for _, key := range sorted(mode.Environment) {
		if o.service.Environment == nil {
			o.service.Environment = types.MappingWithEquals{}
		}
		o.change("environment."+key, text(o.service.Environment[key]), text(mode.Environment[key]), "%s", cause)
		o.service.Environment[key] = mode.Environment[key]
	}
}

// addSource mounts what x-devenv.source asks for, and advises a service that has a local stage and no source.
func (o *overlay) addSource() {
	for _, mount := range o.in.asked(o.service.Name) {
		if slices.ContainsFunc(o.service.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == mount.Target }) {
			continue
		}
		o.change("volumes", "", o.mountText(mount), "x-devenv.source")
		o.service.Volumes = append(o.service.Volumes, mount)
	}
	if o.builder == "" && hasStage(o.in, o.service, Local) && len(source.Mounts(o.service, o.in.IsFile)) == 0 {
		o.advise("it has a local stage but no source mount, so a save changes nothing in the container; add one to volumes, or x-devenv: {source: ./src:/src}")
	}
}

func (o *overlay) dropSource() {
	mounts := source.Mounts(o.service, o.in.IsFile)
	nested := source.Nested(o.service, mounts)
	o.service.Volumes = slices.DeleteFunc(o.service.Volumes, func(v types.ServiceVolumeConfig) bool {
		switch {
		case holds(mounts, v):
			o.change("volumes", o.mountText(v), "", "source mounts belong to mode local; in %s the code is the image's", o.mode)
		case holds(nested, v):
			o.change("volumes", v.Target, "", "an anonymous volume inside a source mount")
		default:
			return false
		}
		return true
	})
}

func (o *overlay) dropDebugPort() {
	o.service.Ports = slices.DeleteFunc(o.service.Ports, func(p types.ServicePortConfig) bool {
		if !o.debug.is(p) {
			return false
		}
		o.change("ports", portText(p), "", "%s; mode %s has no debugger", o.debug.cause, o.mode)
		return true
	})
}

// openDebugger says how a debugger comes to the service. Where the agent lets it in, devenv listens in place of the
// engine: on this machine alone, for whoever reaches the port can run code (DESIGN 3.9), and also while no process runs.
func (o *overlay) openDebugger() {
	o.debug = o.debugPort() // again: x-devenv.modes.local may set another command
	if place, off := o.in.NoDebug[o.service.Name]; off {
		if p, found := o.delve(); found {
			o.serveAll(p, uint16(o.debug.port)) //nolint:gosec // a port
		}
		o.dropPorts(place + " says debug: false")
		return
	}
	chosen := o.in.DebugAt[o.service.Name]
	defer func() { o.debuggable.Chosen = chosen != 0 && o.debuggable.Port == chosen }()
	port := cmp.Or(chosen, o.expectedPort())
	_, delve := o.delve()
	switch {
	case delve || o.in.Extensions[o.service.Name].Debug.Kind == project.DebugDelve:
		o.openDelve(port)
	case o.agent:
		o.dropPorts("devenv listens for it itself, on this machine alone")
		o.debuggable = Debug{Kind: Python, Port: cmp.Or(port, uint16(o.debug.port), debugpyPort), Agent: true}
	default:
		o.guardDebugPort(chosen)
		if o.debug.port != 0 && port != 0 {
			o.debuggable = Debug{Kind: Python, Port: port}
		}
	}
}

// dropPorts takes away every publication of the debug port.
func (o *overlay) dropPorts(cause string) {
	o.service.Ports = slices.DeleteFunc(o.service.Ports, func(p types.ServicePortConfig) bool {
		if o.debug.is(p) {
			o.change("ports", portText(p), "", "%s: %s", o.debug.cause, cause)
		}
		return o.debug.is(p)
	})
}

// expectedPort is the port of this machine at which the compose file publishes the debug port; 0 if it does not, or
// leaves the number to the engine.
func (o *overlay) expectedPort() uint16 {
	for _, p := range o.service.Ports {
		if port, err := strconv.ParseUint(p.Published, 10, 16); o.debug.is(p) && err == nil {
			return uint16(port)
		}
	}
	return 0
}

// guardDebugPort keeps the debug port on this machine: whoever reaches it can run code (DESIGN 3.9). It is published where it
// was chosen to be, else where the compose file says.
func (o *overlay) guardDebugPort(chosen uint16) {
	if chosen != 0 {
		o.moveDebugPort(chosen)
		return
	}
	for i, p := range o.service.Ports {
		if !o.debug.is(p) || p.HostIP == "127.0.0.1" {
			continue
		}
		guarded := p
		guarded.HostIP = "127.0.0.1"
		o.change("ports", portText(p), portText(guarded), "%s: whoever reaches it can run code, so it listens on this machine alone", o.debug.cause)
		o.service.Ports[i] = guarded
	}
	o.service.Ports = slices.CompactFunc(o.service.Ports, func(a, b types.ServicePortConfig) bool {
		return o.debug.is(a) && portText(a) == portText(b) // it was published on several addresses
	})
}

// moveDebugPort has the engine publish the debug port at the port that was chosen for it.
func (o *overlay) moveDebugPort(chosen uint16) {
	if o.debug.port == 0 {
		o.advise("its profile chooses port %d for a debugger, but nothing in it lets one in", chosen)
		return
	}
	published := types.ServicePortConfig{
		Mode: "ingress", HostIP: "127.0.0.1", Published: strconv.Itoa(int(chosen)), Target: o.debug.port, Protocol: "tcp",
	}
	o.dropPorts("the profile chooses another port")
	o.change("ports", "", portText(published), "the profile chooses it for the debugger")
	o.service.Ports = append(o.service.Ports, published)
}

// giveCommandBack lets the chosen image run its own CMD where the compose file's command starts a debugger or a
// reloader, which only the local image has. Any other command is kept, and said to hide the image's.
func (o *overlay) giveCommandBack() {
	image, known := effective(o.in, o.service)
	if len(o.service.Command) == 0 || !known || image.Cmd == nil || o.in.Extensions[o.service.Name].Modes[o.mode].Command != nil {
		return
	}
	command := strings.Join(o.service.Command, " ")
	if word := LocalWord(o.service.Command); word != "" {
		o.change("command", command, "", "%s belongs to mode local; x-devenv.modes.%s.command sets another", word, o.mode)
		o.service.Command = nil
		return
	}
	o.advise("its command in the compose file (%s) hides CMD of mode %s (%s); x-devenv.modes.%s.command sets another",
		command, o.mode, strings.Join(image.Cmd.Args, " "), o.mode)
}

func (o *overlay) mountText(v types.ServiceVolumeConfig) string {
	return relative(o.in.Project.WorkingDir, v) + ":" + v.Target
}

// ImageName is the name of a service's image: the declared one, else Compose's PROJECT-SERVICE.
func ImageName(project string, service types.ServiceConfig) string {
	if service.Image != "" {
		return service.Image
	}
	return project + "-" + service.Name
}

// tagFor is the name of an image in a mode: shop-api becomes shop-api:prod, acme/api:1.2 becomes acme/api:1.2-prod.
func tagFor(name, mode string) string {
	name, _, _ = strings.Cut(name, "@")
	if strings.LastIndex(name, ":") > strings.LastIndex(name, "/") {
		return name + "-" + mode
	}
	return name + ":" + mode
}

func portText(p types.ServicePortConfig) string {
	container := strconv.FormatUint(uint64(p.Target), 10)
	if p.Protocol != "" && p.Protocol != "tcp" {
		container += "/" + p.Protocol
	}
	switch {
	case strings.Contains(p.HostIP, ":"):
		return "[" + p.HostIP + "]:" + p.Published + ":" + container
	case p.HostIP != "":
		return p.HostIP + ":" + p.Published + ":" + container
	case p.Published != "":
		return p.Published + ":" + container
	default:
		return container
	}
}

func holds(volumes []types.ServiceVolumeConfig, v types.ServiceVolumeConfig) bool {
	return slices.ContainsFunc(volumes, func(other types.ServiceVolumeConfig) bool {
		return other.Type == v.Type && other.Source == v.Source && other.Target == v.Target
	})
}

func text(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}

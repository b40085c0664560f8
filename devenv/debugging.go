package devenv

import (
	"context"
	"fmt"
	"maps"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/debug/delve"
	"devenv/devenv/debug/vscode"
	"devenv/devenv/fault"
	"devenv/devenv/live"
	"devenv/devenv/plan"
	"devenv/devenv/source"
	"devenv/devenv/state"
)

// debugPorts are the ports of this machine at which editors find the services: chosen in a profile, remembered, else the expected one, else
// the next that no other service has. A port that something else has taken is found out when a session listens.
func debugPorts(remembered map[string]uint16, debug map[string]plan.Debug) map[string]uint16 {
	ports := map[string]uint16{}
	taken := func(port uint16) bool {
		return slices.Contains(slices.Collect(maps.Values(ports)), port)
	}
	services := slices.Sorted(maps.Keys(debug))
	for _, service := range services {
		if debug[service].Chosen {
			ports[service] = debug[service].Port
		}
	}
	for _, service := range services {
		if ports[service] != 0 {
			continue
		}
		if port := remembered[service]; port != 0 && debug[service].Forwarded() && !taken(port) {
			ports[service] = port
		} else if !debug[service].Forwarded() {
			ports[service] = debug[service].Port
		}
	}
	for _, service := range services {
		if ports[service] != 0 {
			continue
		}
		port := debug[service].Port
		for taken(port) {
			port++
		}
		ports[service] = port
	}
	return ports
}

// DebugStatus prints where an editor attaches to each service, who is attached, and how programs under Delve are.
func (e *Environment) DebugStatus(ctx context.Context, format string) error {
	debuggers, err := e.debuggers(ctx)
	if err != nil {
		return err
	}
	all := map[string]debuggerStatus{}
	for service, debugger := range debuggers {
		all[service] = debuggerStatus{Debugger: debugger}
	}
	if len(all) > 0 {
		e.addPrograms(ctx, all)
	}
	if format == "json" {
		return e.settings.Term.JSON(all)
	}
	if len(all) == 0 {
		e.settings.Term.Say("no debug port is open; `devenv up` opens one for each Python service, and each Go service under Delve, in mode local")
		return nil
	}
	var rows [][]string
	for _, service := range slices.Sorted(maps.Keys(all)) {
		d := all[service]
		rows = append(rows, []string{service, d.Address, d.Client, strings.Join(d.Stopped, ", "), d.Program, strings.Join(d.Breakpoints, " ")})
	}
	return e.settings.Term.Table([]string{"SERVICE", "ADDRESS", "CLIENT", "STOPPED", "PROGRAM", "BREAKPOINTS"}, rows)
}

// debuggers are the open debug ports, by service: none without a session.
func (e *Environment) debuggers(ctx context.Context) (map[string]live.Debugger, error) {
	if _, held := e.store.Holder(state.Live); !held {
		return nil, nil
	}
	answer, err := live.Ask(ctx, e.socket(), live.Request{})
	return answer.Debuggers, err
}

// debuggerStatus is the debug port of a service, and of one under Delve its program.
type debuggerStatus struct {
	live.Debugger
	Program     string   `json:"program,omitempty"`     // running, halted and where, exited, or why that is not known
	Breakpoints []string `json:"breakpoints,omitempty"` // FILE:LINE as in the container; known while the program is halted
}

// addPrograms asks the Delve servers. Without an engine there is nobody to ask.
func (e *Environment) addPrograms(ctx context.Context, all map[string]debuggerStatus) {
	if e.connect(ctx) != nil {
		return
	}
	servers, err := e.delves(ctx)
	if err != nil {
		return
	}
	for _, server := range servers {
		one := all[server.service]
		one.Program, one.Breakpoints = program(ctx, e.dial(server))
		all[server.service] = one
	}
}

func program(ctx context.Context, dial delve.Dial) (state string, breakpoints []string) {
	ctx, cancel := context.WithTimeout(ctx, delveWithin)
	defer cancel()
	status, err := delve.Look(ctx, dial)
	if err != nil {
		return err.Error(), nil
	}
	for _, breakpoint := range status.Breakpoints {
		breakpoints = append(breakpoints, breakpoint.String())
	}
	return strings.TrimSpace(string(status.State) + " " + status.Where), breakpoints
}

// DebugAttach opens Delve's terminal on a Go service, until it is left or ctx ends; of a Python service it says how to
// attach to it.
func (e *Environment) DebugAttach(ctx context.Context, service string) error {
	in, planned, err := e.debuggable(service)
	if err != nil {
		return err
	}
	if planned.Debug[service].Kind == plan.Delve {
		return e.attachDelve(ctx, service, source.Mounts(planned.Recipe(service), in.IsFile))
	}
	port := debugPorts(e.store.DebugPorts(), planned.Debug)[service]
	return e.settings.Term.Data([]byte(fmt.Sprintf("%s runs Python: attach an editor to 127.0.0.1:%d, by the Debug Adapter Protocol\n"+
		"  VS Code   devenv debug vscode, then F5 and \"%s%[1]s\"\n"+
		"  others    see examples/editors of devenv: PyCharm, Neovim, Emacs\n", service, port, vscode.Prefix)))
}

func (e *Environment) attachDelve(ctx context.Context, service string, mounts []types.ServiceVolumeConfig) error {
	debuggers, err := e.debuggers(ctx)
	if err != nil {
		return err
	}
	if client := debuggers[service].Client; client != "" { // each would halt and resume the other's program
		return fault.New(fault.Failed, "%s is being debugged by %s already", service, client).WithHint("end the session there")
	}
	if err := e.connect(ctx); err != nil {
		return err
	}
	server, err := e.delve(ctx, service)
	if err != nil {
		return err
	}
	var folders []delve.Mount
	for _, mount := range mounts {
		folders = append(folders, delve.Mount{Host: mount.Source, Container: mount.Target})
	}
	return delve.Attach(ctx, e.dial(server), folders)
}

// debuggable is the plan in mode local, in which service has a debugger.
func (e *Environment) debuggable(service string) (plan.Input, plan.Plan, error) {
	if err := e.project.Known([]string{service}); err != nil {
		return plan.Input{}, plan.Plan{}, err
	}
	in, planned, err := e.plan(plan.Modes{Project: plan.Local}, nil)
	if err == nil && planned.Debug[service].Kind == "" {
		err = fault.New(fault.Usage, "%s: it has no debugger", service).
			WithHint("a Python service with a source mount has one, and a Go service under Delve: %s", list(slices.Sorted(maps.Keys(planned.Debug))))
	}
	return in, planned, err
}

// DebugVSCode writes the configuration by which VS Code attaches to every service that can be debugged.
func (e *Environment) DebugVSCode() error {
	in, planned, err := e.plan(plan.Modes{Project: plan.Local}, nil)
	if err != nil {
		return err
	}
	if len(planned.Debug) == 0 {
		return fault.New(fault.Failed, "no service can be debugged: none runs Python code of a source mount, or under Delve, in mode local")
	}
	ports := debugPorts(e.store.DebugPorts(), planned.Debug)
	folder := vscode.Folder(e.project.Dir())
	project := vscode.Project{Folders: vscode.Spellings(folder), Dir: e.project.Dir(), Flags: e.projectFlags(), GOOS: runtime.GOOS}
	for _, name := range slices.Sorted(maps.Keys(planned.Debug)) {
		service := planned.Project.Services[name]
		entry := vscode.Service{Name: name, Kind: vscode.Python, Port: int(ports[name]), Django: isDjango(service), Jinja: true}
		if planned.Debug[name].Kind == plan.Delve {
			entry = vscode.Service{Name: name, Kind: vscode.Go, Port: int(ports[name])}
		}
		for _, mount := range source.Mounts(planned.Recipe(name), in.IsFile) {
			entry.Mappings = append(entry.Mappings, vscode.Mapping{Local: mount.Source, Remote: mount.Target})
		}
		project.Services = append(project.Services, entry)
		if planned.Debug[name].Forwarded() {
			if err := e.store.SaveDebugPort(name, ports[name]); err != nil {
				return err // the session must listen where the editor will look
			}
		}
	}
	changed, err := vscode.Write(folder, project)
	if err != nil {
		return err
	}
	if len(changed) == 0 {
		e.settings.Term.Say("%s is up to date", e.project.Rel(folder)+"/.vscode")
	}
	for _, path := range changed {
		e.settings.Term.Say("wrote %s", e.project.Rel(path))
	}
	return nil
}

// isDjango says that templates of Django's can be debugged.
func isDjango(service types.ServiceConfig) bool {
	_, set := service.Environment["DJANGO_SETTINGS_MODULE"]
	words := strings.Fields(strings.Join(service.Command, " "))
	return set || slices.ContainsFunc(words, func(word string) bool {
		return strings.HasSuffix(word, "manage.py") || word == "django" || word == "django-admin"
	})
}

// listenNear listens on 127.0.0.1, on the wanted port or the next one that is free.
func listenNear(ctx context.Context, wanted uint16) (net.Listener, error) {
	var config net.ListenConfig
	var first error
	for next := range nearby {
		port := min(int(wanted)+next, 65535)
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return listener, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// nearby is how many ports are tried.
const nearby = 100

func portOf(listener net.Listener) uint16 {
	if address, ok := listener.Addr().(*net.TCPAddr); ok {
		return uint16(address.Port) //nolint:gosec // a port
	}
	return 0
}

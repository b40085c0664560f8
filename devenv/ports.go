package devenv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"devenv/devenv/plan"
	"devenv/devenv/stack"
	"devenv/devenv/state"
	"devenv/profiles"
)

// withPorts is a plan with the host ports that this checkout remembers or would begin with. What is taken is not asked,
// so it needs no engine; foreseen asks.
func (e *Environment) withPorts(planned plan.Plan) (plan.Plan, error) {
	rules, err := e.portRules(planned)
	if err != nil {
		return planned, err
	}
	return e.ported(planned, rules)
}

func (e *Environment) ported(planned plan.Plan, rules plan.PortRules) (plan.Plan, error) {
	ported, err := planned.WithPorts(rules)
	if err == nil {
		stack.NameEnvFiles(ported.Project, e.project.NamedEnvFiles())
	}
	return ported, err
}

// portRules are what host ports are decided by, but for what is taken: the profile goes before x-devenv.
func (e *Environment) portRules(planned plan.Plan) (plan.PortRules, error) {
	rules := plan.PortRules{
		ByProfile: map[string]bool{}, Remembered: e.store.Ports(), Host: engineHost(e.stack.Endpoint()),
		Debug: forwarded(debugPorts(e.store.DebugPorts(), planned.Debug), planned.Debug),
	}
	said := profiles.PortPolicy{}
	if e.profile != nil {
		said = e.profile.Ports
		for name, service := range e.profile.Services {
			rules.ByProfile[name] = service != nil && service.Ports != nil
		}
	}
	policy := said.Over(e.project.Extension.Ports)
	place := func(inProfile bool, path ...string) string {
		if inProfile {
			return e.profilePlace(append([]string{"ports"}, path...)...)
		}
		return e.project.Place(append([]string{"x-devenv", "ports"}, path...)...)
	}
	rules.Auto, rules.Offset = policy.Policy == profiles.PortsAuto, policy.Offset
	switch policy.Policy {
	case "":
		if rules.Cause = e.autoByDefault(); rules.Cause != "" {
			rules.Auto, rules.Reserved = true, e.keptForFirst(e.project.Compose)
		}
	case profiles.PortsOffset:
		rules.Cause = place(said.Policy != "", profiles.PortsOffset) + " says offset"
	default:
		rules.Cause = place(said.Policy != "") + " says " + policy.Policy
	}
	var err error
	rules.Fixed, err = e.fixedPorts(policy, func(key string) string { return place(said.Fixed[key] != 0, key) })
	return rules, err
}

// fixedPorts are the host ports that somebody has chosen one by one, each with its place.
func (e *Environment) fixedPorts(policy profiles.PortPolicy, place func(key string) string) (map[string]plan.Fixed, error) {
	fixed := map[string]plan.Fixed{}
	for _, key := range slices.Sorted(maps.Keys(policy.Fixed)) {
		service, container, _ := strings.Cut(key, ":")
		number, _ := strconv.ParseUint(container, 10, 16) // package profiles has seen that it is one
		if err := e.project.CheckPort(service, uint16(number), place(key)+": ports: "); err != nil {
			return nil, err
		}
		fixed[key] = plan.Fixed{Port: policy.Fixed[key], Cause: place(key)}
	}
	return fixed, nil
}

// autoByDefault is why this checkout takes free ports where nobody has chosen: another one of the project may have the
// declared ones. "" where it keeps to them.
func (e *Environment) autoByDefault() string {
	if cause := e.project.Naming().Cause; cause != "" || e.checkout.Worktree == "" {
		return cause
	}
	return "this is the linked git worktree " + e.checkout.Worktree
}

// forwarded are the debug ports at which devenv itself listens.
func forwarded(ports map[string]uint16, debug map[string]plan.Debug) map[string]uint16 {
	maps.DeleteFunc(ports, func(service string, _ uint16) bool { return !debug[service].Forwarded() })
	return ports
}

// allocate decides the host ports of a plan by what is taken, and remembers them. Another devenv that does the same waits.
func (e *Environment) allocate(ctx context.Context, planned plan.Plan) (plan.Plan, error) {
	owner, err := stack.PortOwners(ctx, e.engine, planned.Project.Name)
	if err != nil {
		return planned, err
	}
	err = e.registry().DecidePorts(ctx, e.checkout.Folder, e.store, func(others map[string]state.Ports) (state.Ports, error) {
		planned, err = e.decidePorts(planned, others, owner)
		return memory(planned.Ports), err
	})
	return planned, err
}

// foreseen is a plan with the host ports that `up` would take now, for whoever shows them. Nothing is remembered. An engine
// that is away knows of nobody.
func (e *Environment) foreseen(ctx context.Context, planned plan.Plan) (plan.Plan, error) {
	others, err := e.registry().OtherPorts(e.checkout.Folder)
	if err != nil {
		return planned, err
	}
	owners := sync.OnceValues(func() (portOwner, error) {
		if err := e.connect(ctx); err != nil {
			return func(string, string, uint16) (string, error) { return "", ctx.Err() }, nil //nolint:nilerr // it knows of nobody
		}
		return stack.PortOwners(ctx, e.engine, planned.Project.Name)
	})
	return e.decidePorts(planned, others, func(ip, protocol string, port uint16) (string, error) {
		owner, err := owners()
		if err != nil {
			return "", err
		}
		return owner(ip, protocol, port)
	})
}

// portOwner says who has a host port; "" is nobody.
type portOwner = func(ip, protocol string, port uint16) (string, error)

// decidePorts decides the host ports of a plan: by what other checkouts remember, by their folders, and by who has a port.
func (e *Environment) decidePorts(planned plan.Plan, others map[string]state.Ports, owner portOwner) (plan.Plan, error) {
	rules, err := e.portRules(planned)
	if err != nil {
		return planned, err
	}
	var unknown error
	rules.Taken = func(at plan.Binding, port uint16) string {
		if who, stolen := e.stolen[port]; stolen {
			return who
		}
		who, err := owner(at.IP, at.Protocol, port)
		unknown = errors.Join(unknown, err)
		return who
	}
	rules.Reserved = either(rules.Reserved, e.reserved(others))
	decided, err := e.ported(planned, rules)
	return decided, errors.Join(unknown, err)
}

// reserved says which other checkout remembers a port.
func (e *Environment) reserved(others map[string]state.Ports) func(uint16) string {
	return func(port uint16) string {
		for _, folder := range slices.Sorted(maps.Keys(others)) {
			for _, ports := range others[folder] {
				for _, published := range ports {
					if plan.Covers(published, port) {
						return e.project.Rel(folder)
					}
				}
			}
		}
		return ""
	}
}

// memory is what a checkout remembers of its ports: those whose numbers are known before the start.
func memory(ports []plan.HostPort) state.Ports {
	all := state.Ports{}
	for _, port := range ports {
		if port.Number() == 0 || port.Why == plan.ByHost {
			continue
		}
		if all[port.Service] == nil {
			all[port.Service] = map[string]string{}
		}
		all[port.Service][port.Key()] = port.Published
	}
	return all
}

// dodge decides the ports anew after the engine, or a last look, has found one taken that was free before. It is false
// where that changes nothing: then the failure stands.
func (e *Environment) dodge(ctx context.Context, planned plan.Plan, failure error) (plan.Plan, bool) {
	var taken *stack.PortTaken
	if !errors.As(failure, &taken) || len(e.stolen) >= portTries {
		return planned, false
	}
	by := cmp.Or(taken.By, "somebody else")
	e.stolen[taken.Port] = by
	next, err := e.allocate(ctx, planned)
	if err != nil {
		return planned, false
	}
	for i, port := range next.Ports {
		if before := planned.Ports[i]; plan.Covers(before.Published, taken.Port) && before.Published != port.Published {
			e.settings.Term.Say("%s: host port %d was taken meanwhile by %s: %s in its place", port.Service, taken.Port, by, port.Published)
			return next, true
		}
	}
	return planned, false
}

// portTries is how many ports may be stolen before one `up` gives up.
const portTries = 10

// sayPorts prints the ports of services that are not the declared ones.
func (e *Environment) sayPorts(planned plan.Plan) {
	for _, port := range planned.Ports {
		if _, ours := planned.Project.Services[port.Service]; !ours || port.Declared == "" || port.Published == port.Declared || port.Cause == "" {
			continue
		}
		e.settings.Term.Say("%-12s host port %s in place of %s: %s", port.Service, port.Published, port.Declared, port.Cause)
	}
}

// PortStatus is one port of this machine that the project has or wants.
type PortStatus struct {
	Service   string   `json:"service"`
	Container uint16   `json:"container"` // the port inside
	Protocol  string   `json:"protocol"`
	Host      string   `json:"host,omitempty"`      // HOST:PORT; "" where the engine has not chosen one yet
	Published string   `json:"published,omitempty"` // the port, or a range of them
	URL       string   `json:"url,omitempty"`
	Why       plan.Why `json:"why"`
	Cause     string   `json:"cause,omitempty"`
	HeldBy    string   `json:"heldBy,omitempty"` // "" is nobody
}

// Ports prints every port of this machine that the project has or wants: where, why, and who has it now.
func (e *Environment) Ports(ctx context.Context, format string) error {
	rows, err := e.portStatus(ctx)
	if err != nil {
		return err
	}
	if format == "json" {
		return e.settings.Term.JSON(rows)
	}
	var table [][]string
	for _, row := range rows {
		why := string(row.Why)
		if row.Cause != "" {
			why += ": " + row.Cause
		}
		table = append(table, []string{row.Service, fmt.Sprintf("%d/%s", row.Container, row.Protocol), cmp.Or(row.URL, row.Host, "-"), cmp.Or(row.HeldBy, "-"), why})
	}
	return e.settings.Term.Table([]string{"SERVICE", "CONTAINER", "HOST", "HELD BY", "WHY"}, table)
}

package stack

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// claim is one host port that a service publishes.
type claim struct {
	service  string
	ip       netip.Addr // as written, 0.0.0.0 is all of IPv4; invalid: all addresses
	port     uint16
	protocol string // tcp or udp
}

// PortConflicts finds host ports that p publishes and that are taken: by p itself, by a container of
// another project or, where the engine is on this machine, by a process. Ports that containers of p hold are its
// own. Each conflict is a fault.Error; several are joined.
func PortConflicts(ctx context.Context, eng *engine.Client, p *types.Project) error {
	held, err := eng.Containers(ctx, p.Name)
	if err != nil {
		return err
	}
	return portConflicts(ctx, eng, p, held)
}

func portConflicts(ctx context.Context, eng *engine.Client, p *types.Project, held []engine.Container) error {
	all := claims(p)
	var conflicts []error
	for _, pair := range doubles(all) {
		conflicts = append(conflicts, twice(pair[0], pair[1]))
	}
	for _, wanted := range notHeld(all, held) {
		who, err := owner(ctx, eng, p.Name, wanted)
		if err != nil {
			return err
		}
		if who.known {
			conflicts = append(conflicts, who.conflict(wanted))
		}
	}
	return errors.Join(conflicts...)
}

// PortTaken is the cause of a fault: a host port that a service wants and that somebody else has.
type PortTaken struct {
	Service, IP string // the address as it is written; "" is all of them
	Protocol    string
	Port        uint16
	By          string // "process nc (pid 7)", "container db of project shop"; "" where nobody can tell
	Reported    error  // by the engine; nil where devenv saw it before
}

func (p *PortTaken) Error() string { return fmt.Sprintf("host port %d is taken", p.Port) }

func (p *PortTaken) Unwrap() error { return p.Reported }

// PortOwners says who has a host port of this engine's machine that a project could want: "" is nobody, or a container of
// the project itself.
func PortOwners(ctx context.Context, eng *engine.Client, project string) (func(ip, protocol string, port uint16) (string, error), error) {
	held, err := eng.Containers(ctx, project)
	if err != nil {
		return nil, err
	}
	return func(ip, protocol string, port uint16) (string, error) {
		wanted := claim{ip: parseIP(ip), protocol: protocol, port: port}
		if len(notHeld([]claim{wanted}, held)) == 0 {
			return "", nil
		}
		who, err := owner(ctx, eng, project, wanted)
		if err != nil || !who.known {
			return "", err
		}
		return who.String(), nil
	}, nil
}

// claims are the fixed host ports of a project's services, in order. A range lets the engine choose, and a service
// in the host's network publishes nothing.
func claims(p *types.Project) []claim {
	var all []claim
	for _, name := range p.ServiceNames() {
		service := p.Services[name]
		if service.NetworkMode == "host" || service.GetScale() == 0 {
			continue
		}
		for _, port := range service.Ports {
			number, err := strconv.ParseUint(port.Published, 10, 16)
			if err != nil || number == 0 {
				continue
			}
			protocol := port.Protocol
			if protocol == "" {
				protocol = "tcp"
			}
			all = append(all, claim{service: name, ip: parseIP(port.HostIP), port: uint16(number), protocol: protocol})
		}
	}
	return all
}

// parseIP reads an address as compose files and the engine write it, [::1] too; "" is invalid: all.
func parseIP(text string) netip.Addr {
	if len(text) > 1 && text[0] == '[' && text[len(text)-1] == ']' {
		text = text[1 : len(text)-1]
	}
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap()
}

// doubles are pairs of claims that exclude each other.
func doubles(all []claim) [][2]claim {
	var pairs [][2]claim
	for i, later := range all {
		for _, first := range all[:i] {
			if first.clashes(later) {
				pairs = append(pairs, [2]claim{first, later})
			}
		}
	}
	return pairs
}

// clashes: both want the same port on a common address.
func (c claim) clashes(other claim) bool {
	return c.port == other.port && c.protocol == other.protocol && overlap(c.ip, other.ip)
}

// overlap: two addresses to listen on exclude each other. An invalid one is all; 0.0.0.0 and :: are all of their family
// and leave the other one free, as the engine's listeners do.
func overlap(a, b netip.Addr) bool {
	switch {
	case !a.IsValid() || !b.IsValid():
		return true
	case a.IsUnspecified() || b.IsUnspecified():
		return a.Is4() == b.Is4()
	}
	return a == b
}

// twice words that a project wants one port two times.
func twice(first, later claim) *fault.Error {
	conflict := fault.New(fault.Usage, "%s: host port %d is also published by %s", later.service, later.port, first.service)
	if first.service == later.service {
		conflict = fault.New(fault.Usage, "%s: host port %d is published twice", later.service, later.port)
	}
	return conflict.WithHint("give one of them another host port under ports:")
}

// notHeld are the claims that no container of the project has already.
func notHeld(all []claim, held []engine.Container) []claim {
	var open []claim
	for _, wanted := range all {
		own := false
		for i := range held {
			for _, port := range held[i].Ports {
				own = own || port.HostPort == wanted.port && port.Protocol == wanted.protocol
			}
		}
		if !own {
			open = append(open, wanted)
		}
	}
	return open
}

// holder is who has a host port. known is false when the port is free, or nobody can tell.
type holder struct {
	known     bool
	container engine.Container // when ID is not empty
	process   process          // when pid is not 0
}

// owner finds who has a host port: a container of the engine, else a process of this machine.
func owner(ctx context.Context, eng *engine.Client, project string, wanted claim) (holder, error) {
	containers, err := eng.Publishing(ctx, wanted.port, wanted.protocol)
	if err != nil {
		return holder{}, err
	}
	for i := range containers {
		if containers[i].Project == project && project != "" {
			continue
		}
		for _, port := range containers[i].Ports {
			if port.HostPort == wanted.port && port.Protocol == wanted.protocol && overlap(wanted.ip, known(port.HostIP)) {
				return holder{known: true, container: containers[i]}, nil
			}
		}
	}
	if !sameNetwork(ctx, eng.Endpoint()) {
		return holder{}, nil
	}
	who, listening := listener(wanted)
	return holder{known: listening, process: who}, nil
}

func known(ip netip.Addr) netip.Addr {
	if ip.IsUnspecified() {
		return netip.Addr{}
	}
	return ip.Unmap()
}

func (h holder) String() string {
	switch {
	case h.container.ID != "" && h.container.Project != "":
		return fmt.Sprintf("container %s of project %s", h.container.Name, h.container.Project)
	case h.container.ID != "":
		return "container " + h.container.Name
	case h.process.pid != 0:
		return fmt.Sprintf("process %s (pid %d)", h.process.name, h.process.pid)
	case h.known:
		return "another process"
	}
	return ""
}

// conflict words who has the port that a service wants.
func (h holder) conflict(wanted claim) *fault.Error {
	cause := &PortTaken{Service: wanted.service, Protocol: wanted.protocol, Port: wanted.port, By: h.String()}
	if wanted.ip.IsValid() {
		cause.IP = wanted.ip.String()
	}
	failure := fault.New(fault.Failed, "%s: host port %d is taken", wanted.service, wanted.port)
	if cause.By != "" {
		failure = fault.New(fault.Failed, "%s: host port %d is taken by %s", wanted.service, wanted.port, cause.By)
	}
	failure.Err = cause
	another := fmt.Sprintf("choose another host port under ports: of %s; `ports: auto` in a profile or in x-devenv takes a free one", wanted.service)
	switch {
	case h.container.ID != "" && h.container.Project != "":
		return failure.WithHint("`docker compose -p %s stop %s` frees it, or %s", h.container.Project, h.container.Service, another)
	case h.container.ID != "":
		return failure.WithHint("`docker stop %s` frees it, or %s", h.container.Name, another)
	case h.process.pid != 0:
		return failure.WithHint("end that process, or %s", another)
	}
	return failure.WithHint("%s", another)
}

// taken words a port conflict that the engine reported, with the owner where it can be found.
func taken(ctx context.Context, eng *engine.Client, wanted claim, reported error) error {
	who, err := owner(ctx, eng, "", wanted) // of whatever project: the engine says that it is taken
	if err != nil {
		who = holder{}
	}
	failure := who.conflict(wanted)
	var cause *PortTaken
	if errors.As(failure.Err, &cause) {
		cause.Reported = reported
	}
	return failure
}

// process is one process of this machine.
type process struct {
	pid  int
	name string
}

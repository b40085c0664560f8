package devenv

import (
	"cmp"
	"context"
	"maps"
	"net"
	"slices"
	"strconv"

	"devenv/devenv/engine"
	"devenv/devenv/plan"
	"devenv/devenv/project"
	"devenv/devenv/stack"
)

func (e *Environment) portStatus(ctx context.Context) ([]PortStatus, error) {
	_, planned, err := e.plan(e.modes(""), nil)
	if err != nil {
		return nil, err
	}
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	if planned, err = e.foreseen(ctx, planned); err != nil {
		return nil, err
	}
	look := portLook{host: engineHost(e.engine.Endpoint())}
	if look.containers, err = e.engine.Containers(ctx, planned.Project.Name); err != nil {
		return nil, err
	}
	if look.owner, err = stack.PortOwners(ctx, e.engine, planned.Project.Name); err != nil {
		return nil, err
	}
	rows := []PortStatus{}
	for _, port := range planned.Ports {
		for _, binding := range port.Bindings {
			found, err := look.rows(port, binding)
			if err != nil {
				return nil, err
			}
			rows = append(rows, found...)
		}
	}
	debug, err := e.debugRows(ctx, planned, look)
	rows = append(rows, debug...)
	slices.SortStableFunc(rows, func(a, b PortStatus) int { return cmp.Compare(a.Service, b.Service) })
	return rows, err
}

// portLook is the engine as it is while ports are listed.
type portLook struct {
	host       string // of the engine's machine, "" for this one
	containers []engine.Container
	owner      portOwner
}

// rows are where a port is, one for each container that has it, else where it is to be.
func (l portLook) rows(port plan.HostPort, at plan.Binding) ([]PortStatus, error) {
	row := PortStatus{Service: port.Service, Container: port.Container, Protocol: at.Protocol, Published: port.Published, Why: port.Why, Cause: port.Cause}
	var rows []PortStatus
	for _, c := range l.containers {
		for _, own := range c.Ports {
			if c.Service != port.Service || c.Oneoff || own.ContainerPort != port.Container || own.Protocol != at.Protocol || own.HostPort == 0 ||
				!serves(port, at, own) || isTwin(own, c.Ports) {
				continue
			}
			held := row
			held.HeldBy = "container " + c.Name
			rows = append(rows, l.placed(held, at.IP, own.HostPort))
		}
	}
	number := port.Number()
	if rows != nil || number == 0 || port.Why == plan.ByHost {
		if rows == nil {
			rows = []PortStatus{l.placed(row, at.IP, number)}
		}
		return rows, nil
	}
	who, err := l.owner(at.IP, at.Protocol, number)
	row.HeldBy = who
	return []PortStatus{l.placed(row, at.IP, number)}, err
}

// serves: a container's port is the one that was decided, not one from before.
func serves(port plan.HostPort, at plan.Binding, own engine.Port) bool {
	return (port.Number() == 0 || plan.Covers(port.Published, own.HostPort)) &&
		(at.IP == "" || own.HostIP.String() == at.IP)
}

func (l portLook) placed(row PortStatus, ip string, number uint16) PortStatus {
	if number == 0 {
		return row
	}
	row.Host = plan.Reachable(ip, l.host) + ":" + strconv.Itoa(int(number))
	if row.Protocol == "tcp" && project.SpeaksHTTP(row.Container) {
		row.URL = "http://" + row.Host
	}
	return row
}

// debugRows are the ports at which devenv itself listens for editors.
func (e *Environment) debugRows(ctx context.Context, planned plan.Plan, look portLook) ([]PortStatus, error) {
	debuggers, err := e.debuggers(ctx)
	if err != nil {
		return nil, err
	}
	ports := forwarded(debugPorts(e.store.DebugPorts(), planned.Debug), planned.Debug)
	var rows []PortStatus
	for _, service := range slices.Sorted(maps.Keys(ports)) {
		row := PortStatus{
			Service: service, Container: planned.Debug[service].Port, Protocol: "tcp", Why: plan.ByDebug,
			Published: strconv.Itoa(int(ports[service])), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(int(ports[service]))),
		}
		if address := debuggers[service].Address; address != "" {
			row.Host, row.HeldBy = address, "devenv"
			_, row.Published, _ = net.SplitHostPort(address)
		} else if row.HeldBy, err = look.owner("127.0.0.1", "tcp", ports[service]); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

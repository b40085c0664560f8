package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/fault"
)

// Why is what decided about a host port.
type Why string

// The reasons for a host port.
const (
	ByFile    Why = "declared" // the compose files
	ByProfile Why = "profile"  // the ports that a profile gives the service
	ByOffset  Why = "offset"
	ByFixed   Why = "fixed"        // the settings name this port
	ByAuto    Why = "auto"         // devenv, which remembers it
	ByEngine  Why = "engine"       // the engine chooses at each start
	ByHost    Why = "host network" // the service has no ports of its own
	ByDebug   Why = "debug"        // devenv itself listens for an editor
)

// HostPort is a port of a service and where it is published: at one number on all its bindings. Ports of a service with
// the same number on both sides, such as one for tcp and for udp, are one.
type HostPort struct {
	Service   string
	Container uint16
	Declared  string // the host port or range as it is written; "" leaves the number to the engine
	Published string // what the engine is told in its place
	Bindings  []Binding
	Why       Why
	Cause     string // why it is not what is declared; "" where it is
}

// Binding is an address and a protocol of a host port.
type Binding struct {
	IP       string // as it is written; "" is all addresses
	Protocol string // tcp or udp
}

// Key names the port in what a checkout remembers: HOST:CONTAINER as declared.
func (p HostPort) Key() string { return p.Declared + ":" + strconv.Itoa(int(p.Container)) }

// Number is the first host port; 0 where the engine chooses it.
func (p HostPort) Number() uint16 {
	if p.Why == ByEngine {
		return 0
	}
	return numbers(p.Published).first
}

// Fixed is a host port that somebody has chosen, and who.
type Fixed struct {
	Port  uint16
	Cause string
}

// PortRules are what host ports are decided by.
type PortRules struct {
	Auto       bool                         // take a free port in place of one that is not
	Offset     int                          // added to what is declared
	Fixed      map[string]Fixed             // by SERVICE:CONTAINER
	Cause      string                       // who says so
	ByProfile  map[string]bool              // services whose ports a profile gives
	Remembered map[string]map[string]string // by service and Key
	Debug      map[string]uint16            // at which devenv listens, by service
	Host       string                       // the engine's machine; "" is this one

	// Taken says who has a port, which is not this project, and Reserved which other checkout remembers it; "" is nobody.
	// Nil functions know of nobody.
	Taken    func(at Binding, port uint16) string
	Reserved func(port uint16) string
}

// Ports decides about all ports of a project. Those that are given come first, then what is remembered, so that nothing
// new takes another one's place.
func (r PortRules) Ports(p *types.Project) ([]HostPort, error) {
	var all []HostPort
	for _, name := range sorted(p.Services) {
		all = append(all, hostPorts(p.Services[name])...)
	}
	asked := references(p)
	for _, name := range sorted(p.DisabledServices) {
		all = append(all, slices.DeleteFunc(hostPorts(p.DisabledServices[name]), func(port HostPort) bool { return !asked.has(port) })...)
	}
	movable := map[int]run{}
	for i := range all {
		remembered := all[i].Declared == "" && r.Remembered[all[i].Service][all[i].Key()] != "" // where env files are unread
		wanted, moves, err := r.given(&all[i], asked.has(all[i]) || remembered)
		if err != nil {
			return nil, err
		}
		if moves {
			wanted.count = replicas(p, all[i].Service)
			movable[i] = wanted
		}
	}
	d := decision{PortRules: r, all: all, open: movable}
	for i := range all {
		d.recall(i)
	}
	for i := range all {
		if err := d.choose(i); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// hostPorts are the ports of a service as declared.
func hostPorts(service types.ServiceConfig) []HostPort {
	var all []HostPort
	for _, port := range service.Ports {
		own := HostPort{Service: service.Name, Container: uint16(port.Target), Declared: port.Published, Published: port.Published, Why: ByFile} //nolint:gosec // a port
		binding := Binding{IP: port.HostIP, Protocol: port.Protocol}
		if binding.Protocol == "" {
			binding.Protocol = "tcp"
		}
		at := slices.IndexFunc(all, func(other HostPort) bool { return other.Key() == own.Key() })
		if at < 0 {
			at, all = len(all), append(all, own)
		}
		if !slices.Contains(all[at].Bindings, binding) {
			all[at].Bindings = append(all[at].Bindings, binding)
		}
		if service.NetworkMode == "host" {
			all[at].Why, all[at].Published = ByHost, strconv.Itoa(int(port.Target))
		}
	}
	return all
}

// replicas is how many containers share a published port.
func replicas(p *types.Project, service string) int {
	config, enabled := p.Services[service]
	if !enabled {
		config = p.DisabledServices[service]
	}
	return max(config.GetScale(), 1)
}

// given decides what needs no look at other ports. moves says that it has to be chosen, from wanted on.
func (r PortRules) given(port *HostPort, asked bool) (wanted run, moves bool, err error) {
	declared, shifted := numbers(port.Declared), r.Offset != 0 && !r.ByProfile[port.Service]
	fixed := r.Fixed[port.Service+":"+strconv.Itoa(int(port.Container))]
	switch {
	case port.Why == ByHost:
		return run{}, false, nil
	case fixed.Port != 0:
		port.set(run{fixed.Port, max(declared.count, 1)}, ByFixed, fixed.Cause)
		return run{}, false, nil
	case declared.first == 0 && !asked:
		port.Why = ByEngine
		return run{}, false, nil
	case declared.first == 0:
		return run{first: above1024(port.Container)}, true, nil
	case shifted:
		if declared, err = r.shifted(*port, declared); err != nil {
			return run{}, false, err
		}
	}
	switch {
	case r.Auto, asked && declared.count > 1:
		return declared, true, nil
	case shifted:
		port.set(declared, ByOffset, fmt.Sprintf("%s: %+d", r.Cause, r.Offset))
	case declared.count > 1:
		port.Why = ByEngine // it chooses within the range
	case r.ByProfile[port.Service]:
		port.Why = ByProfile
	}
	return run{}, false, nil
}

// shifted are the numbers with the offset.
func (r PortRules) shifted(port HostPort, declared run) (run, error) {
	moved := int(declared.first) + r.Offset
	if moved < 1 || moved+declared.count-1 > 65535 {
		return run{}, fault.New(fault.Usage, "%s: host port %s with the offset %d is no port", port.Service, port.Declared, r.Offset).
			WithHint("%s", r.Cause)
	}
	return run{uint16(moved), declared.count}, nil //nolint:gosec // a port
}

// above1024 is where a search begins for a container port that nothing is declared for: 8080 for 80.
func above1024(container uint16) uint16 {
	if container < 1024 {
		return 8000 + container
	}
	return container
}

func (p *HostPort) set(to run, why Why, cause string) {
	p.Published, p.Why, p.Cause = to.String(), why, cause
}

// decision is a decision about ports under way.
type decision struct {
	PortRules
	all  []HostPort
	open map[int]run // by index in all: what is to be chosen, and from where on
}

// recall gives a port the number that the checkout remembers for it, if that is free.
func (d decision) recall(i int) {
	wanted, open := d.open[i]
	before := numbers(d.Remembered[d.all[i].Service][d.all[i].Key()])
	if !open || before.first == 0 || before.count != wanted.count || d.obstacle(i, before) != "" {
		return
	}
	delete(d.open, i)
	d.all[i].set(before, d.why(i, before), d.moved(i, before, "remembered by this checkout"))
}

// why is auto, but for a port that stays as a profile says it.
func (d decision) why(i int, chosen run) Why {
	if d.ByProfile[d.all[i].Service] && d.all[i].Declared == chosen.String() {
		return ByProfile
	}
	return ByAuto
}

// choose gives a port the first free number from the wanted one on.
func (d decision) choose(i int) error {
	wanted, open := d.open[i]
	if !open {
		return nil
	}
	first := ""
	for next := int(wanted.first); next+wanted.count-1 <= 65535; next++ {
		candidate := run{uint16(next), wanted.count} //nolint:gosec // a port
		who := d.obstacle(i, candidate)
		if who == "" {
			who = d.reserved(candidate)
		}
		if first == "" {
			first = who
		}
		if who != "" {
			continue
		}
		delete(d.open, i)
		d.all[i].set(candidate, d.why(i, candidate), d.moved(i, candidate, first))
		return nil
	}
	return fault.New(fault.Failed, "%s: no host port is free from %d on", d.all[i].Service, wanted.first)
}

// moved words why a port is not what is declared; first is what kept it from being that, "" for nothing.
func (d decision) moved(i int, chosen run, first string) string {
	causes := []string{first, d.Cause}
	switch declared := d.all[i].Declared; {
	case declared == chosen.String():
		return ""
	case declared == "":
		return "a template asks for it"
	case !d.Auto:
		causes[1] = "a template asks for it"
	}
	return strings.Join(slices.DeleteFunc(causes, func(cause string) bool { return cause == "" }), "; ")
}

// obstacle is who keeps a port from a run of numbers: another port of the project, devenv itself, or somebody else. ""
// is nobody.
func (d decision) obstacle(i int, wanted run) string {
	for j, other := range d.all {
		_, open := d.open[j]
		if i == j || open || other.Why == ByEngine || !other.clashes(d.all[i], wanted) {
			continue
		}
		return fmt.Sprintf("%d is %s's", wanted.first, other.Service)
	}
	for _, service := range sorted(d.Debug) {
		if wanted.has(d.Debug[service]) {
			return fmt.Sprintf("%d is where %s is debugged", d.Debug[service], service)
		}
	}
	if d.Taken == nil {
		return ""
	}
	for n := range wanted.count {
		for _, binding := range d.all[i].Bindings {
			port := wanted.first + uint16(n) //nolint:gosec // a port
			if who := d.Taken(binding, port); who != "" {
				return fmt.Sprintf("%d is taken by %s", port, who)
			}
		}
	}
	return ""
}

func (d decision) reserved(wanted run) string {
	if d.Reserved == nil {
		return ""
	}
	for n := range wanted.count {
		port := wanted.first + uint16(n) //nolint:gosec // a port
		if who := d.Reserved(port); who != "" {
			return fmt.Sprintf("%d is kept for %s", port, who)
		}
	}
	return ""
}

// clashes: the port is published where another wants to be.
func (p HostPort) clashes(other HostPort, wanted run) bool {
	own := numbers(p.Published)
	if own.first == 0 || !own.meets(wanted) {
		return false
	}
	return slices.ContainsFunc(p.Bindings, func(a Binding) bool {
		return slices.ContainsFunc(other.Bindings, func(b Binding) bool { return a.Protocol == b.Protocol && sameAddress(a.IP, b.IP) })
	})
}

func sameAddress(a, b string) bool {
	return isAll(a) || isAll(b) || a == b
}

func isAll(ip string) bool { return ip == "" || ip == "0.0.0.0" || ip == "::" || ip == "[::]" }

// run is so many ports in a row. first is 0 for none.
type run struct {
	first uint16
	count int
}

// numbers reads PORT or FIRST-LAST; what is neither is no port.
func numbers(text string) run {
	low, high, isRange := strings.Cut(text, "-")
	first, err := strconv.ParseUint(low, 10, 16)
	if err != nil || first == 0 {
		return run{}
	}
	if !isRange {
		return run{uint16(first), 1}
	}
	last, err := strconv.ParseUint(high, 10, 16)
	if err != nil || last < first {
		return run{}
	}
	return run{uint16(first), int(last-first) + 1}
}

func (r run) String() string {
	if r.count > 1 {
		return fmt.Sprintf("%d-%d", r.first, int(r.first)+r.count-1)
	}
	return strconv.Itoa(int(r.first))
}

// Covers tells whether a port is published, as PORT or FIRST-LAST.
func Covers(published string, port uint16) bool { return numbers(published).has(port) }

func (r run) has(port uint16) bool { return port >= r.first && int(port) < int(r.first)+r.count }

func (r run) meets(other run) bool { return r.has(other.first) || other.has(r.first) }

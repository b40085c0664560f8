package devenv

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"devenv/devenv/engine"
)

// Address is where a published port of a service can be reached from here.
type Address struct {
	URL       string `json:"url,omitempty"` // for a port that speaks HTTP
	Host      string `json:"host"`          // HOST:PORT
	Container uint16 `json:"container"`     // the port inside
	Protocol  string `json:"protocol"`
}

func (a Address) String() string {
	if a.URL != "" {
		return a.URL
	}
	if a.Protocol == "udp" {
		return a.Host + "/udp"
	}
	return a.Host
}

// notHTTP are the container ports of well-known services that a browser has no use for (IANA's registry, and the
// ports that debugpy and Delve document).
var notHTTP = [...]uint16{21, 22, 25, 53, 110, 143, 389, 465, 587, 993, 1025, 1433, 1521, 1883, 2181, 2345, 3306, 4222,
	5432, 5433, 5672, 5678, 5679, 6379, 6432, 7687, 9042, 9092, 11211, 26257, 27017, 33060}

// addresses are the published ports of a container, but for the one by which devenv reaches Delve. A port that is bound to
// all of IPv4 and all of IPv6 has one, also where the engine chose two numbers.
func addresses(container engine.Container, engineHost string) []Address {
	all := []Address{}
	inside, hidden := delvePort(container)
	for _, port := range container.Ports {
		if port.HostPort == 0 || isTwin(port, container.Ports) || hidden && port == inside {
			continue
		}
		address := Address{
			Host: fmt.Sprintf("%s:%d", reachable(port, engineHost), port.HostPort), Container: port.ContainerPort, Protocol: port.Protocol,
		}
		if port.Protocol == "tcp" && !slices.Contains(notHTTP[:], port.ContainerPort) {
			address.URL = "http://" + address.Host
		}
		if !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	return all
}

// isTwin reports whether a port bound to all of IPv6 is bound to all of IPv4 too.
func isTwin(port engine.Port, all []engine.Port) bool {
	return port.HostIP == netip.IPv6Unspecified() && slices.ContainsFunc(all, func(other engine.Port) bool {
		return other.HostIP == netip.IPv4Unspecified() && other.ContainerPort == port.ContainerPort && other.Protocol == port.Protocol
	})
}

// reachable is the host name of a published port: this machine, the address it is bound to, or the engine's machine.
func reachable(port engine.Port, engineHost string) string {
	switch {
	case engineHost != "":
		return engineHost
	case !port.HostIP.IsValid() || port.HostIP.IsUnspecified():
		return "localhost"
	case port.HostIP.Is6():
		return "[" + port.HostIP.String() + "]"
	default:
		return port.HostIP.String()
	}
}

// engineHost is the name of the engine's machine, "" for this one.
func engineHost(endpoint engine.Endpoint) string {
	if endpoint.Local() {
		return ""
	}
	parsed, err := url.Parse(endpoint.Host)
	if err != nil || strings.HasPrefix(parsed.Hostname(), "127.") || parsed.Hostname() == "localhost" {
		return ""
	}
	return parsed.Hostname()
}

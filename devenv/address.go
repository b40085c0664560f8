package devenv

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"devenv/devenv/engine"
	"devenv/devenv/plan"
	"devenv/devenv/project"
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

// addresses are the published ports of a container. A port that is bound to all of IPv4 and all of IPv6 has one, also
// where the engine chose two numbers.
func addresses(container engine.Container, engineHost string) []Address {
	all := []Address{}
	for _, port := range container.Ports {
		if port.HostPort == 0 || isTwin(port, container.Ports) {
			continue
		}
		address := Address{
			Host: fmt.Sprintf("%s:%d", reachable(port, engineHost), port.HostPort), Container: port.ContainerPort, Protocol: port.Protocol,
		}
		if port.Protocol == "tcp" && project.SpeaksHTTP(port.ContainerPort) {
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

// reachable is the host name of a published port.
func reachable(port engine.Port, engineHost string) string {
	ip := ""
	if port.HostIP.IsValid() {
		ip = port.HostIP.String()
	}
	return plan.Reachable(ip, engineHost)
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

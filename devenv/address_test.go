package devenv

import (
	"fmt"
	"net/netip"
	"testing"

	"devenv/devenv/engine"
)

// A published port is shown as what a developer pastes: a URL where it can be one, one address a port.
func TestAddresses(t *testing.T) {
	port := func(ip string, host, container uint16, protocol string) engine.Port {
		address, _ := netip.ParseAddr(ip)
		return engine.Port{HostIP: address, HostPort: host, ContainerPort: container, Protocol: protocol}
	}
	container := engine.Container{Ports: []engine.Port{
		port("", 0, 9000, "tcp"), // exposed only
		port("0.0.0.0", 8000, 80, "tcp"), port("::", 8001, 80, "tcp"),
		port("127.0.0.1", 5678, 5678, "tcp"),
		port("0.0.0.0", 5432, 5432, "tcp"),
		port("::1", 53, 53, "udp"),
	}}
	for host, want := range map[string]string{
		"":         "[http://localhost:8000 127.0.0.1:5678 localhost:5432 [::1]:53/udp]",
		"big.host": "[http://big.host:8000 big.host:5678 big.host:5432 big.host:53/udp]",
	} {
		if got := fmt.Sprint(addresses(container, host)); got != want {
			t.Errorf("%q: %s, want %s", host, got, want)
		}
	}
}

// The engine's machine is this one for a socket and for a loopback address, whatever the protocol.
func TestEngineHost(t *testing.T) {
	for host, want := range map[string]string{
		"unix:///var/run/docker.sock": "", "npipe:////./pipe/docker_engine": "", "tcp://127.0.0.1:2375": "",
		"tcp://localhost:2375": "", "tcp://10.0.0.7:2376": "10.0.0.7", "ssh://me@big.host": "big.host",
	} {
		if got := engineHost(engine.Endpoint{Host: host}); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

//go:build !linux

package stack

import (
	"context"
	"net"
	"net/netip"
	"strconv"

	"devenv/devenv/engine"
)

// sameNetwork reports whether the engine publishes ports on this machine: Docker Desktop and its like forward them.
func sameNetwork(_ context.Context, e engine.Endpoint) bool { return e.Local() }

// listener tries to listen where the operating system does not tell who does; so nobody is named.
func listener(wanted claim) (_ process, listening bool) {
	host := ""
	if wanted.ip.IsValid() {
		host = wanted.ip.String()
	}
	if wanted.protocol == "udp" {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(wanted.ip, wanted.port)))
		if err == nil {
			_ = conn.Close()
		}
		return process{}, isTaken(err)
	}
	socket, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(int(wanted.port))))
	if err == nil {
		_ = socket.Close()
	}
	return process{}, isTaken(err)
}

package stack

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"devenv/devenv/engine"
)

// sameNetwork reports whether the engine publishes ports in this process's network. A socket that was mounted into a
// container belongs to an engine outside: the process at its other end then has no number in here.
func sameNetwork(ctx context.Context, e engine.Endpoint) bool {
	if !e.Local() {
		return false
	}
	conn, err := e.Dial(ctx)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return false
	}
	raw, err := unix.SyscallConn()
	if err != nil {
		return false
	}
	inside := false
	_ = raw.Control(func(fd uintptr) {
		peer, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		inside = err == nil && peer.Pid != 0
	})
	return inside
}

// listener is the process that listens on a port of this machine. A process of another user has no name here; it is
// still listening.
func listener(wanted claim) (_ process, listening bool) {
	for _, table := range []string{wanted.protocol, wanted.protocol + "6"} {
		text, err := os.ReadFile(filepath.Join("/proc/net", table))
		if err != nil {
			continue
		}
		for _, s := range listeners(string(text), wanted.protocol) {
			if s.port == wanted.port && overlap(wanted.ip, s.ip) {
				return socketOwner("/proc", s.inode), true
			}
		}
	}
	return process{}, false
}

// socket is one line of /proc/net/tcp and its like.
type socket struct {
	ip    netip.Addr // invalid: all addresses
	port  uint16
	inode string
}

// listeners reads the listening sockets of /proc/net/{tcp,tcp6,udp,udp6}; the format is proc_pid_net(5)'s.
func listeners(table, protocol string) []socket {
	listening := "0A" // TCP_LISTEN
	if protocol == "udp" {
		listening = "07" // bound and not connected
	}
	var all []socket
	lines := bufio.NewScanner(strings.NewReader(table))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || fields[3] != listening {
			continue
		}
		address, number, _ := strings.Cut(fields[1], ":")
		port, err := strconv.ParseUint(number, 16, 16)
		if err != nil {
			continue
		}
		all = append(all, socket{ip: hexIP(address), port: uint16(port), inode: fields[9]})
	}
	return all
}

// hexIP reads an address that the kernel wrote as words of 32 bits in the machine's order.
func hexIP(text string) netip.Addr {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return netip.Addr{}
	}
	for word := range slices.Chunk(raw, 4) {
		if len(word) == 4 {
			binary.BigEndian.PutUint32(word, binary.NativeEndian.Uint32(word))
		}
	}
	ip, _ := netip.AddrFromSlice(raw)
	return known(ip)
}

// socketOwner finds the process that has the socket of an inode open. The zero process: none that may be looked at.
func socketOwner(proc, inode string) process {
	links, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "fd", "*"))
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || target != "socket:["+inode+"]" {
			continue
		}
		dir := filepath.Dir(filepath.Dir(link))
		pid, _ := strconv.Atoi(filepath.Base(dir))
		name, _ := os.ReadFile(filepath.Join(dir, "comm"))
		return process{pid: pid, name: strings.TrimSpace(string(name))}
	}
	return process{}
}

package stack

import (
	"errors"
	"syscall"
)

// wsaAddrInUse is WSAEADDRINUSE of winsock2.h.
const wsaAddrInUse = syscall.Errno(10048)

func isTaken(err error) bool { return errors.Is(err, wsaAddrInUse) }

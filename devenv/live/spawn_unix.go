//go:build !windows

package live

import "syscall"

// detached makes a process the leader of a session of its own, so that neither Ctrl-C nor a closed terminal reaches it.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

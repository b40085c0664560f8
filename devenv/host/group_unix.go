//go:build !windows

package host

import (
	"os"
	"syscall"
)

// ownGroup keeps a terminal's Ctrl-C from a command: devenv ends it.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func endGroup(leader *os.Process) error { return syscall.Kill(-leader.Pid, syscall.SIGTERM) }

// killGroup ends what is left of a group; mostly nothing is.
func killGroup(leader *os.Process) { _ = syscall.Kill(-leader.Pid, syscall.SIGKILL) }

package host

import (
	"os"
	"syscall"
)

// ownGroup keeps a console's Ctrl-C from a command: devenv ends it.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

func endGroup(leader *os.Process) error { return leader.Kill() }

// killGroup has nothing to do: there are no groups that could be ended, and the leader has ended.
func killGroup(*os.Process) {}

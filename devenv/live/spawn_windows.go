package live

import "syscall"

// detached keeps a console's Ctrl-C from the process.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// keepFiles has nothing to do: a program inherits what it is given by name.
func keepFiles() {}

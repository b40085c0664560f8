//go:build !windows

package live

import (
	"os"
	"strconv"
	"syscall"
)

// detached makes a process the leader of a session of its own, so that neither Ctrl-C nor a closed terminal reaches it.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// keepFiles has the open files that this process was given, such as the lock of a flock(1) or a pipe, not reach the
// programs that it starts: a background session would hold them for the day. Go's own never do.
func keepFiles() {
	const standard = 3 // input, output and error are replaced
	open, err := os.ReadDir("/dev/fd")
	if err != nil {
		return // a system without it: nothing can be told of the files
	}
	for _, file := range open {
		if fd, err := strconv.Atoi(file.Name()); err == nil && fd >= standard {
			syscall.CloseOnExec(fd)
		}
	}
}

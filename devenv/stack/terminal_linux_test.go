package stack

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo terminal: what a person sees and types, and the end that a program is given.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = person.Close() })
	raw, err := person.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number int
	err = raw.Control(func(fd uintptr) {
		_ = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		number, _ = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		_ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 33, Col: 111})
	})
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

// On a terminal the command gets one of the same size, and Ctrl-C goes to the command, not to devenv.
func TestExecOnTerminal(t *testing.T) {
	r := newRig(t)
	p := r.project(sleeper("api"))
	r.up(p)
	person, program := terminal(t)
	stack, err := Open(t.Context(), os.Environ(), Streams{In: program, Out: program, Err: program})
	r.must(err)
	t.Cleanup(func() { _ = stack.Close() })
	if !stack.Terminal() {
		t.Fatal("a pseudo terminal is a terminal")
	}
	seen := make(chan string, 1)
	go func() {
		var text strings.Builder
		buffer := make([]byte, 1024)
		for {
			n, err := person.Read(buffer)
			text.Write(buffer[:n])
			if strings.Contains(text.String(), "ready") {
				_, _ = io.WriteString(person, "\x03")
			}
			if err != nil || strings.Contains(text.String(), "caught") {
				seen <- text.String()
				return
			}
		}
	}()
	// It waits before its exit: containerd 1.6 may lose what a terminal's command wrote last.
	script := `test -t 0 && sleep 0.2; stty size; trap 'echo caught; sleep 0.3; exit 9' INT; echo ready; while :; do sleep 0.1; done`
	status, err := stack.Exec(t.Context(), r.eng, p.Name, ExecOptions{CommandOptions: cmd("api", "sh", "-c", script)})
	r.must(err)
	if status != 9 {
		t.Errorf("status %d", status)
	}
	select {
	case text := <-seen:
		if !strings.Contains(text, "33 111") {
			t.Errorf("the terminal's size did not arrive: %q", text)
		}
	case <-time.After(10 * time.Second):
		t.Error("the command wrote nothing")
	}
}

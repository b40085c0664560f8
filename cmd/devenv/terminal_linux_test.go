package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// at-terminal TALK COMMAND...: the command has a terminal of its own, and a person at it. Each line of TALK is what the person
// does: `sees TEXT` waits until the terminal has shown it since the person last did something, `types TEXT` ends in Enter,
// `presses Ctrl-C` is that, and `sends TERM` ends the command from elsewhere. What was shown is the output, with the exit status
// in its last line.
func atTerminal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: at-terminal TALK COMMAND...")
	}
	talk := ts.ReadFile(args[0])
	ts.Check(ts.Exec("env", "-0"))
	env := strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\x00"), "\x00")
	ts.Check(ts.Exec("which", args[1]))
	path := strings.TrimSpace(ts.ReadFile("stdout"))

	person, program, err := pseudoTerminal()
	ts.Check(err)
	defer func() { _ = person.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 2*within)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args[2:]...)
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), slices.Concat(env, []string{"NO_COLOR=1"}), program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	_ = program.Close()
	ts.Check(err)
	screen := &screen{}
	ended := make(chan struct{})
	go func() { // it ends with the last program that has the terminal
		defer close(ended)
		screen.show(person)
	}()
	defer func() { fmt.Fprint(ts.Stdout(), screen.text()) }()
	for scanner := bufio.NewScanner(strings.NewReader(talk)); scanner.Scan(); {
		verb, text, _ := strings.Cut(scanner.Text(), " ")
		switch verb {
		case "sees":
			wait(ts, "the terminal shows "+text, func() (bool, string) { return screen.has(text), screen.text() })
		case "types":
			screen.turn()
			_, err = person.WriteString(text + "\n")
		case "presses":
			screen.turn()
			_, err = person.WriteString("\x03")
		case "sends":
			err = syscall.Kill(cmd.Process.Pid, map[string]syscall.Signal{"TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP}[text])
		}
		ts.Check(err)
	}
	_ = cmd.Wait() // the status says it
	<-ended
	screen.add(fmt.Sprintf("status %d\n", cmd.ProcessState.ExitCode()))
}

// screen is what a terminal has shown. Safe for concurrent use.
type screen struct {
	lock  sync.Mutex
	shown strings.Builder
	seen  int // where the person's last turn was
}

func (s *screen) show(terminal *os.File) {
	buffer := make([]byte, 4096)
	for {
		n, err := terminal.Read(buffer)
		s.add(strings.ReplaceAll(string(buffer[:n]), "\r", ""))
		if err != nil {
			return
		}
	}
}

func (s *screen) add(text string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.shown.WriteString(text)
}

func (s *screen) turn() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.seen = s.shown.Len()
}

func (s *screen) has(text string) bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	return strings.Contains(s.shown.String()[s.seen:], text)
}

func (s *screen) text() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.shown.String()
}

// pseudoTerminal is what a person sees and types, and the end that a program is given.
func pseudoTerminal() (person, program *os.File, err error) {
	person, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	number := 0
	raw, err := person.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			_ = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
			number, _ = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		})
	}
	if err == nil {
		program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	return person, program, err
}

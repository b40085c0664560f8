// Command devenv turns a Docker Compose project into a development environment. Each of its commands is one file
// here that reads flags into options and makes one call of package devenv/devenv.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/term"

	terminal "devenv/devenv/term"

	"devenv/devenv"
	"devenv/devenv/fault"
)

func main() { os.Exit(run()) }

// run is the whole program but for the exit. The first SIGINT, SIGTERM or SIGHUP (the terminal was closed) ends the work in
// good order, the second makes that immediate; a third ends the process as if we were not here.
func run() int {
	debug.SetGCPercent(400) // short runs over large files: memory is there, collecting it is a fifth of the time
	user := interrupts()
	defer user.stop()
	ctx := user.first
	app := &app{settings: settings(user.second)}
	app.settings.Signals, app.settings.Yield = user.listen, user.yield
	root := app.root()
	root.SetArgs(os.Args[1:])
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !app.began {
		err = usage(cmd, err)
	}
	if err != nil && ctx.Err() != nil {
		err = interrupted(err)
	}
	if err != nil {
		app.terminal().Fail(err)
	}
	if app.status != 0 {
		return app.status
	}
	return fault.ExitStatus(err)
}

// interrupted is err without what only repeats that the work was interrupted, and with the exit status that says so.
func interrupted(err error) error {
	kept := []error{&fault.Error{Class: fault.Interrupted, Message: "interrupted"}}
	for _, part := range fault.All(err) {
		var known *fault.Error
		switch {
		case errors.As(part, &known) && known.Class == fault.Interrupted:
			kept[0] = part
		case !errors.Is(part, context.Canceled):
			kept = append(kept, part)
		}
	}
	return errors.Join(kept...)
}

// interruptions are the signals by which a user ends the work.
type interruptions struct {
	first, second context.Context
	signals       chan os.Signal
	yielded       atomic.Bool // SIGINT is for the program that has the terminal
	stop          func()      // ends the goroutine
}

// interrupts gives a context that the first signal cancels and one that the second does.
func interrupts() *interruptions {
	first, cancelFirst := context.WithCancel(context.Background())
	second, cancelSecond := context.WithCancel(context.Background())
	i := &interruptions{first: first, second: second, signals: make(chan os.Signal, 2)}
	i.listen()
	go func() {
		for _, cancel := range []func(){cancelFirst, cancelSecond} {
			if !i.wait() {
				return
			}
			cancel()
		}
		signal.Stop(i.signals)
	}()
	i.stop = func() {
		signal.Stop(i.signals)
		close(i.signals)
		cancelFirst()
		cancelSecond()
	}
	return i
}

// listen takes the signals, again from whoever has taken them meanwhile.
func (i *interruptions) listen() {
	signal.Notify(i.signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
}

// wait is for the next signal that is ours; false is the end.
func (i *interruptions) wait() bool {
	for s := range i.signals {
		if s != os.Interrupt || !i.yielded.Load() {
			return true
		}
	}
	return false
}

// yield leaves SIGINT to a program that has the terminal, until back is called. It is not ignored, which a program would
// inherit.
func (i *interruptions) yield() (back func()) {
	i.yielded.Store(true)
	return func() { i.yielded.Store(false) }
}

func settings(now context.Context) devenv.Settings {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	return devenv.Settings{
		Dir: dir, Env: os.Environ(), Now: now, Profile: os.Getenv("DEVENV_PROFILE"),
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Interactive: isTerminal(os.Stderr) && os.Getenv("TERM") != "dumb",
		Pictures:    isTerminal(os.Stdout) && os.Getenv("TERM") != "dumb",
		Command:     strings.Join(append([]string{"devenv"}, os.Args[1:]...), " "),
		PID:         os.Getpid(), UID: os.Getuid(),
	}
}

func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

func colors() terminal.Color {
	return terminal.Color{
		Out: terminal.Wants(isTerminal(os.Stdout), os.Getenv),
		Err: terminal.Wants(isTerminal(os.Stderr), os.Getenv),
	}
}

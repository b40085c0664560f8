// Command demo is F5 without an editor: it attaches by the configuration that `devenv debug vscode` wrote, has a
// breakpoint hit, moves the line by a save, and has it hit again in the new code, in the same session.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"devenv/examples/editor"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: demo FILE TEXT URL    in the folder of .vscode; URL runs the line that has TEXT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(file, text, url string) (err error) {
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	path := filepath.Join(folder, file)
	e, err := editor.Attach(context.Background(), folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	for _, save := range []bool{false, true} {
		began := time.Now()
		if save {
			if err := pushDown(path); err != nil {
				return err
			}
		}
		line, err := lineOf(path, text)
		if err != nil {
			return err
		}
		if err := e.Break(path, line); err != nil {
			return err
		}
		if err := hit(e, url, line); err != nil {
			return err
		}
		if save {
			fmt.Printf("saved, and %d ms later the same session stops at %s:%d\n", time.Since(began).Milliseconds(), file, line)
		} else {
			fmt.Printf("attached; stopped at %s:%d\n", file, line)
		}
	}
	return nil
}

// pushDown saves a file with a line more at its top.
func pushDown(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append([]byte("# one line more\n"), content...), 0o600)
}

func lineOf(path, text string) (int, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for i, line := range strings.Split(string(content), "\n") {
		if strings.Contains(line, text) {
			return i + 1, nil
		}
	}
	return 0, fmt.Errorf("%s: no line has %q", path, text)
}

// hit asks url until the breakpoint is hit at a line: the answer may still be the old code's.
func hit(e *editor.Editor, url string, line int) error {
	stop := make(chan struct{})
	defer close(stop)
	go ask(url, stop)
	for {
		thread, err := e.Stopped()
		if err != nil {
			return err
		}
		at, err := e.Line(thread)
		if err != nil {
			continue // that process is gone
		}
		if err := e.Continue(thread); err == nil && at == line {
			return nil
		} // else the old code stood there, and an error is that its process is gone; a session that ended is told by Stopped
	}
}

// ask requests url until stop is closed, and ends after the request that is under way then.
func ask(url string, stop <-chan struct{}) {
	for {
		if response, err := http.Get(url); err == nil { //nolint:noctx // it stands at a breakpoint for as long as that takes
			_ = response.Body.Close()
		}
		select {
		case <-stop:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

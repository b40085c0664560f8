// Command bench times devenv beside its peers, in turns in one run, and prints medians and their ratio: commands beside
// those of Docker Compose, a save beside the reloaders that a Python project has without devenv, requests and saves with
// and without a debugger. It is what `make bench` runs; figures of one run can be compared with each other, not with those
// of another machine.
//
// usage: bench [--only TEXT] [--saves PERCENT] [--every DURATION] DEVENV COMPOSE
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	only := flag.String("only", "", "run the rows whose name has this `text` in it")
	saves := flag.Int("saves", 100, "make this `percent` of the usual number of saves")
	every := flag.Duration("every", 5*time.Millisecond, "after a save, ask for the new answer with this `pause`")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: bench [--only TEXT] [--saves PERCENT] [--every DURATION] DEVENV COMPOSE")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	b := bench{devenv: flag.Arg(0), compose: flag.Arg(1), percent: *saves, every: *every, progress: os.Stderr}
	err := run(ctx, b, *only, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench knows the two programs, by path.
type bench struct {
	devenv, compose string
	percent         int // of the usual number of saves
	// every is the pause between two questions whether a save is answered. They cost the server time, and most where the
	// old code goes on answering: on two cores a save took 125 ms with 1 ms, 107 with 5, 101 with 10.
	every    time.Duration
	progress io.Writer
}

func run(ctx context.Context, b bench, only string, out io.Writer) error {
	work, err := os.MkdirTemp("", "devenv-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.Setenv("XDG_STATE_HOME", filepath.Join(work, "state")); err != nil { // your list of projects is left alone
		return err
	}
	rows, err := comparisons(work)
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(row comparison) bool { return !strings.Contains(row.what, only) })
	contests := slices.DeleteFunc(contests(), func(c contest) bool { return !strings.Contains(c.what, only) })
	isScale, isDebugger := strings.Contains(scaleName, only), strings.Contains(debuggerName, only)
	if len(rows)+len(contests) == 0 && !isScale && !isDebugger {
		return fmt.Errorf("no row has %q in its name", only)
	}
	if len(rows) > 0 {
		err = errors.Join(b.commands(ctx, rows, out), newline(out))
	}
	if isScale && err == nil {
		err = errors.Join(b.scale(ctx, work, out), newline(out))
	}
	if isDebugger && err == nil {
		err = errors.Join(b.debugged(ctx, work, out), newline(out))
	}
	if len(contests) == 0 || err != nil {
		return err
	}
	return b.saves(ctx, contests, work, out)
}

func newline(out io.Writer) error {
	_, err := fmt.Fprintln(out)
	return err
}

// cleaning is a context for taking back what was started, also after Ctrl-C.
func cleaning(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

func write(dir, name, content string) error {
	path := filepath.Join(dir, name)
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(content), 0o600))
}

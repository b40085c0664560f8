//go:build unix

package host_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"devenv/devenv/host"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func run(ctx context.Context, limit time.Duration, args ...string) (status int, said []string, err error) {
	lines := &host.Lines{Keep: 2}
	status, err = host.Run(ctx, context.Background(), host.Command{
		Args: args, Dir: os.TempDir(), Env: os.Environ(), Out: lines, Err: lines, Limit: limit,
	})
	return status, lines.Last(), err
}

// A command gives its own exit status and its last lines, both outputs together.
func TestStatus(t *testing.T) {
	t.Parallel()
	status, said, err := run(t.Context(), time.Minute, "sh", "-c", "echo one; echo two >&2; printf three; exit 7")
	if got := fmt.Sprint(status, said, err); got != "7 [two three] <nil>" {
		t.Error(got)
	}
	_, _, err = run(t.Context(), time.Minute, "no-such-program")
	if err == nil || err.Error() != "no-such-program: executable file not found in $PATH" {
		t.Error(err)
	}
}

// Whatever a command has started ends with it: when its time is over, when it is interrupted, and when it has ended itself.
func TestEnds(t *testing.T) {
	t.Parallel()
	const child = `sleep 100 & echo $!; `
	_, said, err := run(t.Context(), 200*time.Millisecond, "sh", "-c", child+"wait")
	if err == nil || err.Error() != "it took longer than 200ms" {
		t.Error(err)
	}
	gone(t, said)

	_, said, err = run(t.Context(), time.Minute, "sh", "-c", `sleep 100 >/dev/null 2>&1 & echo $!`)
	if err != nil {
		t.Error(err)
	}
	gone(t, said)

	ctx, cancel := context.WithCancel(t.Context())
	lines := &host.Lines{Keep: 1, Line: func(string) { cancel() }}
	_, err = host.Run(ctx, context.Background(), host.Command{
		Args: []string{"sh", "-c", child + "wait"}, Dir: os.TempDir(), Env: os.Environ(), Out: lines, Limit: time.Minute,
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	gone(t, lines.Last())
}

// gone waits until a process is gone: the kernel delivers signals on its own time.
func gone(t *testing.T, said []string) {
	t.Helper()
	pid, err := strconv.Atoi(strings.Join(said, ""))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !dead(pid); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d runs on", pid)
		}
	}
}

// dead counts a process that nobody has reaped as gone: the init of a container may not.
func dead(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

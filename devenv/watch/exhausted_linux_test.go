package watch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"devenv/devenv/fault"
	"devenv/devenv/source"
	"devenv/devenv/watch"
)

// exhausted is the variable that makes this program the process with few watches; its value is the folder to watch.
const exhausted = "DEVENV_TEST_FEW_WATCHES"

func init() { //nolint:gochecknoinits // TestMain is the one that looks for leaks
	if folder := os.Getenv(exhausted); folder != "" {
		if err := watchWithFew(folder); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// The real limit of the system, in a user namespace that has five watches: the error says which limit, and a change in
// a folder that got none is found all the same.
func TestExhausted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for i := range 20 {
		if err := os.Mkdir(filepath.Join(folder, fmt.Sprintf("d%02d", i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), exhausted+"="+folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

func watchWithFew(folder string) error {
	if err := os.WriteFile("/proc/sys/user/max_inotify_watches", []byte("5"), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	watcher := watch.New(watch.Options{Tree: source.NewTree(source.Rules{Roots: []string{folder}})})
	if err := watcher.Start(ctx); err != nil {
		return err
	}
	status := watcher.Status()
	var limit *fault.Error
	if !status.Armed || status.Polling == 0 || !errors.As(status.Reason, &limit) || !strings.Contains(limit.Message, "fs.inotify.max_user_watches is ") {
		return fmt.Errorf("status is %+v", status)
	}
	changed := filepath.Join(folder, "d19", "late.py")
	if err := os.WriteFile(changed, []byte("x = 1\n"), 0o600); err != nil {
		return err
	}
	for batch := range watcher.Batches() {
		if batch.Changes[0].Path == changed {
			return nil
		}
	}
	return errors.New("the change was never reported")
}

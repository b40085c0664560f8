//go:build unix

package watch_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"devenv/devenv/source"
	"devenv/devenv/watch"
)

// A folder that may not be read costs nothing but itself: Status names it, and once it may be read it is watched. Root
// may read everything, so the test runs itself as somebody else.
func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		runAs(t, 65534)
		return
	}
	top := t.TempDir()
	put(t, filepath.Join(top, "open/a.py"), "1")
	put(t, filepath.Join(top, "shut/b.py"), "1")
	shut := filepath.Join(top, "shut")
	if err := os.Chmod(shut, 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	watcher := watch.New(watch.Options{Tree: source.NewTree(source.Rules{Roots: []string{top}})})
	if err := watcher.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if got := watcher.Status().Unreadable; len(got) != 1 || got[0] != shut {
		t.Errorf("unreadable: %v", got)
	}
	put(t, filepath.Join(top, "open/a.py"), "2")
	await(t, watcher, filepath.Join(top, "open/a.py"))
	if err := os.Chmod(shut, 0o700); err != nil {
		t.Fatal(err)
	}
	await(t, watcher, filepath.Join(top, "shut/b.py"))
	put(t, filepath.Join(top, "shut/b.py"), "2")
	await(t, watcher, filepath.Join(top, "shut/b.py"))
	if got := watcher.Status().Unreadable; len(got) != 0 {
		t.Errorf("unreadable: %v", got)
	}
	cancel()
	for range watcher.Batches() { // awaits the end
	}
}

// runAs runs this test in a copy of the test program as another user.
func runAs(t *testing.T, uid uint32) {
	t.Helper()
	text, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "watch-as-nobody")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "watch.test")
	if err := os.WriteFile(program, text, 0o755); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "-test.run", "^"+t.Name()+"$", "-test.v")
	command.Dir, command.Env = folder, []string{"TMPDIR=" + folder}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

package watch_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"

	"devenv/devenv/source"
	"devenv/devenv/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every script is a list of things that happen to files and of what must be reported for them, on the real file
// system: once by its events, and once by polling, which knows nothing of what happened in between.
func TestScripts(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, path := range scripts {
		for mode, poll := range map[string]time.Duration{"events": 0, "poll": 10 * time.Millisecond} {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+mode, func(t *testing.T) {
				t.Parallel()
				archive, err := txtar.ParseFile(path)
				if err != nil {
					t.Fatal(err)
				}
				runScript(t, archive, poll)
			})
		}
	}
}

type script struct {
	*testing.T

	top     string
	watcher *watch.Watcher
	seen    map[string]watch.Kind // what was reported and is not yet expected
	marks   int
}

func runScript(t *testing.T, archive *txtar.Archive, poll time.Duration) {
	t.Helper()
	s := &script{T: t, top: t.TempDir(), seen: map[string]watch.Kind{}}
	for _, f := range archive.Files {
		s.write(f.Name, string(f.Data))
	}
	rules := source.Rules{Roots: []string{s.path("work")}, State: s.path("state")}
	options := watch.Options{State: s.path("state"), Poll: poll}
	s.must(os.MkdirAll(options.State, 0o700))
	started := false
	for number, line := range strings.Split(string(archive.Comment), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		switch fields[0] {
		case "root":
			rules.Roots = append(rules.Roots, s.path(fields[1]))
		case "file":
			options.Files = append(options.Files, s.path(fields[1]))
		default:
			if !started && fields[0] != "before" {
				options.Tree = source.NewTree(rules)
				s.start(options)
				started = true
			}
			s.step(number+1, strings.TrimSpace(line))
		}
	}
}

func (s *script) start(options watch.Options) {
	s.Helper()
	ctx, cancel := context.WithCancel(s.Context())
	s.watcher = watch.New(options)
	s.must(s.watcher.Start(ctx))
	s.Cleanup(func() {
		cancel()
		for range s.watcher.Batches() { // awaits the end
		}
	})
	select { // contents are read in the background after the start
	case <-s.watcher.Settled():
	case <-time.After(time.Minute):
		s.Fatal("contents are not read within a minute")
	}
	s.expectAnything()
}

// step does one line. Words are separated by spaces; \n and \r in them are what they are in Go.
func (s *script) step(number int, line string) {
	s.Helper()
	word, rest, _ := strings.Cut(line, " ")
	args := strings.Fields(rest)
	for i, arg := range args {
		if unquoted, err := strconv.Unquote(`"` + arg + `"`); err == nil {
			args[i] = unquoted
		}
	}
	switch word {
	case "before": // happens before the watcher starts
		s.step(number, rest)
	case "expect":
		s.expect(number, rest)
	case "missing", "watches", "rescans":
		s.status(number, word, rest)
	default:
		do, ok := steps[word]
		if !ok {
			s.Fatalf("line %d: no step %q", number, word)
		}
		do(s, args)
	}
}

// steps are what can happen, as editors and tools do it.
var steps = map[string]func(s *script, args []string){
	"mkdir":  func(s *script, a []string) { s.must(os.MkdirAll(s.path(a[0]), 0o755)) },
	"write":  func(s *script, a []string) { s.write(a[0], strings.Join(a[1:], " ")) },
	"mv":     func(s *script, a []string) { s.must(os.Rename(s.path(a[0]), s.path(a[1]))) },
	"rm":     func(s *script, a []string) { s.must(os.RemoveAll(s.path(a[0]))) },
	"ln":     func(s *script, a []string) { s.must(os.Symlink(a[0], s.path(a[1]))) },
	"chmod":  func(s *script, a []string) { s.chmod(a[0], a[1]) },
	"touch":  func(s *script, a []string) { s.must(os.Chtimes(s.path(a[0]), time.Now(), time.Now())) },
	"old":    func(s *script, a []string) { s.must(os.Chtimes(s.path(a[0]), time.Unix(9, 0), time.Unix(9, 0))) },
	"append": func(s *script, a []string) { s.open(a[0], os.O_APPEND, a[1]) },
	// VS Code, nano: the file is emptied and filled again
	"truncate": func(s *script, a []string) { s.open(a[0], os.O_TRUNC, a[1]) },
	// vim: a file of its own is tried, the old file becomes the backup, a new one is written
	"vim": func(s *script, a []string) {
		s.write(filepath.Join(filepath.Dir(a[0]), "4913"), "")
		s.must(os.Remove(s.path(filepath.Join(filepath.Dir(a[0]), "4913"))))
		s.must(os.Rename(s.path(a[0]), s.path(a[0]+"~")))
		s.write(a[0], a[1])
		s.must(os.Remove(s.path(a[0] + "~")))
	},
	// JetBrains: written beside, then both names change
	"jetbrains": func(s *script, a []string) {
		s.write(a[0]+"___jb_tmp___", a[1])
		s.must(os.Rename(s.path(a[0]), s.path(a[0]+"___jb_old___")))
		s.must(os.Rename(s.path(a[0]+"___jb_tmp___"), s.path(a[0])))
		s.must(os.Remove(s.path(a[0] + "___jb_old___")))
	},
	// git, black, sed -i: another file takes the name
	"replace": func(s *script, a []string) {
		s.write(a[0]+".new", a[1])
		s.must(os.Rename(s.path(a[0]+".new"), s.path(a[0])))
	},
	"many": func(s *script, a []string) { // many FOLDER COUNT TEXT
		count, err := strconv.Atoi(a[1])
		s.must(err)
		for i := range count {
			s.write(fmt.Sprintf("%s/%d/%d.py", a[0], i%10, i), a[2])
		}
	},
}

func (s *script) path(name string) string { return filepath.Join(s.top, name) }

func (s *script) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *script) write(name, text string) {
	s.Helper()
	s.must(os.MkdirAll(filepath.Dir(s.path(name)), 0o755))
	s.must(os.WriteFile(s.path(name), []byte(text), 0o600))
}

func (s *script) open(name string, flag int, text string) {
	s.Helper()
	f, err := os.OpenFile(s.path(name), os.O_WRONLY|flag, 0)
	s.must(err)
	_, err = f.WriteString(text)
	s.must(err)
	s.must(f.Close())
}

func (s *script) chmod(mode, name string) {
	s.Helper()
	bits, err := strconv.ParseUint(mode, 8, 32)
	s.must(err)
	s.must(os.Chmod(s.path(name), os.FileMode(bits)))
}

// expectAnything forgets what is reported because the script wrote it so shortly before the start that it could have
// been after it.
func (s *script) expectAnything() {
	s.Helper()
	s.write("work/start", "")
	s.receive(0, nil, func() bool { return s.got()["created work/start"] })
	clear(s.seen)
}

// expect awaits all that a line names, then makes a mark and awaits it, so that nothing else was on its way.
func (s *script) expect(number int, line string) {
	s.Helper()
	want := map[string]bool{}
	for part := range strings.SplitSeq(line, ",") {
		if part = strings.TrimSpace(part); part != "nothing" {
			want[part] = true
		}
	}
	s.receive(number, want, func() bool {
		got := s.got()
		return !slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(w string) bool { return !got[w] })
	})
	s.marks++
	mark := fmt.Sprintf("work/mark%d", s.marks)
	s.write(mark, "")
	s.receive(number, want, func() bool { return s.got()["created "+mark] })
	delete(s.seen, mark)
	if got := s.got(); !maps.Equal(got, want) {
		s.Errorf("line %d: got %v, want %v", number, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	clear(s.seen)
}

func (s *script) got() map[string]bool {
	got := map[string]bool{}
	for path, kind := range s.seen {
		got[kind.String()+" "+path] = true
	}
	return got
}

func (s *script) receive(number int, want map[string]bool, done func() bool) {
	s.Helper()
	timeout := time.After(20 * time.Second)
	for !done() {
		select {
		case batch := <-s.watcher.Batches():
			for _, change := range batch.Changes {
				name, err := filepath.Rel(s.top, change.Path)
				s.must(err)
				s.seen[filepath.ToSlash(name)] = change.Kind
			}
		case <-timeout:
			s.Fatalf("line %d: got %v, want %v; %+v", number, s.got(), want, s.watcher.Status())
		}
	}
}

func (s *script) status(number int, word, want string) {
	s.Helper()
	got := ""
	s.eventually(fmt.Sprintf("line %d: %s %s", number, word, want), func() bool {
		status := s.watcher.Status()
		switch word {
		case "missing":
			var names []string
			for _, path := range status.Missing {
				name, _ := filepath.Rel(s.top, path)
				names = append(names, name)
			}
			got = strings.Join(names, " ")
		case "watches":
			got = strconv.Itoa(status.Watches)
			if status.Polling > 0 {
				got = want
			}
		}
		return got == want
	})
}

// eventually awaits a condition that becomes true for the reason that is given.
func (s *script) eventually(because string, condition func() bool) {
	s.Helper()
	timeout, ticks := time.After(20*time.Second), time.NewTicker(2*time.Millisecond)
	defer ticks.Stop()
	for !condition() {
		select {
		case <-ticks.C:
		case <-timeout:
			s.Fatalf("not so after 20 s: %s; %+v", because, s.watcher.Status())
		}
	}
}

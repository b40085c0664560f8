package source

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// Git itself says which line of which file decides on a path; so must we, for thousands of random rules and paths.
func TestGitAgrees(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 7))
	for round := range 30 {
		top := t.TempDir()
		run(t, top, nil, "git", "init", "-q")
		folders := []string{"", "a", "a/b", "c", "a/b/build", "d e"}
		for _, folder := range folders {
			if err := os.MkdirAll(filepath.Join(top, folder), 0o755); err != nil {
				t.Fatal(err)
			}
			if random.IntN(3) > 0 {
				write(t, filepath.Join(top, folder, ".gitignore"), randomLines(random))
			}
		}
		write(t, filepath.Join(top, ".git/info/exclude"), randomLines(random))
		var paths []string
		for _, folder := range folders {
			for _, name := range []string{"a.txt", "b.log", "x", "build", "[x]", "foo bar ", "ab", "é.txt", "!n", "#c", "p.txt.log"} {
				path := filepath.Join(folder, name)
				paths = append(paths, path)
				if _, err := os.Lstat(filepath.Join(top, path)); err != nil {
					write(t, filepath.Join(top, path), "")
				}
			}
		}
		compareWithGit(t, round, top, paths)
	}
}

func compareWithGit(t *testing.T, round int, top string, paths []string) {
	t.Helper()
	input := strings.Join(paths, "\x00") + "\x00"
	output := run(t, top, []byte(input), "git", "-c", "core.excludesFile=", "check-ignore", "-v", "-n", "--no-index", "-z", "--stdin")
	fields := strings.Split(output, "\x00")
	tree := NewTree(Rules{Roots: []string{top}, Shown: func(path string) string { return strings.TrimPrefix(path, top+"/") }})
	for i := 0; i+3 < len(fields); i += 4 {
		path := filepath.Join(top, fields[i+3])
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		want := "watched"
		if fields[i] != "" && !strings.HasPrefix(fields[i+2], "!") {
			want = fmt.Sprintf("ignored: %s (%s:%s)", fields[i+2], fields[i], fields[i+1])
		}
		if got := tree.Ignored(path, info.IsDir()).String(); got != want {
			t.Errorf("round %d: %q: %s; git says %s", round, fields[i+3], got, want)
		}
	}
}

// BuildKit leaves out of a context what moby/patternmatcher matches; our reading of a .dockerignore is the same.
func TestDockerAgrees(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(11, 5))
	for range 400 {
		var patterns []string
		for range 1 + random.IntN(5) {
			patterns = append(patterns, strings.TrimSuffix(randomLine(random), " "))
		}
		text := strings.ReplaceAll(strings.Join(patterns, "\n"), "[[:alpha:]]", "[ab]") // Docker has no named classes
		read, err := ignorefile.ReadAll(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := patternmatcher.New(read)
		if err != nil {
			continue // Docker refuses the pattern, and the build says so
		}
		ours := parseDocker(text, "f")
		for _, path := range []string{"a", "a/b", "a/b/a.txt", "a.txt", "b.log", "a/b.log", "c/x", "x", "c/a/b/x", "build/x", "a/build/q", "ab"} {
			want, err := theirs.MatchesOrParentMatches(path)
			if err != nil {
				break
			}
			if g := docker(ours, path); (g != nil && !g.negated) != want {
				t.Errorf("%q on %q: ignored %v, moby/patternmatcher says %v", patterns, path, !want, want)
			}
		}
	}
}

func randomLines(random *rand.Rand) string {
	var text strings.Builder
	for range random.IntN(6) {
		text.WriteString(randomLine(random) + "\n")
	}
	return text.String()
}

func randomLine(random *rand.Rand) string {
	elements := []string{"a", "b", "c", "x", "*", "**", "*.txt", "*.log", "?", "[a-c]", "[!a]", "build", "a*", "[[:alpha:]]*", `\[x\]`, "*b*", "[]x]", "d e", "*.t?t"}
	if random.IntN(8) == 0 {
		return []string{"# comment", "", `\#c`, `\!n`, "foo bar\\ ", "*.txt  ", "é*", "/", "!"}[random.IntN(9)]
	}
	line := elements[random.IntN(len(elements))]
	for random.IntN(2) == 0 {
		line += "/" + elements[random.IntN(len(elements))]
	}
	for _, decorate := range []func(string) string{
		func(s string) string { return "/" + s }, func(s string) string { return s + "/" }, func(s string) string { return "!" + s },
	} {
		if random.IntN(4) == 0 {
			line = decorate(line)
		}
	}
	return line
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir string, input []byte, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir, command.Stdin = dir, bytes.NewReader(input)
	output, err := command.Output()
	var exit *exec.ExitError
	if nothing := errors.As(err, &exit) && exit.ExitCode() == 1; err != nil && !nothing { // 1: no path is ignored
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return string(output)
}

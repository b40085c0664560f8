package doctor

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
)

// Git is what git knows of the project's files.
type Git struct {
	Top     string          // the work tree, "" where there is none
	Tracked map[string]bool // absolute paths of files that are committed or staged, of those that were asked for
}

// asked are the files that a rule wants to know of.
var asked = []string{":(glob)**/*.env", ":(glob)**/.env*", ":(glob)**/*.env.*", ":(glob)**/.devenv/**"}

// gitFacts asks git about the folder of a project. Without git, or outside of a work tree, nothing is tracked.
func gitFacts(ctx context.Context, dir string) Git {
	git := Git{Tracked: map[string]bool{}}
	top, err := runGit(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return git
	}
	git.Top = filepath.FromSlash(strings.TrimSpace(top))
	files, err := runGit(ctx, dir, append([]string{"ls-files", "-z", "--"}, asked...)...)
	if err != nil {
		return git
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(files, "\x00"), "\x00") {
		if name != "" {
			git.Tracked[filepath.Join(dir, filepath.FromSlash(name))] = true
		}
	}
	return git
}

func runGit(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	output, err := cmd.Output()
	return string(output), err
}

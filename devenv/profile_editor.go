package devenv

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"devenv/devenv/fault"
	"devenv/profiles"
)

// EditProfile opens a profile's file in the editor. What comes back replaces the file if it is right. Else, and where the
// editor fails, the file stays as it was and the text is kept: the next edit goes on with it.
func (e *Environment) EditProfile(ctx context.Context, name string, team bool) error {
	path, err := e.editable(name, team)
	if err != nil {
		return err
	}
	before, err := os.ReadFile(path)
	if err != nil {
		return fault.New(fault.Failed, "profile %s: %w", name, err)
	}
	draft := e.draft(name, path)
	if err := errors.Join(e.writeSchema(), e.begin(draft, path, before)); err != nil {
		return err
	}
	failed := e.editor(ctx, draft)
	after, err := os.ReadFile(draft)
	if err != nil {
		return errors.Join(failed, fault.New(fault.Failed, "profile %s: %w", name, err))
	}
	if slices.Equal(before, after) {
		if failed == nil {
			e.settings.Term.Say("%s is as it was", e.project.Rel(path))
		}
		return errors.Join(failed, os.Remove(draft))
	}
	if failed == nil {
		failed = e.check(ctx, name, path, after)
	}
	if failed != nil {
		e.settings.Term.Say("%s stays as it was; what was written is kept in %s, and the next edit goes on with it", e.project.Rel(path), e.project.Rel(draft))
		return failed
	}
	return errors.Join(e.writeProfile(path, after), os.Remove(draft))
}

// draft is where the text of a profile's file is while it is edited. No profile has a dot in its name.
func (e *Environment) draft(name, path string) string {
	file := filepath.Base(path)
	if filepath.Dir(path) != e.places().Team {
		file = name + ".user.yaml"
	}
	return filepath.Join(e.store.Folder(), file)
}

// begin makes a draft of a file; one that was kept stays.
func (e *Environment) begin(draft, path string, content []byte) error {
	if !isFile(draft) {
		return e.store.Write(draft, content)
	}
	e.settings.Term.Say("this goes on with the text that was kept in %s; without that file it begins with %s", e.project.Rel(draft), e.project.Rel(path))
	return nil
}

// editable is the file to edit: the developer's own, the team's where asked for or where there is no other.
func (e *Environment) editable(name string, team bool) (string, error) {
	if err := profiles.CheckName(name); err != nil {
		return "", err
	}
	paths := e.places().Paths(name)
	for _, path := range []string{e.places().Personal(name), paths[len(paths)-1], e.places().Shared(name)} {
		if isFile(path) && (!team || path == e.places().Shared(name)) {
			return path, nil
		}
	}
	if !slices.Contains(e.Profiles(), name) {
		return "", e.places().Unknown(name)
	}
	return "", fault.New(fault.Usage, "profile %s: it has no such file to edit", name).
		WithHint("devenv profile create %s makes one on top of it", name)
}

// editorWithin is how long an editor may take to end when devenv is told to.
const editorWithin = 5 * time.Second

// editor runs VISUAL or EDITOR, which may have arguments, on a file. The terminal is the editor's meanwhile, Ctrl-C too.
func (e *Environment) editor(ctx context.Context, path string) error {
	command := strings.Fields(cmp.Or(e.variable("VISUAL"), e.variable("EDITOR")))
	if len(command) == 0 {
		return fault.New(fault.Usage, "no editor: neither VISUAL nor EDITOR is set")
	}
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], path)...) //nolint:gosec // the user's editor
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = e.settings.Dir, e.settings.Env, e.settings.In, e.settings.Out, e.settings.Err
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(syscall.SIGTERM) }, editorWithin
	defer e.settings.Yield()()
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return interrupted()
	case err != nil:
		return fault.New(fault.Failed, "%s: %w", command[0], err)
	}
	return nil
}

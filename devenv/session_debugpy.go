package devenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// debugpyFolder is where devenv puts a debugger into a container whose image has none.
const debugpyFolder = "/devenv/debugpy"

// installers bring debugpy into a folder of the container; the first one that is there does.
var installers = [...][]string{
	{"uv", "pip", "install", "--quiet", "--target", debugpyFolder, "debugpy"},
	{"python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore", "--target", debugpyFolder, "debugpy"},
}

// bringDebugpy puts debugpy into a folder of the container that belongs to devenv: neither the image nor the project's
// environment or lock file changes. What was installed once is kept as an archive beside the project's state and copied
// in from there, so that the next container needs no download. A volume would do too, but it would have to be mounted
// in every container before anybody knows that it is needed.
func (s *session) bringDebugpy(ctx context.Context, c engine.Container) error {
	archive, err := s.debugpyArchive(ctx, c)
	if err != nil {
		return err
	}
	if file, err := os.Open(archive); err == nil {
		defer func() { _ = file.Close() }() // only read
		s.env().settings.Term.Say("%s  has no debugpy: devenv copies in the one that it has", c.Service)
		return s.env().engine.CopyIn(ctx, c.ID, filepath.Dir(debugpyFolder), file)
	}
	s.env().settings.Term.Say("%s  has no debugpy: devenv installs it beside the project's packages", c.Service)
	if err := s.installDebugpy(ctx, c); err != nil {
		return err
	}
	return s.env().engine.CopyOut(ctx, c.ID, debugpyFolder, func(content io.Reader) error { return save(archive, content) })
}

func (s *session) installDebugpy(ctx context.Context, c engine.Container) error {
	var failures []error
	for _, installer := range installers {
		err := s.run(ctx, c, engine.Command{Args: installer, User: "0", WorkingDir: "/"})
		if err == nil {
			return nil
		}
		failures = append(failures, err)
	}
	return fault.New(fault.Failed, "%s: its image has no debugpy, and neither uv nor pip brings it: %w", c.Service, errors.Join(failures...)).
		WithHint("add debugpy to the packages of its local stage, as with: uv add --dev debugpy")
}

// debugpyArchive is the place on this machine for what was installed for the Python of a container: compiled parts fit
// one version and one kind of machine.
func (s *session) debugpyArchive(ctx context.Context, c engine.Container) (string, error) {
	const tell = "import sysconfig; print(sysconfig.get_config_var('SOABI'))"
	output, status, err := s.env().engine.Output(ctx, c.ID, engine.Command{Args: []string{"python3", "-I", "-S", "-c", tell}})
	if err == nil && status != 0 {
		err = fault.New(fault.Failed, "%s: python3: exit code %d: %s", c.Service, status, output)
	}
	return filepath.Join(s.env().store.Folder(), fmt.Sprintf("debugpy-%s.tar", strings.TrimSpace(string(output)))), err
}

// save writes a file whole or not at all.
func save(path string, content io.Reader) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

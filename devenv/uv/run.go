package uv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/files"
)

// Runner runs uv in a container that runs.
type Runner struct {
	Engine    *engine.Client
	ID        string // of the container
	Service   string // for messages
	Project   Project
	Terminal  engine.Size // zero where uv writes to no terminal
	Out, Err  io.Writer
	Secrets   []string                              // variables for uv's process alone: Credentials
	Fetch     func(context.Context) ([]byte, error) // the program uv, for an image without one
	Brought   string                                // where that is put in the container, or was before
	Downloads string                                // a folder of the container that other services have too, maybe with other users; "" is none
	Image     []string                              // as in Request
	Now       context.Context                       // done when what is left to put right is to be left: the second Ctrl-C
}

// Outcome is what a run has changed.
type Outcome struct {
	Status      int      // uv's own
	Hint        string   // what can be done about a failure, or ""
	Installed   bool     // packages came or went
	Written     []string // files on the host, below the project's folder
	Fingerprint string   // of the files that the environment has been made for; "" if it was not touched
	Broken      bool     // the environment could not be put back
}

// Do carries out steps that were decided for files. Unless uv succeeds, status 0, files and environment are as before;
// an error says what of that could not be done.
func (r Runner) Do(ctx context.Context, steps Steps, files Files) (Outcome, error) {
	if steps.Reads() {
		return r.read(ctx, steps, files)
	}
	run := &run{Runner: r, before: files, now: files, began: time.Now()}
	if err := run.prepare(ctx, steps); err != nil {
		return Outcome{}, err
	}
	status, err := run.do(ctx, steps)
	if status != 0 || err != nil {
		err = errors.Join(err, r.ended(status))
		broken, undone := run.undo(run.Now)
		return Outcome{Status: status, Hint: hint(string(run.said.text)), Broken: broken}, errors.Join(err, undone)
	}
	outcome := Outcome{Written: run.written}
	if !steps.Installs() {
		return outcome, nil
	}
	outcome.Fingerprint = run.now.Fingerprint()
	if run.place.Packages == "" {
		outcome.Installed = true // the environment is new
		return outcome, nil
	}
	modified, err := r.Engine.Modified(ctx, r.ID, run.place.Packages)
	outcome.Installed = !modified.Equal(run.place.Touched)
	return outcome, err
}

// read carries out steps that change nothing, beside whatever others do in the container: in a stage of its own, which
// goes with it.
func (r Runner) read(ctx context.Context, steps Steps, files Files) (Outcome, error) {
	r.Project.apart = "-" + rand.Text()
	run := &run{Runner: r, before: files, now: files}
	if err := run.prepare(ctx, steps); err != nil {
		return Outcome{}, err
	}
	status, err := run.onStage(ctx, steps)
	_, _, _ = r.Engine.Output(r.Now, r.ID, engine.Command{Args: []string{"rm", "-rf", r.Project.base()}, User: "0"}) // else it goes with the container
	return Outcome{Status: status, Hint: hint(string(run.said.text))}, errors.Join(err, r.ended(status))
}

// ended is the error for a status of uv's that is not its own, or nil.
func (r Runner) ended(status int) error {
	if status != killed {
		return nil
	}
	return fault.New(fault.Failed, "%s: uv was killed, as when its container ends", r.Service)
}

// Sync brings the environment in line with the lock file on the host, in the project's own folder. What uv says counts
// only if it fails, and is in the error then.
func (r Runner) Sync(ctx context.Context) error {
	run := &run{Runner: r}
	if err := run.prepare(ctx, Steps{}); err != nil {
		return err
	}
	return run.quietly(ctx, append([]string{"sync", "--locked"}, r.Image...))
}

// run is one Do.
type run struct {
	Runner
	place       Place
	before, now Files
	written     []string
	said        tail
	began       time.Time
}

// killed is the exit code of a process that SIGKILL has ended: 128 and the signal's number.
const killed = 137

// prepare looks at the container and makes the stage. Each of the two takes the engine its time, so they go side by
// side; the stage is made for the container's user, and once more if the environment belongs to another.
func (r *run) prepare(ctx context.Context, steps Steps) error {
	setup, err := r.setup(ctx)
	if err != nil {
		return err
	}
	user, err := r.user(ctx, setup.User)
	if err != nil {
		return err
	}
	both, within := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		r.place, err = r.look(within, setup, user)
		return err
	})
	if steps.Stage != nil {
		both.Go(func() error { return r.stage(within, user) })
	}
	if err := both.Wait(); err != nil || steps.Stage == nil || r.place.Owner == user {
		return err
	}
	return r.stage(ctx, r.place.Owner)
}

// stage makes the stage in the container. It stays there until the next one takes its place, or the container ends.
func (r *run) stage(ctx context.Context, owner Owner) error {
	staged, err := r.Project.stage(r.before, owner)
	if err != nil {
		return err
	}
	return r.Engine.Put(ctx, r.ID, staged...)
}

func (r *run) do(ctx context.Context, steps Steps) (status int, err error) {
	if steps.Stage != nil {
		if status, err = r.onStage(ctx, steps); status != 0 || err != nil {
			return status, err
		}
	}
	if r.written, err = r.Project.Write(r.before, r.now); err != nil {
		return 0, err
	}
	if !r.Project.Mounted && len(r.written) > 0 {
		if err := r.bring(ctx, r.now); err != nil {
			return 0, err
		}
	}
	rest := steps.Rest(r.before, r.now)
	if rest == nil {
		return 0, nil
	}
	return r.uv(ctx, path.Join(r.Project.Container, r.Project.Workdir), rest)
}

// onStage runs uv in the stage, and takes the files that it has written.
func (r *run) onStage(ctx context.Context, steps Steps) (status int, err error) {
	status, err = r.uv(ctx, path.Join(r.Project.stageFolder(), r.Project.Workdir), steps.Stage)
	if status != 0 || err != nil || !steps.Keep {
		return status, err
	}
	back, err := r.Engine.Get(ctx, r.ID, r.Project.stageFolder())
	r.now = r.Project.unstaged(back, r.before)
	return 0, err
}

// bring writes files to the project's folder in a container that does not see the host's.
func (r *run) bring(ctx context.Context, files Files) error {
	var all []engine.File
	for name, content := range files {
		all = append(all, engine.File{Path: path.Join(r.Project.Container, name), Mode: 0o644, UID: r.place.Owner.UID, GID: r.place.Owner.GID, Content: content})
	}
	return r.Engine.Put(ctx, r.ID, all...)
}

func (r *run) uv(ctx context.Context, folder string, args []string) (status int, err error) {
	return r.Engine.Run(ctx, r.ID, r.command(folder, args), r.Terminal, io.MultiWriter(r.Out, &r.said), io.MultiWriter(r.Err, &r.said))
}

func (r *run) command(folder string, args []string) engine.Command {
	return engine.Command{
		Args: append([]string{r.place.Program}, args...), Env: slices.Concat(r.place.Env, r.Secrets), User: r.place.Owner.user(), WorkingDir: folder,
	}
}

// undo puts files and environment back, and says whether the environment could not be.
func (r *run) undo(ctx context.Context) (broken bool, err error) {
	var all []error
	if len(r.written) > 0 {
		all = append(all, files.Restore(r.Project.Host, r.before, r.written))
		if !r.Project.Mounted {
			all = append(all, r.bring(ctx, r.before))
		}
	}
	if r.place.Packages == "" {
		return false, errors.Join(all...)
	}
	modified, err := r.Engine.Modified(ctx, r.ID, r.place.Packages)
	if err == nil && !modified.Equal(r.place.Touched) {
		err = r.mend(ctx)
	}
	if err != nil {
		all = append(all, fault.New(fault.Failed, "%s: its packages may be incomplete: %w", r.Service, err).WithHint("devenv sync"))
	}
	return err != nil, errors.Join(all...)
}

// mend brings an environment that uv has left half-way back to the lock file: what came new goes, what is in the lock
// file comes again.
func (r *run) mend(ctx context.Context) error {
	found, err := r.newPackages(ctx)
	if err != nil {
		return err
	}
	again, gone := append([]string{"sync", "--frozen", "--inexact"}, r.Image...), []string{"pip", "uninstall", "--python", r.place.Environment}
	for _, name := range found {
		if locked(r.before[lockFile], name) {
			again = append(again, "--reinstall-package", name)
		} else {
			gone = append(gone, name)
		}
	}
	if len(gone) > 4 {
		err = r.quietly(ctx, gone)
	}
	if r.before[lockFile] != nil {
		err = errors.Join(err, r.quietly(ctx, again))
	}
	return err
}

// newPackages are the packages that were installed since the run began, by the times of their folders. The clock is the
// engine's, in whole seconds; to see a package that was installed just before is harmless.
func (r *run) newPackages(ctx context.Context) ([]string, error) {
	const script = `touch -d "@$(($(date +%s) - $1))" "$0.began" && find "$2" -maxdepth 1 -name "*.dist-info" -newer "$0.began"; rm -f "$0.began"`
	ago := int(time.Since(r.began).Seconds()) + 1
	output, _, err := r.Engine.Output(ctx, r.ID, engine.Command{Args: []string{"sh", "-c", script, "/tmp/devenv-uv", fmt.Sprint(ago), r.place.Packages}, User: "0"})
	var names []string
	for _, line := range strings.Fields(string(output)) {
		name, _, _ := strings.Cut(path.Base(line), "-")
		names = append(names, normal(name))
	}
	return names, err
}

// quietly runs uv in the project's own folder; its output matters only if it fails.
func (r *run) quietly(ctx context.Context, args []string) error {
	output, status, err := r.Engine.Output(ctx, r.ID, r.command(r.Project.Container, args))
	if err == nil && status != 0 {
		err = fault.New(fault.Failed, "%s: uv %s: exit code %d", r.Service, strings.Join(args, " "), status).
			WithDetail(strings.Split(strings.TrimSpace(string(output)), "\n")...)
	}
	return err
}

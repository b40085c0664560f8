package devenv

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/engine"
	"devenv/devenv/files"
	"devenv/devenv/plan"
)

// environmentOf is the name by which the state knows the environment of a container: that of the volume that it is in, else
// the container's ID.
func environmentOf(c engine.Container) string { return cmp.Or(c.Labels[plan.EnvironmentLabel], c.ID) }

// packages is what the plan needs to know of the uv project of a service.
func packages(in plan.Input, service types.ServiceConfig) (plan.Packages, bool) {
	project, found := uvProject(in, service)
	if !found {
		return plan.Packages{}, false
	}
	asked, err := project.Read()
	return plan.Packages{Folder: project.Container, Asked: asked.Fingerprint()}, err == nil
}

// readyEnvironments prepares what volumes of environments need before their containers are made. filled says that the images
// that they are filled from were built for the lock file of now; else that is not taken for granted, and a session syncs.
func (e *Environment) readyEnvironments(ctx context.Context, planned plan.Plan, filled bool) error {
	for _, host := range mountPoints(planned) {
		if _, err := os.Lstat(host); err == nil || !e.engine.Endpoint().Local() {
			continue
		}
		if err := files.MakeFolder(host); err != nil {
			return err
		}
	}
	if filled || len(planned.Environments) == 0 {
		return nil
	}
	there, err := e.engine.Holdings(ctx, planned.Project.Name)
	known := e.store.Environments()
	for _, environment := range planned.Environments {
		_, exists := there.Volumes[environment.Volume]
		if environment.Volume != "" && !exists && err == nil {
			known[environment.Volume] = ""
		}
	}
	return errors.Join(err, e.store.SaveEnvironments(known))
}

// withoutEnvironment are running containers from which the volume of their environment is gone: the kernel unmounts it
// when the folder below it is removed on this machine, as by `git clean -fdX`. A start mounts it again.
func (e *Environment) withoutEnvironment(ctx context.Context, planned plan.Plan) ([]engine.Container, error) {
	if len(mountPoints(planned)) == 0 || !e.engine.Endpoint().Local() {
		return nil, nil
	}
	containers, err := e.engine.Containers(ctx, planned.Project.Name)
	if err != nil {
		return nil, err
	}
	var without []engine.Container
	for _, c := range containers {
		environment := planned.Environments[c.Service]
		if environment.Volume == "" || !runsLocal(c) {
			continue
		}
		lost, err := e.lost(ctx, c, environment)
		if err != nil {
			return nil, err
		}
		if lost {
			without = append(without, c)
		}
	}
	return without, nil
}

// lost asks a container whether its environment is mounted, if the folder below it is not as old as the container.
func (e *Environment) lost(ctx context.Context, c engine.Container, environment plan.PythonEnvironment) (bool, error) {
	detail, found, err := e.engine.Inspect(ctx, c.ID)
	if err != nil || !found {
		return false, err
	}
	if folder, err := os.Stat(environment.Host); err == nil && folder.ModTime().Before(detail.StartedAt) {
		return false, nil
	}
	mounts, status, err := e.engine.Output(ctx, c.ID, engine.Command{Args: []string{"cat", "/proc/self/mountinfo"}})
	return status == 0 && !strings.Contains(string(mounts), " "+environment.Folder+" "), err
}

// remount starts services again whose containers have lost their environment, but those that were replaced meanwhile.
func (e *Environment) remount(ctx context.Context, planned plan.Plan, without []engine.Container) error {
	done := map[string]bool{}
	for _, c := range without {
		_, found, err := e.engine.Container(ctx, c.ID)
		if err != nil {
			return err
		}
		if !found || done[c.Service] {
			continue
		}
		done[c.Service] = true // with all its containers
		e.settings.Term.Say("%s  starts again: %s was removed here, and with it the container's packages", c.Service,
			e.project.Rel(planned.Environments[c.Service].Host))
		if err := e.startAgain(ctx, c.Service); err != nil {
			return err
		}
	}
	return nil
}

// mountPoints are the folders of this machine that volumes of environments are mounted over. The engine would make one that
// is missing, as root's, and then the developer's own `uv sync` on this machine could not use it.
func mountPoints(planned plan.Plan) []string {
	var hosts []string
	for _, environment := range planned.Environments {
		if environment.Volume != "" {
			hosts = append(hosts, environment.Host)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// clearMountPoints removes the folders again, those in which nothing is.
func (e *Environment) clearMountPoints(ctx context.Context, planned plan.Plan) error {
	for _, host := range mountPoints(planned) {
		entries, err := os.ReadDir(host)
		if err != nil || len(entries) > 0 {
			continue // it is the developer's, or gone
		}
		mounted, err := e.mounted(ctx, filepath.Dir(host))
		if err != nil {
			return err
		}
		if !mounted {
			_ = os.Remove(host) // else somebody has put something into it just now
		}
	}
	return nil
}

// mounted says whether any container has a folder of this machine. To remove a folder in it would take the volume away that
// lies over that folder there.
func (e *Environment) mounted(ctx context.Context, folder string) (bool, error) {
	using, err := e.engine.Mounting(ctx, folder)
	if parent := filepath.Dir(folder); err == nil && len(using) == 0 && parent != folder {
		return e.mounted(ctx, parent)
	}
	return len(using) > 0, err
}

// dropSuperseded removes the volumes of environments in whose place planned services have other ones.
func (e *Environment) dropSuperseded(ctx context.Context, planned plan.Plan) error {
	return e.dropEnvironments(ctx, func(volume, service string) bool {
		now := planned.Environments[service].Volume
		return now != "" && now != volume
	})
}

// dropEnvironments removes volumes of environments that no container has.
func (e *Environment) dropEnvironments(ctx context.Context, gone func(volume, service string) bool) error {
	unused, err := e.engine.UnusedVolumes(ctx, e.project.Compose.Name, plan.EnvironmentLabel)
	if err != nil {
		return err
	}
	known := e.store.Environments()
	count := len(known)
	for _, volume := range slices.Sorted(maps.Keys(unused)) {
		if !gone(volume, unused[volume]) {
			continue
		}
		if err := e.engine.RemoveVolume(ctx, volume); err != nil {
			return err
		}
		delete(known, volume)
		e.settings.Term.Step("volume", volume, "removed", 0)
	}
	if len(known) == count {
		return nil
	}
	return e.store.SaveEnvironments(known)
}

// afterDown removes what a project without containers has left: folders that volumes were mounted over, and with volumes
// those too.
func (e *Environment) afterDown(ctx context.Context, options DownOptions) error {
	if options.Volumes {
		err := e.dropEnvironments(ctx, func(_, service string) bool {
			return len(options.Services) == 0 || slices.Contains(options.Services, service)
		})
		if err != nil {
			return err
		}
	}
	if len(options.Services) > 0 {
		return nil
	}
	there, err := e.engine.Holdings(ctx, e.project.Compose.Name)
	if err != nil {
		return err
	}
	if _, planned, err := e.plan(plan.Modes{Project: plan.Local}, nil); err == nil { // else there is no plan to have made any
		if err := e.clearMountPoints(ctx, planned); err != nil {
			return err
		}
	}
	return e.store.KeepEnvironments(there.Volumes)
}

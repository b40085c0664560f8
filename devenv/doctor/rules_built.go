package doctor

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/dockerfile"
	"devenv/devenv/image"
)

// The rules of this file ask built images. A build whose image could not be looked at has no finding.

func builtRules() []Rule {
	const family = "image"
	return []Rule{
		{"program-missing", family, Error, "a HEALTHCHECK or command whose program the image does not have",
			"A check that cannot run fails: the container never becomes healthy, and what waits for it never starts.",
			"https://docs.docker.com/reference/dockerfile/#healthcheck", programMissing},
		{"volume-owner", family, Error, "a volume that the image's user may not write",
			"A new volume takes owner and mode of the folder that the image has there; where it has none, the volume is root's.",
			"https://docs.docker.com/engine/storage/volumes/", volumeOwner},
		{"image-behind", family, Warning, "an image with other packages than uv.lock",
			"What runs is not what was tested, until the image is built again.",
			"https://docs.astral.sh/uv/concepts/projects/sync/", imageBehind},
	}
}

// built are the builds whose image has been looked at and is what its sources make.
func (f *Facts) built() []Build {
	return slices.DeleteFunc(slices.Clone(f.Builds), func(b Build) bool { return !b.seen() })
}

func (b Build) seen() bool { return b.Image != nil && b.File != nil && !b.Stale }

func programMissing(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.built() {
		at, check := f.check(build)
		all = append(all, f.lacking(build, at, "the healthcheck", check.Programs(build.Image.Config))...)
		all = append(all, f.lacking(build, f.commandPlace(build), "the container", image.Programs(build.command()...))...)
	}
	for _, build := range f.Builds {
		if build.Config.Build == nil && build.Image != nil && tested(build.Config) {
			at, check := f.check(build)
			all = append(all, f.lacking(build, at, "the healthcheck", check.Programs(build.Image.Config))...)
		}
		if build.Base == nil {
			continue
		}
		for _, step := range build.fromDistribution() {
			all = append(all, f.notInstalled(build, step)...)
		}
	}
	return all
}

// distributed are programs that come from a package of the distribution alone, with the packages that have them.
var distributed = map[string][]string{
	"curl": {"curl"}, "wget": {"wget"}, "git": {"git"}, "jq": {"jq"}, "bash": {"bash"}, "nc": {"netcat", "nmap"}, "pg_isready": {"postgresql"},
	"psql": {"postgresql"}, "redis-cli": {"redis"}, "ps": {"procps"}, "ss": {"iproute"}, "netstat": {"net-tools"}, "mysqladmin": {"mysql", "mariadb"},
}

// fromDistribution are what a container of a build starts, where that calls a program of the distribution: the last
// HEALTHCHECK, CMD and ENTRYPOINT that the compose file leaves in force, and its own healthcheck, which has no line.
func (b Build) fromDistribution() []dockerfile.Step {
	last := map[string]dockerfile.Step{}
	for _, step := range b.Steps {
		if slices.Contains([]string{"HEALTHCHECK", "CMD", "ENTRYPOINT"}, step.Name) {
			last[step.Name] = step
		}
	}
	if b.Config.Command != nil || b.Config.Entrypoint != nil {
		delete(last, "CMD")
	}
	if b.Config.Entrypoint != nil {
		delete(last, "ENTRYPOINT")
	}
	if check := b.Config.HealthCheck; check != nil && (check.Disable || len(check.Test) > 0) {
		delete(last, "HEALTHCHECK")
	}
	if tested(b.Config) {
		test := b.Config.HealthCheck.Test
		last["the healthcheck"] = dockerfile.Step{Name: "the healthcheck", Args: test[1:], Shell: test[0] == "CMD-SHELL"}
	}
	var all []dockerfile.Step
	for _, name := range slices.Sorted(maps.Keys(last)) {
		if len(distributedPrograms(last[name])) > 0 {
			all = append(all, last[name])
		}
	}
	return all
}

func distributedPrograms(step dockerfile.Step) []string {
	args := step.Args
	if step.Shell {
		args = []string{"/bin/sh", "-c", strings.Join(args, " ")}
	}
	return slices.DeleteFunc(image.Programs(args...), func(program string) bool { return distributed[program] == nil })
}

// notInstalled are the programs of a step that the base image does not have and no step installs.
func (f *Facts) notInstalled(b Build, step dockerfile.Step) []Finding {
	at := f.compose("services", b.Service, "healthcheck", "test")
	if step.Line > 0 {
		at = b.File.at(step.Line)
	}
	var all []Finding
	for _, program := range distributedPrograms(step) {
		if b.Base.Has(program) || slices.ContainsFunc(b.Steps, func(s dockerfile.Step) bool { return brings(s, program) }) {
			continue
		}
		all = append(all, Finding{
			Place: at,
			What:  fmt.Sprintf("%s runs %s, which %s does not have and no step installs", step.Name, program, b.Base.Ref),
			Mend:  b.remedy(program),
		})
	}
	return all
}

// brings reports whether a step may install a program of the distribution.
func brings(step dockerfile.Step, program string) bool {
	if step.Copy != nil && path.Base(step.Copy.Dest) == program {
		return true
	}
	text := strings.Join(step.Args, " ")
	return step.Name == "RUN" && slices.ContainsFunc(distributed[program], func(name string) bool { return strings.Contains(text, name) })
}

// check is the healthcheck of a service and where it is written.
func (f *Facts) check(build Build) (Place, *image.Healthcheck) {
	if check := build.Config.HealthCheck; check != nil && (check.Disable || len(check.Test) > 0) {
		if check.Disable {
			return Place{}, nil
		}
		return f.compose("services", build.Service, "healthcheck", "test"), &image.Healthcheck{Test: check.Test}
	}
	for _, step := range slices.Backward(build.Steps) {
		if step.Name == "HEALTHCHECK" {
			return build.File.at(step.Line), build.Image.Config.Healthcheck
		}
	}
	return f.compose("services", build.Service), build.Image.Config.Healthcheck
}

// lacking are the programs that cannot run in an image. What a mount brings, nobody can say.
func (f *Facts) lacking(build Build, at Place, who string, programs []string) []Finding {
	var all []Finding
	if _, own := build.Config.Environment["PATH"]; own {
		return nil
	}
	for _, program := range programs {
		if path.IsAbs(program) && build.mounted(program) || strings.Contains(program, "/") && !path.IsAbs(program) {
			continue
		}
		if _, err := build.Image.Which(program); err != nil {
			found := Finding{Place: at, What: who + " runs " + program + because(program, err), Mend: build.remedy(program)}
			if errors.Is(err, image.ErrLineEnds) {
				found.Mend = "*.sh text eol=lf in .gitattributes and git add --renormalize, or sed -i 's/\\r$//' where it is copied"
			}
			all = append(all, found)
		}
	}
	return all
}

// because is why a program cannot run, behind its name.
func because(program string, err error) string {
	if rest, own := strings.CutPrefix(err.Error(), program+" "); own {
		return ", which " + rest
	}
	return ": " + err.Error()
}

func (b Build) remedy(program string) string {
	if b.File == nil {
		return "call what " + b.Config.Image + " has, or build an image from it that has " + program
	}
	if program == "curl" || program == "wget" {
		return `CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/', timeout=3)"], or install ` + program
	}
	return "install " + program + " in the stage that runs, or call what is there"
}

// mounted reports whether a path of the container is in a volume or mount.
func (b Build) mounted(name string) bool {
	return slices.ContainsFunc(b.Config.Volumes, func(v types.ServiceVolumeConfig) bool { return holds(v.Target, name) })
}

func volumeOwner(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.built() {
		user := build.Image.User()
		if user.Root() || build.Config.User != "" {
			continue
		}
		for _, volume := range f.Project.Compose.Services[build.Service].Volumes {
			if !build.mounted(volume.Target) || volume.Type != types.VolumeTypeVolume || volume.ReadOnly || build.Image.MayWrite(volume.Target) {
				continue
			}
			what := fmt.Sprintf("%s is root's in the image, and %s runs as %s", volume.Target, build.Service, user.Name)
			if _, there := build.Image.File(volume.Target); !there {
				what = fmt.Sprintf("%s is not in the image, so the volume is root's, and %s runs as %s", volume.Target, build.Service, user.Name)
			}
			all = append(all, Finding{
				Place: f.mountOver(build, volume.Target), What: what,
				Mend: fmt.Sprintf("RUN mkdir -p %s && chown %s %s before USER", volume.Target, user.Name, volume.Target),
			})
		}
	}
	return all
}

// imageBehind compares the versions of packages that an image and the lock file both have. A package that only one of
// them has may be for another platform, or of a group that is not installed.
func imageBehind(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.Builds {
		if build.Image == nil || build.File == nil {
			continue
		}
		locked := map[string]string{}
		for _, lock := range build.File.Locks {
			maps.Copy(locked, lock.Versions)
		}
		var differ []string
		for _, p := range build.Image.Packages() {
			if want := locked[p.Name]; want != "" && want != p.Version {
				differ = append(differ, fmt.Sprintf("%s %s, not %s", p.Name, p.Version, want))
			}
		}
		if len(differ) > 0 {
			all = append(all, Finding{
				Place: f.compose("services", build.Service), What: fmt.Sprintf("the image of %s in mode %s has %s", build.Service, build.Mode, few(differ)),
				Mend: "devenv build --mode " + build.Mode,
			})
		}
	}
	return all
}

// few names the first three.
func few(all []string) string {
	if len(all) > 3 {
		return strings.Join(all[:3], ", ") + fmt.Sprintf(" and %d more", len(all)-3)
	}
	return strings.Join(all, ", ")
}

// inside are what a shipped image has and should not: of the kinds that a rule asks for, with what it is.
func (b Build) inside(kinds ...image.Kind) []string {
	if !b.seen() {
		return nil
	}
	var names []string
	for _, tool := range b.Image.Tools() {
		if slices.Contains(kinds, tool.Kind) && !slices.Contains(names, tool.Name) && !strings.HasPrefix(tool.Name, "uvx") {
			names = append(names, tool.Name)
		}
	}
	return names
}

// secretsInside are files with secrets that an image has, also those that a later layer takes away.
func (b Build) secretsInside() []string {
	if !b.seen() {
		return nil
	}
	var all []string
	note := func(file image.File) {
		name := path.Base(file.Path)
		if file.Mode.IsRegular() && file.Size > 0 && isSecretName(name) && !b.File.harmless(name) && !strings.Contains(file.Path, "-packages/") {
			all = append(all, file.Path)
		}
	}
	for _, file := range b.Image.Files() {
		note(file)
	}
	for _, file := range b.Image.Hidden() {
		note(file)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

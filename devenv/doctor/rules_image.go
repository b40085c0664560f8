package doctor

import (
	"path"
	"slices"
	"strings"

	"devenv/devenv/dockerfile"
	"devenv/devenv/plan"
)

func imageRules() []Rule {
	const family = "image"
	return []Rule{
		{"image-pinned", family, Warning, "a base image, or uv's, without a version",
			"The next build may be another Python or another uv, on one machine and not on the next.",
			"https://docs.docker.com/build/building/best-practices/#pin-base-image-versions", imagePinned},
		{"root-user", family, Warning, "what is shipped runs as root",
			"Whoever breaks into the program is then root in the container, and one fault of the kernel away from the host.",
			"https://docs.docker.com/build/building/best-practices/#user", rootUser},
		{"unbuffered", family, Warning, "Python that keeps its output back",
			"What is printed shows up in the logs late, and what was printed before a crash never.",
			"https://docs.python.org/3/using/cmdline.html#envvar-PYTHONUNBUFFERED", unbuffered},
		{"buildkit", family, Warning, "what `docker build --check` reports",
			"BuildKit's own checks: each is something that a later version refuses, or that does not mean what it looks like.",
			"https://docs.docker.com/reference/build-checks/", buildChecks},
	}
}

func imagePinned(f *Facts) []Finding {
	var all []Finding
	for _, file := range f.Files {
		for _, stage := range file.Stages {
			for _, step := range file.OwnSteps(stage) {
				for _, image := range file.images(step) {
					if cause := unpinned(image); cause != "" && !f.makes(image) {
						all = append(all, Finding{Place: file.at(step.Line), What: image + " " + cause, Mend: pin(image)})
					}
				}
			}
		}
	}
	for _, build := range f.Builds {
		if cause := unpinned(build.Config.Image); build.File == nil && build.Config.Build == nil && cause != "" && !f.makes(build.Config.Image) {
			all = append(all, Finding{
				Place: f.compose("services", build.Service, "image"), What: build.Config.Image + " " + cause, Mend: pin(build.Config.Image),
			})
		}
	}
	return all
}

// makes reports whether a service of the project builds an image.
func (f *Facts) makes(reference string) bool {
	for _, service := range f.Project.Compose.Services {
		name := plan.ImageName(f.Project.Compose.Name, service)
		if service.Build != nil && strings.TrimSuffix(name, ":latest") == strings.TrimSuffix(reference, ":latest") {
			return true
		}
	}
	return false
}

// images are what a step takes from a registry.
func (d *Dockerfile) images(step dockerfile.Step) []string {
	var all []string
	switch {
	case step.Name == "FROM" && step.Stage.Parent() == nil:
		all = append(all, step.Stage.Base)
	case step.Copy != nil:
		all = append(all, step.Copy.From)
	}
	for _, mount := range step.Mounts {
		all = append(all, mount.From)
	}
	return slices.DeleteFunc(all, func(image string) bool {
		return image == "" || image == "scratch" || strings.Contains(image, "$") || d.Named[image] || d.Source(image) != nil
	})
}

// unpinned says why an image can be another one tomorrow, or "".
func unpinned(image string) string {
	name, digest := image, ""
	if at := strings.LastIndexByte(image, '@'); at >= 0 {
		name, digest = image[:at], image[at:]
	}
	_, tag, tagged := strings.Cut(path.Base(name), ":")
	switch {
	case image == "" || digest != "":
		return ""
	case !tagged:
		return "has no tag"
	case tag == "latest":
		return "is whatever is latest"
	}
	return ""
}

func pin(image string) string {
	name, _, _ := strings.Cut(path.Base(image), ":")
	switch name {
	case "uv":
		return "name a version, such as uv:0.8.17"
	case "python":
		return "name a version and a release, such as python:3.13-slim-bookworm"
	}
	return "name a version, or a digest"
}

func rootUser(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.Builds {
		if build.File == nil || !build.Release && !build.Only || slices.Contains(dropping, build.baseImage()) || f.dropsRoot(build) {
			continue
		}
		effective, _ := build.File.Effective(build.Target)
		user, known := build.user(effective.User)
		if !known || !isRoot(user) {
			continue
		}
		stage, _ := build.File.Stage(build.Target)
		all = append(all, Finding{
			Place: build.File.at(build.userLine(stage.Line)), What: "what is shipped of " + build.Service + " runs as root",
			Mend: "RUN useradd --system app, and USER app before CMD",
		})
	}
	return all
}

// droppers are programs that start another one as a user.
var droppers = []string{"gosu", "su-exec", "setpriv", "runuser", "setuidgid", "s6-setuidgid", "chpst", "su"}

// dropsRoot reports whether what a service starts gives up being root: a dropper, or a script of the project that calls one.
func (f *Facts) dropsRoot(b Build) bool {
	args := b.command()
	words := slices.Clone(args)
	for _, c := range started(args) {
		words = append(words, c.Args...)
	}
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains(droppers, path.Base(word)) || f.Droppers[path.Base(word)]
	})
}

// user is who a service runs as, and whether that is known: an image whose Dockerfile does not say may have a user.
func (b Build) user(declared string) (string, bool) {
	switch {
	case b.Config.User != "":
		return b.Config.User, true
	case declared != "":
		return declared, !strings.Contains(declared, "$")
	case b.Image != nil && !b.Stale:
		return b.Image.Config.User, true
	}
	base := b.baseImage()
	return "", base == "scratch" || slices.Contains(rootImages, base)
}

// dropping are official images whose first process is root's and serves nothing itself: it starts others as a user.
var dropping = []string{"nginx", "httpd", "haproxy", "postgres", "mysql", "mariadb", "mongo", "redis", "valkey", "rabbitmq", "memcached"}

// rootImages are official images that run as root and are what most others are made from.
var rootImages = []string{"python", "debian", "ubuntu", "alpine", "golang", "node", "busybox"}

// baseImage is the bare name of what a build stands on.
func (b Build) baseImage() string {
	if b.File == nil {
		return ""
	}
	effective, _ := b.File.Effective(b.Target)
	name, _, _ := strings.Cut(path.Base(effective.Image), ":")
	return name
}

func (b Build) userLine(line int) int {
	for _, step := range b.Steps {
		if step.Name == "USER" {
			line = step.Line
		}
	}
	return line
}

func isRoot(user string) bool {
	name, _, _ := strings.Cut(user, ":")
	return name == "" || name == "0" || name == "root"
}

func unbuffered(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.Builds {
		if build.File == nil || !isPythonCommand(build.command()) || slices.Contains(build.command(), "-u") {
			continue
		}
		if _, set := build.variable("PYTHONUNBUFFERED"); set {
			continue
		}
		stage, _ := build.File.Stage(build.Target)
		all = append(all, Finding{
			Place: build.File.at(stage.Line), What: "PYTHONUNBUFFERED is not set in " + stageName(stage),
			Mend: "ENV PYTHONUNBUFFERED=1", Fix: build.File.insertBefore(build.File.OwnSteps(stage)[0].End+1, "ENV PYTHONUNBUFFERED=1"),
		})
	}
	return all
}

func stageName(stage *dockerfile.Stage) string {
	if stage.Name == "" {
		return "the last stage"
	}
	return "stage " + stage.Name
}

// command is what a service starts: its entrypoint, then its command.
func (b Build) command() []string {
	var effective dockerfile.Effective
	if b.File != nil {
		effective, _ = b.File.Effective(b.Target)
	}
	entrypoint, args := []string(b.Config.Entrypoint), []string(b.Config.Command)
	if entrypoint == nil && effective.Entrypoint != nil {
		entrypoint = words(effective.Entrypoint)
	}
	if args == nil && effective.Cmd != nil && b.Config.Entrypoint == nil {
		args = words(effective.Cmd)
	}
	return append(slices.Clone(entrypoint), args...)
}

// words are the words of a command; one in shell form is what the shell is started with.
func words(c *dockerfile.Command) []string {
	if c.Shell {
		return append([]string{"/bin/sh", "-c"}, c.Args...)
	}
	return c.Args
}

// variable is a variable of a service's container, as far as compose files and Dockerfile set it.
func (b Build) variable(name string) (string, bool) {
	if value, set := b.Config.Environment[name]; set && value != nil {
		return *value, true
	}
	if b.File != nil {
		effective, _ := b.File.Effective(b.Target)
		if value, set := effective.Env[name]; set {
			return value, true
		}
	}
	if b.Image != nil && !b.Stale {
		return b.Image.Config.Lookup(name)
	}
	return "", false
}

// covered are the checks of BuildKit's that a rule of ours looks at more closely.
var covered = []string{"SecretsUsedInArgOrEnv"}

func buildChecks(f *Facts) []Finding {
	var all []Finding
	for _, file := range f.Files {
		for _, w := range file.Warnings {
			if !slices.Contains(covered, w.Rule) {
				all = append(all, Finding{Place: file.at(w.Line), What: w.Text, Source: w.URL, Mend: "see " + w.Rule})
			}
		}
	}
	return all
}

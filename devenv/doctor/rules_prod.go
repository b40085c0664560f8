package doctor

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"devenv/devenv/dockerfile"
	"devenv/devenv/image"
)

func prodRules() []Rule {
	const family = "prod"
	return []Rule{
		{"prod-reload", family, Error, "a reloader, a debugger or DEBUG in what is shipped",
			"A development server watches files, shows its secrets in error pages, and is made for one user.",
			"https://docs.djangoproject.com/en/stable/howto/deployment/checklist/#debug", prodReload},
		{"prod-dev-packages", family, Warning, "development packages in what is shipped",
			"They make the image bigger, and a debugger or a test tool is one more way in.",
			uvDocker + "#installing-dependencies", prodDevPackages},
		{"prod-build-tools", family, Warning, "compilers, uv or git in what is shipped",
			"In a stage of their own they cost the shipped image nothing, and help nobody who breaks in.",
			"https://docs.docker.com/build/building/multi-stage/", prodBuildTools},
		{"prod-tests", family, Note, "tests or the history of git in what is shipped",
			"Nothing in production runs them, and the history holds everything that was ever deleted.",
			"https://docs.docker.com/build/building/best-practices/#exclude-with-dockerignore", prodTests},
		{"proxy-headers", family, Warning, "uvicorn that does not trust the proxy that it is told of",
			"By default uvicorn trusts the headers of 127.0.0.1 alone, and a proxy in another container is not that.",
			"https://uvicorn.dev/settings/#http", proxyHeaders},
	}
}

// reloaders are the flags and commands of development servers.
var reloaders = []string{"--reload", "runserver", "debugpy", "--debug", "runserver_plus", "watchfiles", "watchmedo", "nodemon"}

func prodReload(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.releases() {
		for _, c := range started(build.command()) {
			for _, word := range c.Args {
				if slices.Contains(reloaders, word) || word == "dev" && c.Program() == "fastapi" {
					all = append(all, Finding{
						Place: f.commandPlace(build), What: fmt.Sprintf("%s runs %s in mode %s", build.Service, word, build.Mode),
						Mend: "a command without it",
					})
				}
			}
		}
		for _, name := range []string{"DEBUG", "DJANGO_DEBUG", "FLASK_DEBUG", "APP_DEBUG"} {
			if value, _ := build.variable(name); isTrue(value) {
				all = append(all, Finding{
					Place: f.variablePlace(build, name), What: fmt.Sprintf("%s=%s in mode %s", name, value, build.Mode),
					Mend: name + "=0 in mode " + build.Mode,
				})
			}
		}
	}
	return all
}

// commandPlace is where the command of a build is written.
func (f *Facts) commandPlace(build Build) Place {
	for _, key := range []string{"command", "entrypoint"} {
		if f.Project.Writes("services", build.Service, "x-devenv", "modes", build.Mode, key) {
			return f.compose("services", build.Service, "x-devenv", "modes", build.Mode, key)
		}
		if f.Project.Writes("services", build.Service, key) {
			return f.compose("services", build.Service, key)
		}
	}
	for _, step := range slices.Backward(build.Steps) {
		if step.Name == "CMD" || step.Name == "ENTRYPOINT" {
			return build.File.at(step.Line)
		}
	}
	return f.compose("services", build.Service)
}

// variablePlace is where a variable of a build is set.
func (f *Facts) variablePlace(build Build, name string) Place {
	for _, where := range [][]string{{"x-devenv", "modes", build.Mode, "environment", name}, {"environment", name}} {
		if at := append([]string{"services", build.Service}, where...); f.Project.Writes(at...) {
			return f.compose(at...)
		}
	}
	for _, file := range f.EnvFiles {
		for _, v := range file.Variables {
			if v.Name == name && slices.Contains(file.Services, build.Service) {
				return Place{file.Path, v.Line}
			}
		}
	}
	for _, step := range slices.Backward(build.Steps) {
		if _, set := step.Set[name]; set && step.Name == "ENV" {
			return build.File.lineOf(step, name)
		}
	}
	return f.compose("services", build.Service)
}

// prodDevPackages looks at every `uv sync` whose environment the shipped image has.
func prodDevPackages(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.releases() {
		if build.File == nil || !hasDevelopment(build.File) {
			continue
		}
		before := len(all)
		stage, _ := build.File.Stage(build.Target)
		shipped := build.File.environments(stage.Key())
		for _, needed := range build.File.Closure(build.Target) {
			for _, i := range syncs(build.File.OwnSteps(needed)) {
				_, taken := shipped[i.environment()]
				if !taken || i.isOn("UV_NO_DEV", "--no-dev", "--no-default-groups", "--only-group") || i.Option("--no-group") == "dev" {
					continue
				}
				found := Finding{Place: build.File.lineOfCommand(i), What: "uv sync installs the group dev too", Mend: "uv sync --no-dev"}
				if !f.developed(build.File, needed) {
					found.Fix = build.File.change(i, "uv sync", "uv sync --no-dev")
				}
				all = append(all, found)
			}
		}
		if len(all) == before {
			all = append(all, f.hold(build, build.developmentInside(), "uv sync --no-dev in the stage that it copies from")...)
		}
	}
	return all
}

// developmentInside are packages of the group dev, and debuggers, that a shipped image has.
func (b Build) developmentInside() []string {
	if !b.seen() {
		return nil
	}
	names := b.inside(image.Debugger)
	for _, p := range b.Image.Packages() {
		for _, lock := range b.File.Locks {
			if slices.Contains(lock.Dev, p.Name) && !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	return names
}

// hold is the finding that an image has things that it should not have.
func (f *Facts) hold(build Build, things []string, mend string) []Finding {
	if len(things) == 0 {
		return nil
	}
	what := fmt.Sprintf("the image of %s in mode %s has %s", build.Service, build.Mode, few(things))
	return []Finding{{Place: f.buildPlace(build), What: what, Mend: mend}}
}

// buildPlace is the FROM of the stage that a build makes.
func (f *Facts) buildPlace(build Build) Place {
	stage, _ := build.File.Stage(build.Target)
	return build.File.at(stage.Line)
}

// hasDevelopment is false where every pyproject.toml of a Dockerfile is known to have no development packages.
func hasDevelopment(file *Dockerfile) bool {
	return len(file.Locks) == 0 || slices.ContainsFunc(file.Locks, func(l Lock) bool { return !l.Read || len(l.Dev) > 0 })
}

// developed reports whether a stage is also part of an image that is not shipped.
func (f *Facts) developed(file *Dockerfile, stage *dockerfile.Stage) bool {
	return slices.ContainsFunc(f.Builds, func(b Build) bool {
		return b.File != nil && b.File.Path == file.Path && !b.Release && slices.ContainsFunc(b.File.Closure(b.Target), func(s *dockerfile.Stage) bool {
			return s.Index == stage.Index
		})
	})
}

// buildPackages are packages of distributions that are for building.
var buildPackages = []string{
	"build-essential", "gcc", "g++", "clang", "make", "cmake", "pkg-config", "git", "rustc", "cargo", "golang", "build-base", "musl-dev",
}

func prodBuildTools(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.releases() {
		before := len(all)
		for _, step := range build.Steps {
			if tool := buildTool(step); tool != "" {
				all = append(all, Finding{
					Place: build.File.lineOf(step, tool), What: fmt.Sprintf("what is shipped of %s has %s", build.Service, tool),
					Mend: "install it in a stage of its own, and COPY --from that what it made",
				})
			}
		}
		if len(all) == before {
			all = append(all, f.hold(build, build.inside(image.Installer, image.Compiler), "COPY --from a stage that has it what it made")...)
		}
	}
	return all
}

// buildTool is the first tool for building that a step brings and leaves, or "".
func buildTool(step dockerfile.Step) string {
	if step.Copy != nil {
		if step.Copy.From != "" && slices.ContainsFunc(step.Copy.Sources, func(source string) bool { return path.Base(source) == "uv" }) {
			return "uv"
		}
		return ""
	}
	if step.Name != "RUN" {
		return ""
	}
	found := ""
	for _, c := range commands(step) {
		if !slices.Contains([]string{"apt-get", "apt", "apk", "dnf", "yum"}, c.Program()) {
			continue
		}
		if c.Has("purge", "remove", "autoremove", "del") {
			return "" // what the step installs, it takes away
		}
		i := slices.IndexFunc(c.Args, func(arg string) bool { return slices.Contains(buildPackages, arg) })
		if found == "" && i >= 0 && c.Has("install", "add") {
			found = c.Args[i]
		}
	}
	return found
}

func prodTests(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.releases() {
		if build.File == nil {
			continue
		}
		before := len(all)
		for _, step := range build.Steps {
			if step.Copy == nil {
				continue
			}
			for _, source := range step.Copy.Sources {
				for _, t := range build.File.shipped(step, source) {
					all = append(all, Finding{
						Place: build.File.at(step.Line), What: fmt.Sprintf("what is shipped of %s has %s", build.Service, t.Path),
						Mend: "copy the packages that run, or name it in .dockerignore",
					})
				}
			}
		}
		if build.seen() && len(all) == before {
			held := slices.Concat(build.Image.Repositories(), build.Image.Tests())
			all = append(all, f.hold(build, held, "copy the packages that run, or name it in .dockerignore")...)
		}
	}
	return all
}

// shipped are the tests that a COPY takes along, from the context or, through another stage, from where that has them.
func (d *Dockerfile) shipped(step dockerfile.Step, source string) []thing {
	takes := d.Takes[source]
	if step.Copy.From != "" {
		from := d.Source(step.Copy.From)
		if from == nil {
			return nil
		}
		takes = nil
		for _, there := range d.Steps(from.Key()) {
			if there.Copy == nil || there.Copy.From != "" || !holds(absoluteIn("/", source), strings.TrimSuffix(there.Copy.Dest, "/")+"/") {
				continue
			}
			for _, s := range there.Copy.Sources {
				takes = append(takes, d.Takes[s]...)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(takes), func(t thing) bool { return t.Kind != testCode && path.Base(t.Path) != ".git" })
}

// DropsRoot reports whether an image is a server's whose first process is root's and starts others as a user.
func DropsRoot(reference string) bool {
	name, _, _ := strings.Cut(path.Base(reference), ":")
	return slices.Contains(dropping, name)
}

func proxyHeaders(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.releases() {
		for _, c := range started(build.command()) {
			_, set := build.variable("FORWARDED_ALLOW_IPS")
			if slices.Contains(c.Args, "--proxy-headers") && !set && !c.Has("--forwarded-allow-ips", "--uds") {
				all = append(all, Finding{
					Place: f.commandPlace(build), What: "--proxy-headers without --forwarded-allow-ips",
					Mend: `--forwarded-allow-ips "*" where only the proxy reaches the port, else the proxy's address`,
				})
			}
		}
	}
	return all
}

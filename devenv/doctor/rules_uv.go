package doctor

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"devenv/devenv/dockerfile"
)

const (
	uvDocker   = "https://docs.astral.sh/uv/guides/integration/docker/"
	buildCache = "https://docs.docker.com/build/cache/optimize/"
)

func uvRules() []Rule {
	const family = "packages"
	return []Rule{
		{"lock-first", family, Warning, "sources copied before the packages are installed",
			"A layer is built again when anything before it has changed, so every change of the code installs all packages.",
			buildCache + "#order-your-layers", lockFirst},
		{"uv-locked", family, Warning, "`uv sync` without `--locked` or `--frozen`",
			"Where uv.lock does not fit, uv resolves anew, and the image has other versions than those that were tested.",
			"https://docs.astral.sh/uv/concepts/projects/sync/#automatic-lock-and-sync", uvLocked},
		{"uv-cache", family, Warning, "packages installed without a cache mount",
			"Each change of the lock file downloads all packages again, and what uv caches stays in the layer.",
			uvDocker + "#caching", uvCache},
		{"uv-link-mode", family, Note, "a cache mount and a link mode that do not go together",
			"uv cannot link from another file system: it warns and copies, and a symbolic link leads nowhere without the mount.",
			uvDocker + "#caching", uvLinkMode},
		{"env-place", family, Error, "an environment copied from where it was not built, or to another place",
			"uv makes .venv beside pyproject.toml unless UV_PROJECT_ENVIRONMENT says otherwise, and its scripts hold its full path.",
			"https://docs.astral.sh/uv/concepts/projects/config/#project-environment-path", envPlace},
		{"env-path", family, Error, "a program of the environment called while its folder is not on PATH",
			"`python` is then that of the image, which has none of the project's packages.",
			uvDocker + "#using-the-environment", envPath},
		{"bytecode", family, Note, "a prod image whose packages are not compiled",
			"Each container compiles what it imports when it starts, and a user who may not write cannot keep the result.",
			uvDocker + "#compiling-bytecode", bytecode},
	}
}

// lockNames are files that say which packages are needed, and those that a build of their own project reads beside them.
var lockNames = []string{
	"pyproject.toml", "uv.lock", "poetry.lock", "pdm.lock", "package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "requirements*.txt",
	"requirements*", "setup.cfg", "setup.py", ".python-version", "README*", "LICENSE*", "*.toml", "*.lock",
}

func isLock(source string) bool {
	return slices.ContainsFunc(lockNames, func(pattern string) bool { ok, _ := path.Match(pattern, path.Base(source)); return ok })
}

func lockFirst(f *Facts) []Finding {
	var all []Finding
	f.stages(func(file *Dockerfile, stage *dockerfile.Stage, own []dockerfile.Step) {
		lineage := file.Steps(stage.Key())
		first := installs(lineage)
		if len(first) == 0 || first[0].step.Stage != stage {
			return
		}
		for _, step := range own {
			if step.Line >= first[0].step.Line || step.Copy == nil || step.Copy.From != "" {
				continue
			}
			if systemFolder(step.Copy.Dest) {
				continue
			}
			brings := func(source string) bool { return file.brings(source) && !first[0].needs(source) }
			if i := slices.IndexFunc(step.Copy.Sources, brings); i >= 0 {
				all = append(all, Finding{
					Place: file.at(step.Line),
					What:  fmt.Sprintf("%s is copied before line %d installs the packages", step.Copy.Sources[i], first[0].step.Line),
					Mend:  first[0].alone(),
				})
			}
		}
	})
	return all
}

// systemFolder reports whether a folder is the system's: certificates and settings go there, and no code.
func systemFolder(dest string) bool {
	folders := []string{"/etc", "/usr/share", "/usr/local/share", "/usr/local/etc", "/usr/local/bin", "/var/lib"}
	return slices.ContainsFunc(folders, func(folder string) bool { return holds(folder, dest) })
}

// neededFolders are folders that an install reads.
var neededFolders = []string{".yarn", "prisma", "patches", "wheels", "wheelhouse", "vendor"}

// needs reports whether an install reads a folder, by its name or because a word of the command names it.
func (i install) needs(source string) bool {
	name := path.Base(path.Clean(source))
	if slices.Contains(neededFolders, name) {
		return true
	}
	return name != "." && name != "/" && slices.ContainsFunc(i.Args, func(arg string) bool { return slices.Contains(strings.FieldsFunc(arg, isSeparator), name) })
}

func isSeparator(r rune) bool { return r == '/' || r == '=' || r == '[' || r == ']' }

// alone is how packages are installed before the code is there.
func (i install) alone() string {
	files, run := "requirements.txt", strings.Join(i.Args, " ")
	switch i.Program() {
	case "uv", "pip", "pip3":
		if slices.Contains(i.Args, "sync") {
			files, run = "pyproject.toml and uv.lock", "uv sync --locked --no-install-project"
		} else if !i.Has("-r", "--requirement", "--requirements") {
			return "install what the project needs before its code is copied, from a list of packages alone"
		}
	case "poetry":
		files, run = "pyproject.toml and poetry.lock", "poetry install --no-root"
	case "pdm":
		files, run = "pyproject.toml and pdm.lock", "pdm sync --no-self"
	case "npm":
		files, run = "package.json and package-lock.json", "npm ci"
	case "yarn":
		files = "package.json and yarn.lock"
	case "pnpm":
		files = "package.json and pnpm-lock.yaml"
	}
	return "copy " + files + " alone, run " + run + ", then copy the code"
}

// brings reports whether a source of the context is a folder of code.
func (d *Dockerfile) brings(source string) bool { return !isLock(source) && d.Folders[source] }

func uvLocked(f *Facts) []Finding {
	return f.eachSync(func(file *Dockerfile, i install) *Finding {
		if i.isOn("UV_LOCKED", "--locked") || i.isOn("UV_FROZEN", "--frozen") || i.Has("--no-sync") {
			return nil
		}
		found := &Finding{What: "uv sync may change the lock", Mend: "uv sync --locked"}
		if f.lockFits(file) {
			found.Fix = file.change(i, "uv sync", "uv sync --locked")
		}
		return found
	})
}

// eachSync lets look judge every `uv sync` of every stage.
func (f *Facts) eachSync(look func(*Dockerfile, install) *Finding) []Finding {
	var all []Finding
	f.stages(func(file *Dockerfile, _ *dockerfile.Stage, own []dockerfile.Step) {
		for _, i := range syncs(own) {
			if found := look(file, i); found != nil {
				if found.Place.File == "" {
					found.Place = file.lineOfCommand(i)
				}
				all = append(all, *found)
			}
		}
	})
	return all
}

func uvCache(f *Facts) []Finding {
	return f.eachSync(func(file *Dockerfile, i install) *Finding {
		if i.cacheMount() != nil || i.isOn("UV_NO_CACHE", "--no-cache", "-n") {
			return nil
		}
		found := &Finding{What: "uv sync has no cache mount", Mend: "RUN --mount=type=cache,target=" + i.cacheFolder() + " uv sync ..."}
		if !isRoot(i.step.User) { // whose number, which the mount needs, only the build knows
			found.Mend = "ENV UV_CACHE_DIR=/tmp/uv, and RUN --mount=type=cache,target=/tmp/uv,uid=... uv sync ..., with the number of " + i.step.User
			return found
		}
		found.Fix = file.onRun(i.step, "--mount=type=cache,target="+i.cacheFolder())
		if found.Fix != nil && i.linkMode() != "copy" {
			found.Fix.Insert = []string{"ENV UV_LINK_MODE=copy"}
		}
		return found
	})
}

// others are folders in which other programs have their caches.
var others = []string{"apt", "apk", "dnf", "yum", "pip", "npm", ".npm", "yarn", "pnpm", "pypoetry", "pypa", "go-build", "mod", "cargo", ".cargo"}

// cacheMount is the cache mount of the RUN that is for uv: the one that has its cache, else one that no other program is
// known to use.
func (i install) cacheMount() *dockerfile.Mount {
	var likely *dockerfile.Mount
	for n := range i.step.Mounts {
		mount := &i.step.Mounts[n]
		isOther := slices.ContainsFunc(strings.Split(mount.Target, "/"), func(part string) bool { return slices.Contains(others, part) })
		switch {
		case mount.Type != "cache":
		case strings.Contains(mount.Target, "$") || holds(mount.Target, i.cacheFolder()):
			return mount
		case likely == nil && !isOther:
			likely = mount
		}
	}
	return likely
}

// unused says why uv does not use a cache mount, or "": another user's home is only known where HOME or the cache is set.
func (i install) unused(mount *dockerfile.Mount) string {
	told := i.vars["UV_CACHE_DIR"]+i.vars["XDG_CACHE_HOME"]+i.vars["HOME"] != ""
	switch {
	case strings.Contains(mount.Target+i.cacheFolder(), "$"):
		return ""
	case !isRoot(i.step.User) && !told && holds("/root", mount.Target):
		return fmt.Sprintf("the cache mount is at %s, and uv runs as %s", mount.Target, i.step.User)
	case (isRoot(i.step.User) || told) && !holds(mount.Target, i.cacheFolder()):
		return fmt.Sprintf("the cache mount is at %s, uv's cache at %s", mount.Target, i.cacheFolder())
	}
	return ""
}

func (i install) linkMode() string { return cmp.Or(i.Option("--link-mode"), i.vars["UV_LINK_MODE"]) }

func (i install) cacheFolder() string {
	if given := i.vars["UV_CACHE_DIR"]; given != "" {
		return given
	}
	return path.Join(cmp.Or(i.vars["XDG_CACHE_HOME"], path.Join(cmp.Or(i.vars["HOME"], "/root"), ".cache")), "uv")
}

func uvLinkMode(f *Facts) []Finding {
	return f.eachSync(func(file *Dockerfile, i install) *Finding {
		mount, mode := i.cacheMount(), i.linkMode()
		switch {
		case mount == nil:
			return nil
		case i.unused(mount) != "":
			return &Finding{What: i.unused(mount), Mend: i.rightMount()}
		case mode == "copy":
			return nil
		case mode == "symlink":
			return &Finding{
				Severity: Error, What: "UV_LINK_MODE=symlink leads into the cache mount, which the image does not have",
				Mend: "ENV UV_LINK_MODE=copy",
			}
		case i.isOn("UV_NO_CACHE", "--no-cache", "-n"):
			return &Finding{What: "the cache mount is not used, since uv is told to have no cache", Mend: "take away UV_NO_CACHE, or the mount"}
		}
		return &Finding{
			What: "the cache mount is another file system, and UV_LINK_MODE is not copy", Mend: "ENV UV_LINK_MODE=copy",
			Fix: file.beforeSyncs(i.step.Stage, "ENV UV_LINK_MODE=copy"),
		}
	})
}

// rightMount is how a cache mount is used.
func (i install) rightMount() string {
	if isRoot(i.step.User) {
		return "mount " + i.cacheFolder() + ", or set UV_CACHE_DIR"
	}
	return "set UV_CACHE_DIR to the folder that is mounted, with uid= the number of " + i.step.User
}

func bytecode(f *Facts) []Finding {
	var all []Finding
	for _, build := range f.releases() {
		if build.File == nil {
			continue
		}
		for _, stage := range build.File.Closure(build.Target) {
			for _, i := range syncs(build.File.OwnSteps(stage)) {
				if i.isOn("UV_COMPILE_BYTECODE", "--compile-bytecode") {
					continue
				}
				all = append(all, Finding{
					Place: build.File.lineOfCommand(i), What: "the packages of the image that is shipped are not compiled",
					Mend: "ENV UV_COMPILE_BYTECODE=1", Fix: build.File.beforeSyncs(stage, "ENV UV_COMPILE_BYTECODE=1"),
				})
			}
		}
	}
	return all
}

// lineOf is the first line of a step that has a text and is no comment, else the step's first.
func (d *Dockerfile) lineOf(step dockerfile.Step, text string) Place {
	for line := step.Line; line <= step.End && line <= len(d.Lines); line++ {
		if content := d.Lines[line-1]; strings.Contains(content, text) && !strings.HasPrefix(strings.TrimSpace(content), "#") {
			return d.at(line)
		}
	}
	return d.at(step.Line)
}

// lineOfCommand is the line of a command that installs, else the first of its step.
func (d *Dockerfile) lineOfCommand(i install) Place {
	if line, _ := d.find(i, strings.Join(i.Args[:min(2, len(i.Args))], " ")); line > 0 {
		return d.at(line)
	}
	return d.at(i.step.Line)
}

// beforeSyncs puts a line before the first `uv sync` of a stage.
func (d *Dockerfile) beforeSyncs(stage *dockerfile.Stage, line string) *Edit {
	return d.insertBefore(syncs(d.OwnSteps(stage))[0].step.Line, line)
}

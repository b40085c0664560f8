package doctor

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"devenv/devenv/dockerfile"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
)

func contextRules() []Rule {
	const family = "context"
	return []Rule{
		{"dockerignore", family, Warning, "things in the build context that no image needs",
			"They make every build slower and every image bigger, and a .venv of the host takes the place of the image's own.",
			"https://docs.docker.com/build/concepts/context/#dockerignore-files", ignored},
		{"copy-missing", family, Error, "a Dockerfile, a stage of it or a file that it copies, that is not there",
			"The build fails there.",
			"https://docs.docker.com/reference/dockerfile/#copy", copyMissing},
		{"copy-ignored", family, Error, "a COPY of a file that .dockerignore keeps out",
			"The build fails there, or takes nothing.",
			"https://docs.docker.com/reference/build-checks/copy-ignored-file/", copyIgnored},
	}
}

// copies calls visit for each source that a step of some Dockerfile takes from the build context.
func (f *Facts) copies(visit func(file *Dockerfile, step dockerfile.Step, source string)) {
	f.stages(func(file *Dockerfile, _ *dockerfile.Stage, own []dockerfile.Step) {
		for _, step := range own {
			if step.Copy == nil || step.Copy.From != "" {
				continue
			}
			for _, source := range step.Copy.Sources {
				visit(file, step, source)
			}
		}
	})
}

// ignored reports machine-made things that a COPY takes along, the biggest first.
func ignored(f *Facts) []Finding {
	var all []Finding
	f.copies(func(file *Dockerfile, step dockerfile.Step, source string) {
		things := slices.DeleteFunc(slices.Clone(file.Takes[source]), func(t thing) bool { return slices.Contains(written, t.Kind) })
		slices.SortStableFunc(things, func(a, b thing) int { return int(b.Bytes - a.Bytes) })
		ignore, there := file.ignoreFile()
		switch {
		case len(things) > 0:
			all = append(all, Finding{
				Place: file.at(step.Line), What: fmt.Sprintf("%s %s takes %s", step.Copy.Instruction, source, listed(things)),
				Mend: "name them in .dockerignore: " + strings.Join(patterns(things), ", "), Fix: file.appendIgnore(patterns(things)),
			})
		case !there && file.Worked && path.Clean(source) == ".":
			all = append(all, Finding{
				Place: file.at(step.Line), What: "the whole folder is copied, and there is no .dockerignore",
				Mend: "write one: .git, **/.venv, **/__pycache__, **/.env", Fix: &Edit{File: ignore, Line: 1, Insert: file.usualPatterns()},
			})
		}
	})
	return all
}

// written are the kinds of things that are not machine-made.
var written = []string{testCode, secretFile, namedAlike}

// usualPatterns begin a .dockerignore. What a COPY names is not among them.
func (d *Dockerfile) usualPatterns() []string {
	return slices.DeleteFunc(slices.Clone(usualPatterns), func(pattern string) bool { return d.asksFor(path.Base(pattern)) })
}

var usualPatterns = []string{".git", "**/.venv", "**/__pycache__", "**/*.py[cod]", "**/.env", "**/node_modules"}

// listed names the first things, and how many there are beside them.
func listed(things []thing) string {
	var names []string
	for _, t := range things[:min(3, len(things))] {
		names = append(names, t.String())
	}
	if more := len(things) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// patterns are lines of a .dockerignore that name things wherever they are.
func patterns(things []thing) []string {
	var all []string
	for _, t := range things {
		pattern := "**/" + path.Base(t.Path)
		if ext := path.Ext(t.Path); ext == ".pyc" || ext == ".pyo" {
			pattern = "**/*.py[cod]"
		}
		if !slices.Contains(all, pattern) {
			all = append(all, pattern)
		}
	}
	return all
}

// appendIgnore adds lines at the end of the .dockerignore.
func (d *Dockerfile) appendIgnore(lines []string) *Edit {
	file, _ := d.ignoreFile()
	return &Edit{File: file, Line: d.IgnoreLines + 1, Insert: lines}
}

func copyMissing(f *Facts) []Finding {
	var all []Finding
	for _, file := range f.Files {
		for _, missing := range file.Missing {
			mend := "create it, or correct the path, which starts from " + f.Project.Rel(file.Context)
			if path.Base(missing.Path) == "uv.lock" {
				mend = "devenv lock"
			}
			all = append(all, Finding{Place: file.at(missing.Line), What: missing.Path + ": no such file in the build context", Mend: mend})
		}
	}
	for _, build := range f.Builds {
		if missing := build.missingDockerfile(); missing != "" {
			all = append(all, Finding{
				Place: f.compose("services", build.Service, "build"), What: f.Project.Rel(missing) + ": no such file", Mend: "create it, or correct context or dockerfile",
			})
		}
		if build.Stageless != nil {
			all = append(all, f.missingStage(build))
		}
	}
	return all
}

// missingStage is a target that its Dockerfile does not have, in the words of the build.
func (f *Facts) missingStage(build Build) Finding {
	at := []string{"services", build.Service, "x-devenv", "modes", build.Mode, "target"}
	if !f.Project.Writes(at...) {
		at = []string{"services", build.Service, "build", "target"}
	}
	names := build.Stageless.Names()
	mend := "its stages are " + strings.Join(names, ", ")
	if near := fault.Nearest(build.Target, names); near != "" {
		mend = fmt.Sprintf("did you mean %s? %s", near, mend)
	} else if names == nil {
		mend = "none of its stages has a name"
	}
	return Finding{Place: f.compose(at...), What: fmt.Sprintf("%s has no stage %q", build.Stageless.Path, build.Target), Mend: mend}
}

// missingDockerfile is the Dockerfile that a build declares and that is not there, or "". That of a context that
// BuildKit fetches nobody knows.
func (b Build) missingDockerfile() string {
	if b.File != nil || b.Stageless != nil || b.Config.Build == nil || !filepath.IsAbs(b.Config.Build.Context) {
		return ""
	}
	return plan.File(b.Config)
}

func copyIgnored(f *Facts) []Finding {
	var all []Finding
	f.copies(func(file *Dockerfile, step dockerfile.Step, source string) {
		if strings.ContainsAny(source, "*?[") || path.Clean(source) == "." {
			return
		}
		if origin := file.context().Ignores(strings.TrimPrefix(path.Clean("/"+source), "/")); origin != "" {
			name, line, _ := cutLast(origin)
			all = append(all, Finding{
				Place: file.at(step.Line), What: fmt.Sprintf("%s is kept out by %s:%s", source, filepath.Base(name), line),
				Mend: "add !" + source + " below that line",
			})
		}
	})
	return all
}

// cutLast cuts FILE:LINE.
func cutLast(origin string) (file, line string, found bool) {
	i := strings.LastIndexByte(origin, ':')
	if i < 0 {
		return origin, "", false
	}
	return origin[:i], origin[i+1:], true
}

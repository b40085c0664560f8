package doctor

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"devenv/devenv/dockerfile"
	"devenv/devenv/secret"
)

func secretRules() []Rule {
	const family = "secrets"
	return []Rule{
		{"secret-in-image", family, Error, "a secret in ENV, ARG, RUN, COPY or a layer",
			"Whoever has the image has the secret: docker history shows it, and a later layer hides it from nobody.",
			"https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/", secretInImage},
		{"env-committed", family, Error, "an env file with secrets that git knows",
			"Everybody who has the repository has the secret, and its history keeps it.",
			"https://docs.docker.com/compose/how-tos/environment-variables/best-practices/", envCommitted},
		{"personal-committed", family, Warning, "a personal file of devenv's that git knows",
			"It is one developer's own, and would be everybody's after the next commit.",
			"https://git-scm.com/docs/gitignore", personalCommitted},
	}
}

const bySecretMount = "RUN --mount=type=secret,id=NAME gives it to one command and to no layer"

func secretInImage(f *Facts) []Finding {
	all := secretFiles(f)
	f.stages(func(file *Dockerfile, _ *dockerfile.Stage, own []dockerfile.Step) {
		for _, step := range own {
			all = append(all, secretSettings(file, step)...)
			all = append(all, secretTexts(file, step)...)
			if step.Name == "RUN" && slices.ContainsFunc(commands(step), command.tellsSecret) {
				all = append(all, Finding{Place: file.at(step.Line), What: "the command holds a password or a token", Mend: bySecretMount})
			}
		}
	})
	for _, build := range f.Builds {
		all = append(all, f.hold(build, build.secretsInside(), bySecretMount)...)
		all = append(all, f.secretArguments(build)...)
	}
	return all
}

// secretSettings are the secrets of an ENV or ARG. An ARG without a value is given one by whoever builds.
func secretSettings(file *Dockerfile, step dockerfile.Step) []Finding {
	var all []Finding
	for _, name := range slices.Sorted(maps.Keys(step.Set)) {
		if value := step.Set[name]; isSecret(name, value) || step.Name == "ARG" && secret.Named(name) && value == "" {
			all = append(all, Finding{
				Place: file.lineOf(step, name), What: fmt.Sprintf("%s %s stays in the image", step.Name, name),
				Mend: bySecretMount,
			})
		}
	}
	return all
}

// secretTexts are the settings with secrets in the heredocs of a COPY or ADD.
func secretTexts(file *Dockerfile, step dockerfile.Step) []Finding {
	if step.Copy == nil {
		return nil
	}
	var all []Finding
	for line := range strings.Lines(strings.Join(step.Copy.Texts, "\n")) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if value = strings.Trim(value, `"'`); isSecret(name, value) && !strings.Contains(value, "$") {
			all = append(all, Finding{
				Place: file.lineOf(step, strings.TrimSpace(line)), What: fmt.Sprintf("%s of %s stays in the image", name, step.Copy.Dest), Mend: bySecretMount,
			})
		}
	}
	return all
}

// secretArguments are secrets among the build arguments of a service.
func (f *Facts) secretArguments(build Build) []Finding {
	var all []Finding
	if build.Config.Build == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(build.Config.Build.Args)) {
		if value := build.Config.Build.Args[name]; value != nil && isSecret(name, *value) {
			all = append(all, Finding{
				Place: f.compose("services", build.Service, "build", "args", name), What: "the build argument " + name + " stays in the image",
				Mend: "secrets: under build, and " + bySecretMount,
			})
		}
	}
	return all
}

// tellsSecret reports whether an argument is a token or a URL with a password, or a variable with a secret is exported. One
// that is set for one command often only has to be there, so its name alone says nothing.
func (c command) tellsSecret() bool {
	values := slices.Concat(c.Args, slices.Collect(maps.Values(c.Env)))
	return slices.ContainsFunc(values, func(text string) bool {
		name, value, assigned := strings.Cut(text, "=")
		if !assigned {
			value = text
		}
		if assigned && c.Args[0] == "export" && !strings.ContainsAny(value, "$`") && isSecret(name, value) {
			return true
		}
		return secret.Masked("", value) != value && !isWeak(passwordOf(value), nil)
	})
}

// secretFiles are files with secrets that a COPY takes.
func secretFiles(f *Facts) []Finding {
	var all []Finding
	f.copies(func(file *Dockerfile, step dockerfile.Step, source string) {
		if isSecretFile(filepath.Join(file.Context, filepath.FromSlash(source))) {
			all = append(all, Finding{Place: file.at(step.Line), What: source + " is copied into the image", Mend: bySecretMount})
		}
		for _, t := range file.Takes[source] {
			if t.Kind != secretFile {
				continue
			}
			found := Finding{
				Place: file.at(step.Line), What: fmt.Sprintf("%s %s takes %s along", step.Copy.Instruction, source, t.Path), Mend: bySecretMount,
			}
			if pattern := "**/" + path.Base(t.Path); !file.asksFor(path.Base(t.Path)) {
				found.Mend, found.Fix = "name it in .dockerignore: "+pattern, file.appendIgnore([]string{pattern})
			}
			all = append(all, found)
		}
	})
	return all
}

// asksFor reports whether a COPY names a file of this name itself, so that the build needs it.
func (d *Dockerfile) asksFor(name string) bool {
	for _, stage := range d.Stages {
		for _, c := range stage.Copies {
			if c.From == "" && slices.ContainsFunc(c.Sources, func(source string) bool { return path.Base(source) == name }) {
				return true
			}
		}
	}
	return false
}

// harmless reports whether a file of this name in the build context is named like one with secrets and holds none.
func (d *Dockerfile) harmless(name string) bool {
	for _, things := range d.Takes {
		if slices.ContainsFunc(things, func(t thing) bool { return t.Kind == namedAlike && path.Base(t.Path) == name }) {
			return true
		}
	}
	return false
}

func envCommitted(f *Facts) []Finding {
	var all []Finding
	for _, file := range f.EnvFiles {
		if !f.Git.Tracked[file.Path] {
			continue
		}
		others := map[string]string{}
		for _, v := range file.Variables {
			others[v.Name] = v.Value
		}
		for _, v := range file.Variables {
			if isSecret(v.Name, v.Value) && !isWeak(v.Value, others) {
				all = append(all, Finding{
					Place: Place{file.Path, v.Line}, What: v.Name + " is committed",
					Mend: "git rm --cached it, name it in .gitignore, and replace the secret: it is in the history",
				})
			}
		}
	}
	return all
}

func personalCommitted(f *Facts) []Finding {
	var all []Finding
	for _, file := range slices.Sorted(maps.Keys(f.Git.Tracked)) {
		slashed := filepath.ToSlash(file)
		personal := strings.Contains(slashed, "/.devenv/profiles/") && strings.HasSuffix(slashed, ".local.yaml")
		if personal || strings.Contains(slashed, "/.devenv/state/") {
			all = append(all, Finding{Place: Place{File: file}, What: "git would commit this file", Mend: "git rm --cached " + f.Project.Rel(file)})
		}
	}
	return all
}

// isSecret reports whether a value is a secret by its variable's name or its own shape, and not only a stand-in.
func isSecret(name, value string) bool {
	masked := secret.Masked(name, value)
	return masked != value && !isWeak(passwordOf(value), nil)
}

// passwordOf is the password in a URL, or the value itself.
func passwordOf(value string) string {
	_, rest, isURL := strings.Cut(value, "://")
	at := strings.LastIndexByte(rest, '@')
	if !isURL || at < 0 {
		return value
	}
	_, password, _ := strings.Cut(rest[:at], ":")
	return password
}

// weakWords are in values that say themselves that they are no secret: Django marks its own with "insecure".
var weakWords = []string{
	"change", "example", "dummy", "placeholder", "insecure", "unsafe", "dev", "test", "local", "secret", "password", "passwd", "your", "build", "unused",
	"not-", "none", "xxx", "todo", "demo", "fake", "sample", "postgres", "admin", "root", "guest",
}

// isWeak reports whether a value is a stand-in that protects nothing: short, one that says so, or the same as another
// setting beside it, as where user, password and database have one name.
func isWeak(value string, others map[string]string) bool {
	same := 0
	for _, other := range others {
		if other == value {
			same++
		}
	}
	return len(value) < 8 || same > 1 || saysWeak(strings.ToLower(value))
}

// saysWeak reports whether one of the words above begins a part of a value, or is in a value that nobody drew at random.
func saysWeak(value string) bool {
	parts := strings.FieldsFunc(value, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	drawn := slices.ContainsFunc(parts, isDrawn)
	return slices.ContainsFunc(weakWords, func(word string) bool {
		begins := slices.ContainsFunc(parts, func(part string) bool { return strings.HasPrefix(part, word) })
		return begins || !drawn && strings.Contains(value, word)
	})
}

// isDrawn tells what is drawn at random, as 8f7d6a, from words and numbers, as password123: by how often letters and digits
// change.
func isDrawn(part string) bool {
	changes, runes := 0, []rune(part)
	for i := range runes {
		if i > 0 && unicode.IsDigit(runes[i]) != unicode.IsDigit(runes[i-1]) {
			changes++
		}
	}
	return changes > 2
}

package doctor

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"devenv/devenv/project"
	"devenv/devenv/source"
)

// thing is something in a build context that a COPY of a folder takes along.
type thing struct {
	Path  string // relative to the context, slashed
	Kind  string // what it is
	Bytes int64
	Files int
	More  bool // there is more of it than was counted
}

// The kinds of things that are not machine-made.
const (
	testCode   = "tests"
	secretFile = "secrets"
	namedAlike = "named like secrets" // and holds none
)

// countAtMost bounds the files that are counted in one COPY, so that a look at a big folder stays short.
const countAtMost = 20_000

// take finds the things that a source of COPY takes along.
func take(context source.Context, folder string) []thing {
	var all []thing
	counted := 0
	_ = context.Walk(folder, func(sent source.Sent) error { // the visitor has no error of its own
		if counted++; counted > countAtMost {
			return fs.SkipAll
		}
		kind := kindOf(context, sent)
		if kind == "" {
			return nil
		}
		t := thing{Path: sent.Path, Kind: kind}
		if !sent.IsDir() {
			t.add(sent)
			all = append(all, t)
			return nil
		}
		t.count(context)
		all = append(all, t)
		if kind == testCode {
			return nil // what is in it is looked at like anything else
		}
		return fs.SkipDir
	})
	return all
}

// kindOf says what a path of the context is, "" for ordinary files.
func kindOf(context source.Context, sent source.Sent) string {
	name := path.Base(sent.Path)
	full := filepath.Join(context.Folder, filepath.FromSlash(sent.Path))
	if made := source.Made(full, sent.IsDir()); made != "" {
		return made
	}
	switch {
	case sent.IsDir() && (name == "tests" || name == "test"):
		return testCode
	case !sent.IsDir() && isSecretFile(full):
		return secretFile
	case !sent.IsDir() && isSecretName(name):
		return namedAlike
	}
	return ""
}

func (t *thing) add(entry fs.DirEntry) {
	if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
		t.Bytes, t.Files = t.Bytes+info.Size(), t.Files+1
	}
}

// count adds up what of a folder is sent.
func (t *thing) count(context source.Context) {
	_ = context.Walk(t.Path, func(sent source.Sent) error {
		if t.add(sent); t.Files >= countAtMost {
			t.More = true
			return fs.SkipAll
		}
		return nil
	})
}

func (t thing) String() string {
	size := megabytes(t.Bytes)
	if t.More {
		size = "more than " + size
	}
	return fmt.Sprintf("%s (%s, %s)", t.Path, t.Kind, size)
}

// megabytes is a size in the units that people compare.
func megabytes(bytes int64) string {
	switch {
	case bytes < 50_000:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	case bytes >= 1_000_000_000:
		return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}

// exampleEndings mark a file that shows which settings there are, and holds none.
var exampleEndings = []string{".example", ".sample", ".template", ".dist", ".j2"}

// isSecretFile tells files that hold secrets: by their names, and those that need not hold any by what is in them. One that
// cannot be read goes by its name.
func isSecretFile(file string) bool {
	name := filepath.Base(file)
	isKey := slices.Contains([]string{".pem", ".key"}, filepath.Ext(file))
	if !isKey && !isSecretName(name) {
		return false
	}
	content, err := os.ReadFile(file)
	switch {
	case err != nil:
		return !isKey
	case isKey:
		return bytes.Contains(content, []byte("PRIVATE KEY-----"))
	case name == ".npmrc":
		return npmSecret.Match(content)
	case strings.Contains(name, ".env"):
		return slices.ContainsFunc(project.EnvVariables(file), func(v project.EnvVariable) bool {
			return isSecret(v.Name, v.Value) && !slices.ContainsFunc(public, func(prefix string) bool { return strings.HasPrefix(v.Name, prefix) })
		})
	}
	return true
}

// npmSecret is a setting of npm's that lets somebody in; a value such as ${NPM_TOKEN} names a secret and is none.
var npmSecret = regexp.MustCompile(`(?m)(?:_authToken|_auth|_password)[ \t]*=[ \t]*"?[^\s"$]`)

// public are prefixes of variables that frontends build into what every browser gets.
var public = []string{"VITE_", "NEXT_PUBLIC_", "REACT_APP_", "NUXT_PUBLIC_", "PUBLIC_"}

// isSecretName tells env files, credentials and keys of ssh by their names.
func isSecretName(name string) bool {
	if slices.ContainsFunc(exampleEndings, func(ending string) bool { return strings.HasSuffix(name, ending) }) {
		return false
	}
	return name == ".env" || strings.HasPrefix(name, ".env.") || strings.HasSuffix(name, ".env") ||
		slices.Contains([]string{".netrc", ".pypirc", ".npmrc", "id_rsa", "id_ed25519", "id_ecdsa", "credentials.json"}, name)
}

package image

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Package is a Python package that is installed in the image.
type Package struct {
	Name    string `json:"name"` // normalized: lower case, dashes
	Version string `json:"version"`
	Folder  string `json:"folder"` // the site-packages that has it
}

// installed is the folder in which an installed distribution describes itself ("Recording installed projects", PyPA).
var installed = regexp.MustCompile(`^(.*/(?:site|dist)-packages)/([^/-]+)-([^/]+?)(?:-py\d[^/]*)?\.(?:dist|egg)-info$`)

// Packages are the installed Python packages of all environments, sorted by name.
func (i Image) Packages() []Package {
	var all []Package
	for _, file := range i.Files() {
		if match := installed.FindStringSubmatch(file.Path); match != nil {
			all = append(all, Package{Name: Normal(match[2]), Version: match[3], Folder: match[1]})
		}
	}
	slices.SortStableFunc(all, func(a, b Package) int { return strings.Compare(a.Name, b.Name) })
	return all
}

var separators = regexp.MustCompile(`[-_.]+`)

// Normal is a Python package's name in its normal form (PEP 503).
func Normal(name string) string { return strings.ToLower(separators.ReplaceAllString(name, "-")) }

// Kind is what a tool is for.
type Kind string

// The kinds of tools that have no place where a service only runs.
const (
	Installer Kind = "uv"       // uv, uvx
	Compiler  Kind = "compiler" // and what drives compilers
	Debugger  Kind = "debugger" // programs, and Python packages
)

// Tool is a tool that an image holds.
type Tool struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
	Path string `json:"path"`
}

var tools = map[Kind]*regexp.Regexp{
	Installer: regexp.MustCompile(`^uvx?$`),
	Compiler: regexp.MustCompile(`^(?:(?:[a-z0-9_]+-linux-(?:gnu|musl)[a-z]*-)?(?:gcc|g\+\+|clang|clang\+\+|gfortran|cpp|ld)(?:-\d+)?` +
		`|cc|c\+\+|make|cmake|ninja|meson|rustc|cargo|go|javac)$`),
	Debugger: regexp.MustCompile(`^(?:gdb|gdbserver|lldb(?:-\d+)?|lldb-server|dlv|strace|ltrace|debugpy|py-spy)$`),
}

// debuggers are Python packages for debugging by hand or by an editor.
var debuggers = []string{"debugpy", "pydevd", "pydevd-pycharm", "ipdb", "pdbpp", "pudb", "remote-pdb", "web-pdb", "py-spy"}

// Tools are the installers, compilers and debuggers of the image, by kind and path: programs in the PATH and in folders
// that are called bin, and Python packages. What links to one of them is not another one.
func (i Image) Tools() []Tool {
	var all []Tool
	folders := i.Path()
	for _, file := range i.Files() {
		folder, name := path.Split(file.Path)
		folder = path.Clean(folder)
		if !file.Mode.IsRegular() || file.Mode&0o111 == 0 || path.Base(folder) != "bin" && !slices.Contains(folders, folder) {
			continue
		}
		for kind, names := range tools {
			if names.MatchString(name) {
				all = append(all, Tool{Kind: kind, Name: name, Path: file.Path})
			}
		}
	}
	for _, p := range i.Packages() {
		if slices.Contains(debuggers, p.Name) {
			all = append(all, Tool{Kind: Debugger, Name: p.Name, Path: p.Folder})
		}
	}
	slices.SortStableFunc(all, func(a, b Tool) int { return strings.Compare(string(a.Kind), string(b.Kind)) })
	return all
}

// Setuid are the files that run as their owner or group, whoever starts them.
func (i Image) Setuid() []string {
	return i.paths(func(f File) bool {
		return f.Mode.IsRegular() && f.Mode&(fs.ModeSetuid|fs.ModeSetgid) != 0
	})
}

// Repositories are the folders and files called .git.
func (i Image) Repositories() []string {
	return i.paths(func(f File) bool { return path.Base(f.Path) == ".git" && !Foreign(f.Path) })
}

var (
	foreign = regexp.MustCompile(`/(?:(?:site|dist)-packages|node_modules|lib/python[0-9.]+|pkg/mod)/|` +
		`^/(?:usr/(?:lib|lib32|lib64|libx32|libexec|share|include|bin|sbin|local)|bin|sbin|lib|lib32|lib64|libx32|etc|var/lib|var/cache|proc|sys|dev|boot)(?:/|$)`)
	test       = regexp.MustCompile(`^(?:test_.*\.py|.*_tests?\.py|conftest\.py|tests\.py|.*_test\.go)$`)
	testFolder = regexp.MustCompile(`^tests?$`)
)

// Foreign says that a path is not where a project has its own files: packages, Python itself, Go's modules, the system.
func Foreign(name string) bool { return foreign.MatchString(name) }

// Tests are the project's tests in the image: folders called test or tests, and test files that are in none of them.
func (i Image) Tests() []string {
	var all []string
	for _, file := range i.Files() {
		if Foreign(file.Path) || len(all) > 0 && strings.HasPrefix(file.Path, all[len(all)-1]+"/") {
			continue
		}
		name := path.Base(file.Path)
		if file.Mode.IsDir() && testFolder.MatchString(name) || file.Mode.IsRegular() && test.MatchString(name) {
			all = append(all, file.Path)
		}
	}
	return all
}

// Hidden are files that a layer has and a later one takes away or replaces: whoever has the image has them.
func (i Image) Hidden() []File { return i.hidden }

func (i Image) paths(which func(File) bool) []string {
	var all []string
	for _, file := range i.Files() {
		if which(file) {
			all = append(all, file.Path)
		}
	}
	return all
}

package source

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// builtIn is a rule of devenv's own: what it leaves out, and how a person would name that.
type builtIn struct {
	rule    string
	matches func(path, name string, isDir bool) bool
}

// repositories are never looked into, not even for an include rule: their files change with every command of git.
var repositories = builtIn{"data of version control", func(_, name string, _ bool) bool {
	return slices.Contains([]string{".git", ".hg", ".svn", ".jj"}, name)
}}

// builtIns are machine-made files that no one edits and no process should be reloaded for. An include rule wins.
var builtIns = []builtIn{
	{"virtual environment", func(path, name string, isDir bool) bool { return isDir && isEnvironment(path, name) }},
	{"installed packages", folder("node_modules", "site-packages", "__pypackages__", ".eggs")},
	{"compiled Python", func(_, name string, isDir bool) bool {
		return isDir && name == "__pycache__" || !isDir && (strings.HasSuffix(name, ".pyc") || strings.HasSuffix(name, ".pyo"))
	}},
	{"cache of a tool", folder(".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox", ".cache", ".hypothesis", ".ipynb_checkpoints", ".pytype", ".uv-cache")},
	{"package metadata", func(_, name string, isDir bool) bool { return isDir && strings.HasSuffix(name, ".egg-info") }},
	{"build output", func(path, name string, isDir bool) bool { return isDir && isBuildOutput(path, name) }},
	{"coverage data", func(_, name string, isDir bool) bool {
		return !isDir && (name == ".coverage" || strings.HasPrefix(name, ".coverage."))
	}},
	{"settings of an editor", folder(".idea", ".vscode", ".vs")},
	{"temporary file of an editor", func(_, name string, isDir bool) bool { return !isDir && isTemporary(name) }},
}

func folder(names ...string) func(string, string, bool) bool {
	return func(_, name string, isDir bool) bool { return isDir && slices.Contains(names, name) }
}

// isTemporary knows what editors write beside the file that is saved: vim's test file 4913, swap and backup files,
// Emacs's lock and autosave files, GNOME's output streams, JetBrains's safe write, KDE's swap, Office's and sed's.
func isTemporary(name string) bool {
	switch {
	case name == "4913", strings.HasSuffix(name, "~"),
		strings.HasPrefix(name, ".#"), strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#"),
		strings.HasPrefix(name, ".goutputstream"), strings.HasSuffix(name, "___jb_tmp___"), strings.HasSuffix(name, "___jb_old___"),
		strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".kate-swp"), strings.HasSuffix(name, ".DS_Store"):
		return true
	}
	return isSwap(name)
}

// isSwap tells vim's .name.swp, and .swo to .swa where several editors have the file open.
func isSwap(name string) bool {
	extension := filepath.Ext(name)
	return strings.HasPrefix(name, ".") && len(extension) == 4 && strings.HasPrefix(extension, ".sw") && name != extension ||
		strings.HasPrefix(name, ".") && name == extension && len(name) == 4 && (name == ".swp" || name == ".swo")
}

// isEnvironment tells a virtual environment: .venv by its name, which may be the empty place of a volume, any other
// folder that is called something with env by the pyvenv.cfg in it.
func isEnvironment(path, name string) bool {
	return name == ".venv" || strings.Contains(strings.ToLower(name), "env") && exists(path, "pyvenv.cfg")
}

// isBuildOutput wants evidence, for build and dist are also names that people give to code: a Python project beside
// the folder, and inside it what a build leaves behind.
func isBuildOutput(path, name string) bool {
	if name != "build" && name != "dist" {
		return false
	}
	project := exists(filepath.Dir(path), "pyproject.toml") || exists(filepath.Dir(path), "setup.py")
	return project && (exists(path, "lib") || has(path, "bdist.*") || has(path, "*.whl") || has(path, "*.tar.gz"))
}

func exists(folder, name string) bool {
	_, err := os.Lstat(filepath.Join(folder, name))
	return err == nil
}

// has reports whether a name in folder matches pattern.
func has(folder, pattern string) bool {
	entries, err := os.ReadDir(folder)
	return err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return wild(pattern, e.Name()) })
}

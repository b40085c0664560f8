package source

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// isRepository tells data of version control, which is never looked at, not even for an include rule: it changes with
// every command of git.
func isRepository(name string) bool {
	return name == ".git" || name == ".hg" || name == ".svn" || name == ".jj"
}

// builtInRule is the rule of devenv's own that ignores a path, or "": machine-made files that no one edits and that no
// process should be reloaded for. An include rule wins.
func builtInRule(path, name string, isDir bool) string {
	if isDir {
		return folderRule(path, name)
	}
	switch {
	case strings.HasSuffix(name, ".pyc"), strings.HasSuffix(name, ".pyo"):
		return "compiled Python"
	case name == ".coverage", strings.HasPrefix(name, ".coverage."):
		return "coverage data"
	case isTemporary(name):
		return "temporary file of an editor"
	}
	return ""
}

func folderRule(path, name string) string {
	switch name {
	case "node_modules", "site-packages", "__pypackages__", ".eggs":
		return "installed packages"
	case "__pycache__":
		return "compiled Python"
	case ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox", ".cache", ".hypothesis", ".ipynb_checkpoints", ".pytype", ".uv-cache":
		return "cache of a tool"
	case ".idea", ".vscode", ".vs":
		return "settings of an editor"
	}
	switch {
	case isEnvironment(path, name):
		return "virtual environment"
	case strings.HasSuffix(name, ".egg-info"):
		return "package metadata"
	case isBuildOutput(path, name):
		return "build output"
	}
	return ""
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

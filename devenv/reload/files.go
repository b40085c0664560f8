package reload

import (
	"path/filepath"
	"slices"
	"strings"

	"devenv/devenv/source"
)

// What a file in a source mount is to the process that runs there. `uvicorn --reload` looks at *.py alone, and its
// users list more by hand; a reload here costs some milliseconds and no request, so the rule is: reload for all that a
// process reads once and keeps, leave alone what it reads anew each time.
//
//   - code: *.py, and compiled modules
//   - settings are read when modules are imported: *.toml, *.yaml, *.json, *.ini, *.cfg, *.conf, .env
//   - templates are kept by Django since 4.1, also with DEBUG (its own reloader, which would tell it, is off)
//   - message catalogs (*.mo) are kept by gettext
//
// Stubs, styles, scripts, images and prose are left alone, and so is what nobody knows; an include rule of x-devenv.watch
// says otherwise.
func kindOf(extension string) (rule string, reloads bool) {
	switch extension {
	case ".py", ".so", ".pyd":
		return "Python code", true
	case ".toml", ".yaml", ".yml", ".json", ".ini", ".cfg", ".conf", ".env":
		return "settings are read at import", true
	case ".html", ".htm", ".jinja", ".jinja2", ".j2", ".mako", ".djt":
		return "templates are kept", true
	case ".mo":
		return "message catalogs are kept", true
	case ".pyi":
		return "stubs are for type checkers", false
	case ".css", ".scss", ".sass", ".less", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".map", ".svg", ".png", ".jpg", ".jpeg",
		".gif", ".webp", ".avif", ".ico", ".woff", ".woff2", ".ttf":
		return "assets are read when they are served", false
	case ".md", ".rst", ".adoc":
		return "prose", false
	}
	return "", false
}

// reason is why a process is reloaded for a file that it sees, or why not.
func reason(path string, verdict source.Verdict) (rule string, reloads bool) {
	if verdict.Included() {
		return placed("x-devenv.watch include "+verdict.Rule, verdict.Origin), true
	}
	name := strings.ToLower(filepath.Base(path))
	extension := filepath.Ext(name)
	if strings.HasPrefix(name, ".env") {
		extension = ".env"
	}
	if rule, reloads = kindOf(extension); rule != "" {
		return rule, reloads
	}
	if slices.Contains(strings.Split(filepath.ToSlash(path), "/"), "templates") {
		return "templates are kept", true
	}
	return "neither code, settings nor a template", false
}

// goReason is why a Go program is built again for a file in its source mounts, or why not. Files that it embeds are not known: an include rule
// names them.
func goReason(path string, verdict source.Verdict) (rule string, matters bool) {
	if verdict.Included() {
		return placed("x-devenv.watch include "+verdict.Rule, verdict.Origin), true
	}
	switch name := filepath.Base(path); {
	case filepath.Ext(name) == ".go":
		return "Go code", true
	case name == "go.mod", name == "go.sum", name == "go.work":
		return "Go modules", true
	}
	return "no Go code", false
}

// isProse tells files that an image may have and no process reads.
func isProse(path string) bool {
	rule, _ := reason(path, source.Verdict{})
	name := strings.ToUpper(filepath.Base(path))
	return rule == "prose" || strings.HasPrefix(name, "LICENSE") || strings.HasPrefix(name, "COPYING") || strings.HasPrefix(name, ".GIT")
}

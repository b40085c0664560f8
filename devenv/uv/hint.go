package uv

import (
	"strings"

	"devenv/devenv/trust"
)

// hints are what can be done about what uv says, where we know it.
var hints = [...]struct{ said, hint string }{
	{"401 Unauthorized", "credentials for an index named NAME come from UV_INDEX_NAME_USERNAME and UV_INDEX_NAME_PASSWORD, else from ~/.netrc, `uv auth login` or keyring"},
	{"403 Forbidden", "credentials for an index named NAME come from UV_INDEX_NAME_USERNAME and UV_INDEX_NAME_PASSWORD, else from ~/.netrc, `uv auth login` or keyring"},
	{"No space left on device", "the engine's disk is full: `docker system df` says with what"},
	{"No such file or directory: 'cc'", noCompiler},
	{"No such file or directory: 'gcc'", noCompiler},
	{"command 'cc' failed", noCompiler},
	{"command 'gcc' failed", noCompiler},
	{"command 'g++' failed", noCompiler},
	{"Python.h: No such file or directory", noCompiler},
}

const noCompiler = "the package is compiled when it is installed: the image needs a compiler and what Debian calls python3-dev; `--no-build-package NAME` asks for a version that is not"

// hint is what can be done about a failure of uv, or "".
func hint(output string) string {
	for _, h := range hints {
		if strings.Contains(strings.Join(strings.Fields(output), " "), h.said) {
			return h.hint
		}
	}
	return trust.Hint(output)
}

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

const tailLength = 1 << 14

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if more := len(t.text) - tailLength; more > 0 {
		t.text = t.text[more:]
	}
	return len(p), nil
}

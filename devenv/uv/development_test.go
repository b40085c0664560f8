package uv

import (
	"strings"
	"testing"
)

// What a group asks for and the project needs anyway, also by way of others and their extras, is not for development alone.
func TestDevelopment(t *testing.T) {
	const project = `
[project]
name = "Shop"
dependencies = ["fastapi[standard]>=0.1"]
optional-dependencies.cache = ["redis"]
[dependency-groups]
dev = ["pytest>=9", "HTTPX", {include-group = "lint"}, "redis", "anyio"]
lint = ["ruff==0.1 ; python_version > '3'"]
[tool.uv]
dev-dependencies = ["ipdb"]
`
	const lock = `
[[package]]
name = "shop"
source = { virtual = "." }
dependencies = [{ name = "fastapi", extra = ["standard"] }]
[package.optional-dependencies]
cache = [{ name = "redis" }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
[[package]]
name = "fastapi"
dependencies = [{ name = "starlette" }]
[package.optional-dependencies]
standard = [{ name = "httpx" }]
other = [{ name = "ruff" }]
[[package]]
name = "starlette"
dependencies = [{ name = "anyio" }, { name = "fastapi" }]
`
	for _, c := range []struct {
		lock []byte
		want string
	}{
		{[]byte(lock), "ipdb pytest ruff"},
		{nil, "anyio httpx ipdb pytest redis ruff"},
	} {
		files := Files{"pyproject.toml": []byte(project), "uv.lock": c.lock}
		if got := strings.Join(files.Development(), " "); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

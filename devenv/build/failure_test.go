package build

import (
	"errors"
	"fmt"
	"github.com/distribution/reference"
	"strings"
	"testing"
)

// The words for what engines from 20.10 to now say.
func TestExplain(t *testing.T) {
	t.Parallel()
	dir := write(t, "kept/out", "")
	text := "FROM busybox AS base\nFROM base AS local\nFROM base AS prod\n"
	cases := []struct {
		ev   evidence
		want string
		hint string
	}{
		{evidence{line: 17, step: "RUN uv sync --locked", cause: "executor failed running [/bin/sh -c uv sync --locked]: exit code: 2", tail: []string{"error: no lock"}},
			"api/Dockerfile:17: RUN uv sync --locked: exit code 2", ""},
		{evidence{line: 17, step: "RUN x", cause: `process "/bin/sh -c x \"y\"" did not complete successfully: exit code: 137`},
			"api/Dockerfile:17: RUN x: exit code 137", "it was killed, most often because the engine has too little memory"},
		{evidence{line: 9, step: "COPY src/pyproject.toml src/uv.lock ./", cause: `failed to compute cache key: "/src/uv.lock" not found: not found`},
			"api/Dockerfile:9: COPY src/uv.lock: no such file in the build context", ""},
		{evidence{line: 9, step: "COPY a b", cause: `failed to compute cache key: failed to calculate checksum of ref 5c6::y8: "/a": not found`},
			"api/Dockerfile:9: COPY a: no such file in the build context", ""},
		{evidence{line: 9, step: "ADD kept/out b", cause: `failed to compute cache key: "/kept/out" not found: not found`},
			"api/Dockerfile:9: ADD kept/out: .dockerignore keeps it out of the build context", ""},
		{evidence{line: 3, step: "COPY app app/src", cause: `failed to compute cache key: "/app" not found: not found`},
			"api/Dockerfile:3: COPY app: no such file in the build context", ""},
		{evidence{line: 3, step: "COPY kept/other ./", cause: `failed to compute cache key: "/kept" not found: not found`},
			"api/Dockerfile:3: COPY kept/other: no such file in the build context", ""},
		{evidence{line: 3, step: "COPY --from=deps /.venv /.venv", cause: `lstat /var/lib/docker/overlay2/b655/merged/.venv: no such file or directory`},
			"api/Dockerfile:3: COPY .venv: no such file in deps", ""},
		{evidence{line: 3, step: "COPY --from=one /nope /", cause: `lstat /var/lib/docker/tmp/buildkit-mount3178358399/nope: no such file or directory`},
			"api/Dockerfile:3: COPY nope: no such file in one", ""},
		{evidence{line: 3, step: "RUN --mount=type=bind,from=deps,source=/x,target=/y true", cause: `failed to compute cache key: "/x" not found: not found`},
			"api/Dockerfile:3: RUN --mount x: no such file in deps", ""},
		{evidence{cause: `target stage "lcoal" could not be found (did you mean local?)`},
			`api: build.target: api/Dockerfile has no stage "lcoal"`, "did you mean local? its stages are base, local, prod"},
		{evidence{cause: `target stage "staging" could not be found`},
			`api: build.target: api/Dockerfile has no stage "staging"`, "its stages are base, local, prod"},
		{evidence{line: 1, step: "[internal] load metadata for " + canonical("python:3.99"), cause: canonical("python:3.99") + ": not found"},
			"api/Dockerfile:1: image python:3.99: no such image", ""},
		{evidence{line: 1, step: "[internal] load metadata for " + canonical("team/x:1"), cause: "failed to do request: Head \"https://registry.example/v2\": dial tcp: lookup registry.example: no such host"},
			"api/Dockerfile:1: image team/x:1: its registry does not answer", "is this machine offline? an image that the engine already has is not looked for"},
		{evidence{line: 1, step: "[internal] load metadata for registry.example/x:1", cause: "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope"},
			"api/Dockerfile:1: image registry.example/x:1: it does not exist, or its registry wants a login", "docker login, if the name is right"},
		{evidence{line: 4, step: "RUN dd if=/dev/zero of=/x", cause: "executor failed running [/bin/sh -c dd]: exit code: 1", tail: []string{"dd: error writing '/x': No space left on device"}},
			"api/Dockerfile:4: RUN dd if=/dev/zero of=/x: no space left on the engine's disk", "docker system df shows what takes the space, docker builder prune frees old build cache"},
		{evidence{cause: "failed to copy files: write /var/lib/docker/x: no space left on device"},
			"api/Dockerfile: no space left on the engine's disk", "docker system df shows what takes the space, docker builder prune frees old build cache"},
		{evidence{line: 2, step: "RUN --mount=type=secret,id=pip true", cause: "secret pip: not found"},
			`api/Dockerfile:2: RUN --mount=type=secret,id=pip true: secret "pip" is not given to the build`, "list it under build.secrets of service api"},
		{evidence{line: 2, cause: "unknown instruction: RUNN (did you mean RUN?)"},
			"api/Dockerfile:2: unknown instruction: RUNN (did you mean RUN?)", ""},
	}
	for _, c := range cases {
		c.ev.service = "api"
		c.ev.recipe = &recipe{Dockerfile: "api/Dockerfile", Text: text, Locals: map[string]string{contextMount: dir}}
		got := c.ev.explain()
		if got.Message != c.want || got.Hint != c.hint {
			t.Errorf("\n got %s\nwant %s\nhint %s", got.Message, c.want, got.Hint)
		}
	}
}

func TestInnermost(t *testing.T) {
	t.Parallel()
	err := errors.New("failed to solve: rpc error: code = Unknown desc = failed to solve with frontend gateway.v0: dockerfile parse error on line 2: unknown")
	if got := innermost(err); got != "unknown" || lineOf(err) != 2 {
		t.Error(got, lineOf(err))
	}
}

func TestWhere(t *testing.T) {
	t.Parallel()
	for want, ev := range map[string]evidence{
		"api: dockerfile_inline:3":   {recipe: &recipe{Text: "x"}, line: 3},
		"api: docker/Dockerfile.x:3": {recipe: &recipe{Dockerfile: "docker/Dockerfile.x"}, line: 3},
		"Dockerfile":                 {recipe: &recipe{Text: "x", Dockerfile: "Dockerfile"}},
	} {
		ev.service = "api"
		if got := ev.where(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestStepName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"[base 2/3] RUN  a \\\n b":          "RUN a \\ b",
		"[2/3] COPY . .":                    "COPY . .",
		"[internal] load build context":     "[internal] load build context",
		"[1/1] " + strings.Repeat("é", 150): strings.Repeat("é", 100) + " ...",
	} {
		if got := stepName(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}

func TestTailKeepsTheLastLines(t *testing.T) {
	t.Parallel()
	m := newMonitor(nil, nil)
	for i := range 50 {
		m.tails["s"] = appendTail(m.tails["s"], fmt.Appendf(nil, "line %d\nhalf ", i))
	}
	m.tails["s"] = appendTail(m.tails["s"], []byte("10%\r100%\r\n\n"))
	got := m.tail("s")
	if len(got) > tailLines || got[len(got)-1] != "100%" || got[len(got)-2] != "half line 49" {
		t.Errorf("%d lines: %q", len(got), got)
	}
}

// canonical is the full name of an image, as BuildKit writes it.
func canonical(name string) string {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		panic(err)
	}
	return reference.TagNameOnly(named).String()
}

package dockerfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"devenv/devenv/fault"
)

// seed is the Dockerfile of the first example, shortened.
const seed = `# syntax=docker/dockerfile:1
ARG UV=0.8.17
FROM python:3.13-slim-bookworm AS base
SHELL ["sh", "-exc"]
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /src

FROM base AS deps
COPY --from=astral/uv:$UV /uv /bin/
COPY src/pyproject.toml src/uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-dev

FROM base AS local
ARG UV
COPY --from=astral/uv:${UV} /uv /bin/
ENV UV_PROJECT_ENVIRONMENT=/.venv PATH="/.venv/bin:$PATH"
COPY src/pyproject.toml src/uv.lock ./
EXPOSE 8000 5678
CMD ["python", "-m", "debugpy", "--listen", "0.0.0.0:5678", "-m", "uvicorn", "app.main:app"]

FROM base AS prod
COPY --from=deps /.venv /.venv
COPY src/app ./app
WORKDIR app
USER appuser
EXPOSE 8000
CMD uvicorn app.main:app
`

func parse(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse("Dockerfile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestStageIsFoundByNameThenByIndex(t *testing.T) {
	t.Parallel()
	f := parse(t, seed)
	for target, want := range map[string]string{"local": "local", "PROD": "prod", "1": "deps", "": "prod"} {
		stage, ok := f.Stage(target)
		if !ok || stage.Name != want {
			t.Errorf("Stage(%q) = %v, %v; want %s", target, stage, ok, want)
		}
	}
	for _, target := range []string{"dev", "4", "-1"} {
		if _, ok := f.Stage(target); ok {
			t.Errorf("Stage(%q) is found", target)
		}
	}
	if got := fmt.Sprint(f.Syntax, f.Names()); got != "docker/dockerfile:1[base deps local prod]" {
		t.Errorf("syntax and names: %s", got)
	}
}

func TestEffectiveInheritsThroughFrom(t *testing.T) {
	t.Parallel()
	f := parse(t, seed)
	cases := map[string]string{
		"base":  "python:3.13-slim-bookworm cmd[] user= dir=/src expose[]",
		"local": "python:3.13-slim-bookworm cmd[python -m debugpy --listen 0.0.0.0:5678 -m uvicorn app.main:app] user= dir=/src expose[5678 8000]",
		"prod":  "python:3.13-slim-bookworm cmd[uvicorn app.main:app] user=appuser dir=/src/app expose[8000]",
	}
	for target, want := range cases {
		e, ok := f.Effective(target)
		var cmd []string
		if e.Cmd != nil {
			cmd = e.Cmd.Args
		}
		got := fmt.Sprintf("%s cmd%v user=%s dir=%s expose%v", e.Image, cmd, e.User, e.Workdir, e.Expose)
		if !ok || got != want {
			t.Errorf("Effective(%s)\n got %s\nwant %s", target, got, want)
		}
	}
	local, _ := f.Effective("local")
	if local.Env["PATH"] != "/.venv/bin:$PATH" || local.Env["PYTHONUNBUFFERED"] != "1" {
		t.Errorf("env: %v", local.Env)
	}
	if local.Cmd.Shell || local.Cmd.Line != 20 {
		t.Errorf("cmd: %+v", local.Cmd)
	}
}

func TestEntrypointDropsTheInheritedCommand(t *testing.T) {
	t.Parallel()
	f := parse(t, `FROM a AS base
ENTRYPOINT ["x"]
CMD ["y"]
FROM base AS own
ENTRYPOINT ["z"]
FROM base AS both
CMD ["c"]
ENTRYPOINT ["z"]
`)
	base, _ := f.Effective("base")
	own, _ := f.Effective("own")
	both, _ := f.Effective("both")
	if base.Cmd.Args[0] != "y" || own.Cmd != nil || own.Entrypoint.Args[0] != "z" || both.Cmd.Args[0] != "c" {
		t.Errorf("base %v, own %v, both %v", base.Cmd, own.Cmd, both.Cmd)
	}
}

func TestClosureFollowsFromCopyAndMount(t *testing.T) {
	t.Parallel()
	f := parse(t, `FROM a AS one
FROM b AS two
FROM c AS three
COPY --from=0 / /
FROM THREE AS four
RUN --mount=type=bind,from=two,target=/x true
FROM d AS unused
`)
	for target, want := range map[string]string{"four": "one two three four", "three": "one three", "unused": "unused", "none": ""} {
		var names []string
		for _, s := range f.Closure(target) {
			names = append(names, s.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("Closure(%s) = %q, want %q", target, got, want)
		}
	}
}

func TestMissingSources(t *testing.T) {
	t.Parallel()
	f := parse(t, `ARG DIR=src
FROM x AS base
ARG DIR
ARG UNKNOWN
ARG TARGETARCH
ENV LOCK=uv.lock
COPY $DIR/pyproject.toml ${DIR}/$LOCK ./
COPY $UNKNOWN/a bin-$TARGETARCH ./
COPY optional* [r]eadme ./
ADD https://example.com/a.tar /a
ADD ../outside /b
COPY /rooted ./src/ ./
COPY <<EOF /inline
text
EOF
COPY --from=other nothing /
FROM base AS top
RUN --mount=type=bind,source=uv.lock,target=uv.lock --mount=type=cache,target=/c true
FROM x AS elsewhere
COPY never /
`)
	context := fstest.MapFS{"src/pyproject.toml": {}, "outside": {}}
	var got []string
	for _, m := range Missing(f, "top", context) {
		got = append(got, fmt.Sprintf("%d %s %s", m.Line, m.Instruction, m.Path))
	}
	want := []string{"7 COPY src/uv.lock", "12 COPY rooted", "18 RUN --mount uv.lock"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestBuildArgumentsDecideStagesAndSources(t *testing.T) {
	t.Parallel()
	text := "ARG BASE=debian\nFROM $BASE AS top\nARG LOCK=a.lock\nENV LOCK2=$LOCK\nCOPY $LOCK2 /\n"
	f, err := ParseWithArgs("Dockerfile", []byte(text), map[string]string{"BASE": "alpine", "LOCK": "b.lock"})
	if err != nil {
		t.Fatal(err)
	}
	top, _ := f.Stage("top")
	if top.Base != "alpine" || top.Copies[0].Sources[0] != "b.lock" || top.Env["LOCK2"] != "b.lock" {
		t.Errorf("base %s, copies %v, env %v", top.Base, top.Copies, top.Env)
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"FROM a\nFORM b\n":             "api/Dockerfile:2: unknown instruction: FORM (did you mean FROM?)",
		"# only a comment\n":           "api/Dockerfile:1: file with no instructions",
		"RUN x\nFROM a\n":              "api/Dockerfile:1: no build stage in current context",
		"ARG A=1\n":                    "api/Dockerfile: no FROM instruction",
		"FROM a\n\nCOPY --frm=x a b\n": "api/Dockerfile:3: unknown flag: --frm (did you mean from?)",
		"FROM a\nRUN <<EOF\nno end\n":  "api/Dockerfile:2: unterminated heredoc",
		"FROM a\nEXPOSE\n":             "api/Dockerfile:2: EXPOSE requires at least one argument",
	}
	for text, want := range cases {
		_, err := Parse("api/Dockerfile", []byte(text))
		var known *fault.Error
		if !errors.As(err, &known) || known.Class != fault.Usage {
			t.Errorf("%q: not a usage fault: %v", text, err)
			continue
		}
		if err.Error() != want {
			t.Errorf("%q:\n got %s\nwant %s", text, err, want)
		}
	}
}

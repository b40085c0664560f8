package dockerfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// BuildKit's own checks run here as in `docker build --check`, and ask no registry.
func TestLint(t *testing.T) {
	text := "FROM python:3.13 as Base\nENV A=$NOWHERE\nMAINTAINER me\nFROM base AS prod\nCMD serve\n"
	for known, want := range map[bool][]string{
		false: {"1 FromAsCasing", "1 StageNameCasing", "3 MaintainerDeprecated", "5 JSONArgsRecommended"},
		true:  {"1 FromAsCasing", "1 StageNameCasing", "2 UndefinedVar", "3 MaintainerDeprecated", "5 JSONArgsRecommended"},
	} {
		warnings, err := Lint(t.Context(), []byte(text), nil, func(string) ([]string, bool) { return []string{"PATH=/bin"}, known })
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range warnings {
			got = append(got, fmt.Sprint(w.Line, " ", w.Rule))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("base image known %v:\n got %q\nwant %q", known, got, want)
		}
	}
}

// A step knows what holds where it stands: variables, folder and user, inherited ones too.
func TestSteps(t *testing.T) {
	f := parse(t, `ARG UV=0.8
FROM python AS base
ENV UV_PROJECT_ENVIRONMENT=/.venv
WORKDIR /src
FROM base
ARG UV
COPY --from=uv:$UV --chown=app uv bin/
USER app
RUN --mount=type=cache,target=/c --mount=type=bind,source=uv.lock,target=uv.lock \
    uv sync \
    --locked
RUN <<EOF
a
b
EOF
HEALTHCHECK CMD curl -f x || exit 1
`)
	var got []string
	for _, s := range f.Steps("") {
		line := fmt.Sprintf("%d-%d %s %s|%s|%s", s.Line, s.End, s.Name, s.Env["UV_PROJECT_ENVIRONMENT"], s.Workdir, s.User)
		switch {
		case s.Copy != nil:
			line += fmt.Sprint(" ", s.Copy.From, s.Copy.Sources, s.Copy.Dest, " ", s.Chown)
		case s.Args != nil:
			line += fmt.Sprintf(" %q %v %v", s.Args, s.Shell, s.Mounts)
		case s.Set != nil:
			line += fmt.Sprint(" ", s.Set)
		}
		got = append(got, line)
	}
	want := []string{
		"2-2 FROM ||",
		"3-3 ENV || map[UV_PROJECT_ENVIRONMENT:/.venv]",
		"4-4 WORKDIR /.venv||",
		"5-5 FROM /.venv|/src|",
		"6-6 ARG /.venv|/src| map[UV:0.8]",
		"7-7 COPY /.venv|/src| uv:0.8[uv]/src/bin/ app",
		"8-8 USER /.venv|/src|",
		`9-11 RUN /.venv|/src|app ["uv sync     --locked"] true [{cache   /c} {bind  uv.lock /src/uv.lock}]`,
		`12-15 RUN /.venv|/src|app ["a\nb\n"] true []`,
		`16-16 HEALTHCHECK /.venv|/src|app ["curl -f x || exit 1"] true []`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

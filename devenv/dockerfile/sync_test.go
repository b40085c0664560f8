package dockerfile

import (
	"fmt"
	"slices"
	"testing"
)

// Every `uv sync` of the stages that a target needs is found, with its flags and the folder that it fills.
func TestSyncs(t *testing.T) {
	t.Parallel()
	f := parse(t, `FROM python AS base
WORKDIR /app
RUN uv sync --before
FROM base AS builder
RUN uv venv .venv
RUN --mount=type=cache,target=/root/.cache/uv uv sync --python .venv/bin/python \
    --frozen --no-install-project && rm -rf /tmp/x
WORKDIR sub
RUN ["/bin/uv", "sync", "--no-dev"]
FROM python AS elsewhere
ENV UV_PROJECT_ENVIRONMENT=/venv
RUN <<EOF
set -e
UV_OFFLINE=1 uv sync --extra "all"; echo uv sync
EOF
FROM python AS final
COPY --from=builder /app /app
FROM python AS other
COPY --from=elsewhere /venv /venv
RUN make sync
`)
	for target, want := range map[string][]string{
		"final": {
			"3 /app/.venv [--before]", "6 /app/.venv [--python .venv/bin/python --frozen --no-install-project]", "9 /app/sub/.venv [--no-dev]",
		},
		"other": {"12 /venv [--extra all]"},
	} {
		var got []string
		for _, sync := range f.Syncs(target) {
			got = append(got, fmt.Sprint(sync.Line, " ", sync.Environment, " ", sync.Args))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", target, got, want)
		}
	}
}

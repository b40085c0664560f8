package plan

import (
	"strings"
	"testing"
)

// What a process builds when it starts is compiled by go list with the same flags; what is not understood is not compiled.
func TestCompile(t *testing.T) {
	t.Parallel()
	const debug = "go|list|-export|-f|{{\"\"}}|-gcflags=all=-N -l|"
	for command, want := range map[string]string{
		"sh|-c|go build -gcflags='a=-N -l' -o /tmp/a ./cmd/a && exec dlv exec --headless /tmp/a": `sh|-c|go list -export -f '{{""}}' -gcflags='a=-N -l' ./cmd/a`,
		"sh|-ec|cd api; go build -o=/tmp/a; exec dlv exec --headless /tmp/a":                     `sh|-ec|cd api; go list -export -f '{{""}}'`,
		"dlv|debug|--headless|--listen=:2345|./cmd/api|--|serve":                                 debug + "./cmd/api",
		"dlv|debug|./cmd/api|--headless":                                                         debug + "./cmd/api",
		"/go/bin/dlv|debug|--headless|--listen|:2345|--log|--":                                   debug + ".",
		"dlv|exec|--headless|/api":                                                               "",
		"dlv|debug|--headless|--build-flags=-tags=dev":                                           "",
		"./run.sh|dlv": "",
	} {
		if got := strings.Join(compile(strings.Split(command, "|")), "|"); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", command, got, want)
		}
	}
}

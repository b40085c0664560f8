package fault_test

import (
	"testing"

	"devenv/devenv/fault"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	keys := []string{"command", "context", "db", "environment", "env_file", "target"}
	for name, want := range map[string]string{
		"comand":      "command",
		"COMMAND":     "command",
		"taregt":      "target", // two neighbours swapped are one slip
		"enviroment":  "environment",
		"dbb":         "db",
		"bd":          "db",
		"postgres":    "",
		"":            "",
		"environment": "environment",
	} {
		if got := fault.Nearest(name, keys); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

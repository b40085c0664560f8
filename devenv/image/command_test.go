package image

import (
	"strings"
	"testing"
)

// What a command starts is read from its text.
func TestPrograms(t *testing.T) {
	for _, c := range []struct {
		test []string
		want string
	}{
		{[]string{"NONE"}, ""},
		{[]string{"CMD", "python", "-c", "import os; os.x()"}, "python"},
		{[]string{"CMD", "sh", "-c", "curl x"}, "sh curl"},
		{[]string{"CMD", "$PROGRAM"}, ""},
		{[]string{"CMD-SHELL", "curl -f http://localhost/ || exit 1"}, "/bin/sh curl"},
		{[]string{"CMD-SHELL", `test "$(wget -qO- localhost)" = 'a; b' && /usr/bin/env true`}, "/bin/sh /usr/bin/env"},
		{[]string{"CMD-SHELL", "A=1 B='x y' exec pg_isready -U $USER | grep -q ok"}, "/bin/sh pg_isready grep"},
		{[]string{"CMD-SHELL", "if ! nc -z localhost 80; then exit 1; fi"}, "/bin/sh nc"},
		{[]string{"CMD-SHELL", `my\ program "$X"/bin/y; $Z; "quoted program"`}, "/bin/sh my program quoted program"},
	} {
		check := Healthcheck{Test: c.test}
		if got := strings.Join(check.Programs(Config{}), " "); got != c.want {
			t.Errorf("%q: got %q, want %q", c.test, got, c.want)
		}
	}
	check := Healthcheck{Test: []string{"CMD-SHELL", "curl x"}}
	if got := strings.Join(check.Programs(Config{Shell: []string{"bash", "-eo", "pipefail", "-c"}}), " "); got != "bash curl" {
		t.Errorf("SHELL: %q", got)
	}
}

package vscode

import (
	"strings"
	"testing"
)

// Where a host path is found from the folder that VS Code opens, on every system that VS Code runs on.
func TestLocal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ goos, folders, path, want string }{
		{"linux", "/home/ada/shop", "/home/ada/shop", "${workspaceFolder}"},
		{"linux", "/home/ada/shop", "/home/ada/shop/src", "${workspaceFolder}/src"},
		{"linux", "/home/ada/shop/", "/home/ada/shop/src/", "${workspaceFolder}/src"},
		{"linux", "/home/ada/shop", "/home/ada/shopping/src", "/home/ada/shopping/src"},
		{"linux", "/home/ada/shop", "/home/ada", "/home/ada"},
		{"linux", "/home/ada/shop", "/home/ada/Shop/src", "/home/ada/Shop/src"},
		{"linux", "/home/ada/link /data/shop", "/data/shop/src", "${workspaceFolder}/src"}, // opened through a symbolic link
		{"linux", "/", "/srv/src", "${workspaceFolder}/srv/src"},
		{"darwin", "/Users/Ada/Shop", "/Users/ada/shop/src", "${workspaceFolder}/src"},
		{"darwin", "/tmp/shop /private/tmp/shop", "/private/tmp/shop/Src", "${workspaceFolder}/Src"},
		{"windows", `c:\shop`, `C:\Shop\src\app`, "${workspaceFolder}/src/app"},
		{"windows", `C:\shop`, `C:/shop/src`, "${workspaceFolder}/src"},
		{"windows", `C:\shop`, `D:\shop\src`, `D:\shop\src`},
		{"windows", `\\nas\share\shop`, `\\nas\share\shop\src`, "${workspaceFolder}/src"},
	} {
		p := Project{Folders: strings.Split(c.folders, " "), GOOS: c.goos}
		if got := p.local(c.path); got != c.want {
			t.Errorf("%s: %s in %s is %s, want %s", c.goos, c.path, c.folders, got, c.want)
		}
	}
}

// debugpy and Delve take the first mapping that fits, in both directions, so the inner one comes first.
func TestInnermostFirst(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"/p=/app /p/lib=/app/lib":                           "/p/lib=/app/lib /p=/app",
		"/p=/app /lib=/app/lib":                             "/lib=/app/lib /p=/app",
		"/p=/code /p/lib=/lib":                              "/p/lib=/lib /p=/code", // nested on the host alone
		"/p=/app /p/a=/app/a /p/a/b=/app/a/b":               "/p/a/b=/app/a/b /p/a=/app/a /p=/app",
		"/p/src=/app /p=/app/all":                           "/p=/app/all /p/src=/app", // a contradiction: the container's order
		"/p/a=/app /p/app-b=/app-b /p/c=/c":                 "/p/a=/app /p/app-b=/app-b /p/c=/c",
		"/p/api=/app /p/common=/app/common /p/x=/app/comm":  "/p/common=/app/common /p/x=/app/comm /p/api=/app",
		"/p=/app /p/.=/app/same":                            "/p/.=/app/same /p=/app",
		"/p/one=/usr/src /p/two=/usr/src/two/deep /p/z=/":   "/p/two=/usr/src/two/deep /p/one=/usr/src /p/z=/",
		"/mono/services/api=/app /mono/libs=/app/libs":      "/mono/libs=/app/libs /mono/services/api=/app",
		"/mono/libs=/libs /mono/services/api=/app /mono=/m": "/mono/libs=/libs /mono/services/api=/app /mono=/m",
	} {
		var mappings []Mapping
		for pair := range strings.FieldsSeq(given) {
			local, remote, _ := strings.Cut(pair, "=")
			mappings = append(mappings, Mapping{local, remote})
		}
		var got []string
		for _, m := range innermostFirst(mappings, "linux") {
			got = append(got, m.Local+"="+m.Remote)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s\ngot  %s\nwant %s", given, strings.Join(got, " "), want)
		}
	}
}

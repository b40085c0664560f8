package devenv

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"

	"devenv/devenv/uv"
)

// credentialStores reads the files in which the user's machine keeps credentials, where the programs that write them do.
func credentialStores(env []string) uv.Stores {
	named := map[string]string{}
	for _, assignment := range env {
		name, value, _ := strings.Cut(assignment, "=")
		named[name] = value
	}
	data := cmp.Or(named["XDG_DATA_HOME"], filepath.Join(named["HOME"], ".local", "share"))
	return uv.Stores{
		Netrc:   readable(cmp.Or(named["NETRC"], filepath.Join(named["HOME"], ".netrc"))),
		UV:      readable(filepath.Join(cmp.Or(named["UV_CREDENTIALS_DIR"], filepath.Join(data, "uv", "credentials")), "credentials.toml")),
		Keyring: readable(filepath.Join(data, "python_keyring", "keyring_pass.cfg")),
	}
}

// readable is the text of a file, "" where there is none that can be read: then it holds nothing for this user.
func readable(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(content)
}

package uv

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

var credential = regexp.MustCompile(`^UV_INDEX_\w+_(?:USERNAME|PASSWORD)=`)

// Credentials are the variables by which uv is given the credentials of the indexes that the project names: those that
// the environment has by their name, else from netrc, a text as ~/.netrc has it. They reach uv as variables of its own
// process, and nothing else: no file, no image, no command line.
func Credentials(files Files, environment []string, netrc string) []string {
	var all []string
	for _, assignment := range environment {
		if credential.MatchString(assignment) {
			all = append(all, assignment)
		}
	}
	var project project
	_ = toml.Unmarshal(files[projectFile], &project) // uv says what is wrong with it
	for _, index := range project.Tool.UV.Index {
		prefix := "UV_INDEX_" + notInVariables.ReplaceAllString(strings.ToUpper(index.Name), "_")
		address, err := url.Parse(index.URL)
		given := slices.ContainsFunc(all, func(assignment string) bool { return strings.HasPrefix(assignment, prefix+"_") })
		if err != nil || index.Name == "" || given {
			continue
		}
		if login, password, found := inNetrc(netrc, address.Hostname()); found {
			all = append(all, prefix+"_USERNAME="+login, prefix+"_PASSWORD="+password)
		}
	}
	return all
}

var notInVariables = regexp.MustCompile(`[^A-Z0-9]`)

// inNetrc is the entry of a host in a netrc file:
// https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html
func inNetrc(text, host string) (login, password string, found bool) {
	words := strings.Fields(text)
	for i := 0; i+1 < len(words); i += 2 {
		switch key, value := words[i], words[i+1]; {
		case key == "default" || key == "machine" && found:
			return login, password, found
		case key == "machine":
			found = value == host
		case key == "login" && found:
			login = value
		case key == "password" && found:
			password = value
		}
	}
	return login, password, found
}

package uv

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

var credential = regexp.MustCompile(`^UV_INDEX_\w+_(?:USERNAME|PASSWORD)=`)

// Credentials are the variables by which uv is given the credentials of the indexes that the project names: those that
// the environment has by their name, else what the machine's stores have for their addresses. They reach uv as variables
// of its own process, and nothing else: no file, no image, no command line.
func Credentials(files Files, environment []string, stores Stores) []string {
	var all []string
	for _, assignment := range environment {
		if credential.MatchString(assignment) {
			all = append(all, assignment)
		}
	}
	given := variables(all)
	var project project
	_ = toml.Unmarshal(files[projectFile], &project) // uv says what is wrong with it
	for _, index := range project.Tool.UV.Index {
		prefix := "UV_INDEX_" + notInVariables.ReplaceAllString(strings.ToUpper(index.Name), "_")
		address, err := url.Parse(index.URL)
		if _, has := given[prefix+"_PASSWORD"]; has || err != nil || index.Name == "" {
			continue
		}
		user := given[prefix+"_USERNAME"]
		if found, ok := stores.of(address, cmp.Or(user, address.User.Username())); ok {
			if user == "" {
				all = append(all, prefix+"_USERNAME="+found.user)
			}
			all = append(all, prefix+"_PASSWORD="+found.password)
		}
	}
	return all
}

var notInVariables = regexp.MustCompile(`[^A-Z0-9]`)

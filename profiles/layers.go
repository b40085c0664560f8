package profiles

import (
	"embed"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"devenv/devenv/document"
	"devenv/devenv/fault"
)

// None is the name by which a developer chooses no profile.
const None = "none"

//go:embed starters/*.yaml
var starters embed.FS

const starterPrefix = "starter "

// Places are where profiles lie.
type Places struct {
	Team  string                   // the absolute folder of the project's profiles, personal ones too
	User  string                   // the absolute folder of the user's profiles for all projects; "" is none
	Shown func(path string) string // a path as messages show it
	Draft Draft                    // read in place of a file
}

// layer is one file of a profile.
type layer struct {
	file    string // as in Origin
	content []byte
}

// Personal is the path of the developer's own layer of a profile.
func (p Places) Personal(name string) string { return filepath.Join(p.Team, name+".local.yaml") }

// Shared is the path of the team's layer of a profile.
func (p Places) Shared(name string) string { return filepath.Join(p.Team, name+".yaml") }

// Paths are where the layers of a profile lie or would lie, the later over the earlier.
func (p Places) Paths(name string) []string {
	paths := []string{p.Shared(name), p.Personal(name)}
	if p.User != "" {
		paths = append(paths, filepath.Join(p.User, name+".yaml"))
	}
	return paths
}

// layers reads the layers of a profile; none where there is no such profile.
func (p Places) layers(name string) ([]layer, error) {
	var all []layer
	if content, err := starters.ReadFile("starters/" + name + ".yaml"); err == nil {
		all = append(all, layer{starterPrefix + name, content})
	}
	for _, path := range p.Paths(name) {
		content, err := p.content(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fault.New(fault.Usage, "%s: %w", p.Shown(path), cause(err))
		}
		all = append(all, layer{path, content})
	}
	return all, nil
}

// Draft is a file as somebody wants it to be.
type Draft struct {
	Path    string
	Content []byte
}

func (p Places) content(path string) ([]byte, error) {
	if path == p.Draft.Path {
		return p.Draft.Content, nil
	}
	return os.ReadFile(path)
}

// Starter is the text of the starter profile of a name, if there is one.
func Starter(name string) ([]byte, bool) {
	content, err := starters.ReadFile("starters/" + name + ".yaml")
	return content, err == nil
}

// SchemaFile is the name of the JSON schema in the folder state beside that of the project's profiles, and SchemaLine the line
// of a profile by which editors find it.
const (
	SchemaFile = "profile.schema.json"
	SchemaLine = "# yaml-language-server: $schema=../state/" + SchemaFile + "\n"
)

// cause is what a file operation failed for, without the operation and the path.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// Names are the names of all profiles, sorted.
func (p Places) Names() []string {
	names := map[string]bool{}
	add := func(path string) {
		name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".yaml"), ".local")
		names[name] = CheckName(name) == nil
	}
	embedded, _ := fs.Glob(starters, "starters/*.yaml") // the pattern is a good one
	for _, path := range embedded {
		add(path)
	}
	for _, folder := range []string{p.Team, p.User} {
		entries, _ := os.ReadDir(folder) // a folder that is not there holds no profile
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), ".yaml") && !entry.IsDir() {
				add(entry.Name())
			}
		}
	}
	maps.DeleteFunc(names, func(_ string, valid bool) bool { return !valid })
	return slices.Sorted(maps.Keys(names))
}

var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// CheckName refuses what cannot name a profile.
func CheckName(name string) error {
	if name == None {
		return fault.New(fault.Usage, "profile %q: this name stands for no profile", name)
	}
	if !validName.MatchString(name) {
		return fault.New(fault.Usage, "profile %q: not a valid name", name).
			WithHint("a name consists of letters, digits, hyphens and underscores, and begins with a letter or digit")
	}
	return nil
}

// Misnamed are the files that would be layers of a profile, did they end in .yaml; all of them where name is "".
func (p Places) Misnamed(name string) []string {
	var all []string
	for _, folder := range []string{p.Team, p.User} {
		entries, _ := os.ReadDir(folder) // a folder that is not there holds no profile
		for _, entry := range entries {
			of, is := strings.CutSuffix(entry.Name(), ".yml")
			if of = strings.TrimSuffix(of, ".local"); is && !entry.IsDir() && (of == name || name == "") {
				all = append(all, filepath.Join(folder, entry.Name()))
			}
		}
	}
	return all
}

// Unknown is the error for a profile that is nowhere.
func (p Places) Unknown(name string) *fault.Error {
	unknown := fault.New(fault.Usage, "profile %q: no such profile", name)
	if misnamed := p.Misnamed(name); len(misnamed) > 0 {
		return unknown.WithHint("%s is not read: the file of a profile ends in .yaml", p.Shown(misnamed[0]))
	}
	names := p.Names()
	return document.Near(unknown.WithHint("the profiles are %s", strings.Join(names, ", ")), name, names)
}

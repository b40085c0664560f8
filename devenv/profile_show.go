package devenv

import (
	"strings"

	"devenv/devenv/project"
	"devenv/devenv/secret"
	"devenv/profiles"
)

// Profiles are the names of all profiles, sorted.
func (e *Environment) Profiles() []string { return e.places().Names() }

// shownProfile is one line of `profile list`.
type shownProfile struct {
	Name        string   `json:"name"`
	Used        bool     `json:"used"`
	Files       []string `json:"files"` // that there are; a starter is in the binary
	Description string   `json:"description"`
}

// ListProfiles prints every profile with its files; one that is wrong with what is wrong.
func (e *Environment) ListProfiles(format string) error {
	for _, path := range e.places().Misnamed("") {
		e.settings.Term.Warn("%s is not read: the file of a profile ends in .yaml", e.project.Rel(path))
	}
	all := []shownProfile{}
	for _, name := range e.Profiles() {
		shown := shownProfile{Name: name, Used: name == e.currentProfile(), Files: e.layers(name)}
		profile, err := e.places().Load(name)
		if err != nil {
			shown.Description = "wrong: " + err.Error()
		} else {
			shown.Description = profile.Description
		}
		all = append(all, shown)
	}
	if format == "json" {
		return e.settings.Term.JSON(all)
	}
	var rows [][]string
	for _, p := range all {
		mark := ""
		if p.Used {
			mark = "*"
		}
		rows = append(rows, []string{mark, p.Name, strings.Join(p.Files, ", "), p.Description})
	}
	return e.settings.Term.Table([]string{"", "PROFILE", "FROM", "DESCRIPTION"}, rows)
}

// layers are the files that a profile is made of, as messages show them.
func (e *Environment) layers(name string) []string {
	var files []string
	if _, is := profiles.Starter(name); is {
		files = append(files, "starter")
	}
	for _, path := range e.places().Paths(name) {
		if isFile(path) {
			files = append(files, e.project.Rel(path))
		}
	}
	return files
}

// ShowProfile prints a profile with all that it extends as one file; "" is the one in use.
func (e *Environment) ShowProfile(name string) error {
	profile, err := e.loadProfile(name)
	if err != nil {
		return err
	}
	content, err := profile.YAML(secret.Masked)
	if err != nil {
		return err
	}
	return e.settings.Term.Data(content)
}

func (e *Environment) loadProfile(name string) (*profiles.Profile, error) {
	name, err := e.namedProfile(name)
	if err != nil {
		return nil, err
	}
	return e.places().Load(name)
}

// ExplainProfile prints each value of a profile, where it comes from and what it replaces.
func (e *Environment) ExplainProfile(name, format string) error {
	profile, err := e.loadProfile(name)
	if err != nil {
		return err
	}
	values := profile.Values()
	maskValues(values)
	if format == "json" {
		return e.settings.Term.JSON(values)
	}
	return e.settings.Term.Data([]byte(e.places().Text(values)))
}

func maskValues(values []profiles.Value) {
	for i := range values {
		values[i].Value = maskValue(values[i].Name, values[i].Value, values[i].Source)
		maskValues(values[i].Over)
	}
}

// maskValue hides a value, but not where a secret comes from.
func maskValue(name, value string, source bool) string {
	if source {
		return secret.Text(value)
	}
	return mask(name, value)
}

// profileOrNone is a profile, or profiles.None, which says nothing.
func (e *Environment) profileOrNone(name string) (*profiles.Profile, error) {
	if name == profiles.None {
		return profiles.Nothing(), nil
	}
	return e.loadProfile(name)
}

// DiffProfiles prints the values in which two profiles, or one and none, differ.
func (e *Environment) DiffProfiles(one, other, format string) error {
	first, err := e.profileOrNone(one)
	if err != nil {
		return err
	}
	second, err := e.profileOrNone(other)
	if err != nil {
		return err
	}
	differences := profiles.Diff(first, second)
	for i := range differences {
		d := &differences[i]
		d.One, d.Other = maskValue(d.Name, d.One, d.OneSource), maskValue(d.Name, d.Other, d.OtherSource)
	}
	if format == "json" {
		return e.settings.Term.JSON(differences)
	}
	if len(differences) == 0 {
		e.settings.Term.Say("%s and %s say the same", first.Name, second.Name)
		return nil
	}
	var rows [][]string
	for _, d := range differences {
		rows = append(rows, []string{d.Name, dash(d.One), dash(d.Other)})
	}
	return e.settings.Term.Table([]string{"VALUE", first.Name, second.Name}, rows)
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// ProfileSchema prints the JSON schema by which editors complete profiles.
func (e *Environment) ProfileSchema() error { return e.settings.Term.JSON(profiles.Schema()) }

// ComposeSchema prints the JSON schema by which editors complete compose files, x-devenv included.
func (e *Environment) ComposeSchema() error {
	schema, err := project.ComposeSchema()
	if err != nil {
		return err
	}
	return e.settings.Term.JSON(schema)
}

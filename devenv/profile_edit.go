package devenv

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"devenv/devenv/fault"
	"devenv/profiles"
)

// NewProfile is what `profile create` was asked for. With Ask what is empty is asked for on the terminal.
type NewProfile struct {
	Name, Description, Mode string
	Extends                 []string
	Team                    bool // for everybody, to be committed
	Ask                     bool
}

// CreateProfile writes a profile of one developer, or of the team.
func (e *Environment) CreateProfile(ctx context.Context, asked NewProfile) error {
	if err := profiles.CheckName(asked.Name); err != nil {
		return err
	}
	path := e.layerPath(asked.Name, asked.Team)
	if isFile(path) {
		return fault.New(fault.Usage, "profile %q: %s is there already", asked.Name, e.project.Rel(path)).
			WithHint("devenv profile edit %s", asked.Name)
	}
	if asked.Ask && e.settings.Interactive {
		if err := e.ask(ctx, &asked); err != nil {
			return err
		}
	}
	content := []byte(asked.text())
	if err := e.check(ctx, asked.Name, path, content); err != nil {
		return err
	}
	if err := e.writeSchema(); err != nil {
		return err
	}
	return e.writeProfile(path, content)
}

// ask completes what flags have not said.
func (e *Environment) ask(ctx context.Context, asked *NewProfile) error {
	typed := answersFrom(e.settings.In)
	extends := strings.Join(asked.Extends, ",")
	for _, question := range []struct {
		text string
		into *string
	}{{"description", &asked.Description}, {"extends, of " + list(e.Profiles()), &extends}, {"mode", &asked.Mode}} {
		if *question.into != "" {
			continue
		}
		e.settings.Term.Say("%s (Enter for none)", question.text)
		answer, err := typed.next(ctx)
		if err != nil {
			return err
		}
		*question.into = answer
	}
	asked.Extends = strings.FieldsFunc(extends, func(r rune) bool { return r == ',' || r == ' ' })
	return nil
}

// text is a new profile. A JSON string is a YAML string too.
func (n NewProfile) text() string {
	var text strings.Builder
	text.WriteString(profiles.SchemaLine)
	for _, setting := range []struct{ key, value string }{{"description", n.Description}, {"mode", n.Mode}} {
		if setting.value != "" {
			quoted, _ := json.Marshal(setting.value) // a string can always be written
			fmt.Fprintf(&text, "%s: %s\n", setting.key, quoted)
		}
	}
	if len(n.Extends) > 0 {
		fmt.Fprintf(&text, "extends: [%s]\n", strings.Join(n.Extends, ", "))
	}
	return text.String()
}

func (e *Environment) layerPath(name string, team bool) string {
	if team {
		return e.places().Shared(name)
	}
	return e.places().Personal(name)
}

// check refuses content for a file of a profile that makes the profile, or this project under it, wrong.
func (e *Environment) check(ctx context.Context, name, path string, content []byte) error {
	drafted := *e
	drafted.settings.draft = profiles.Draft{Path: path, Content: content}
	next, err := drafted.under(ctx, name)
	if err == nil {
		_, _, err = next.plan(next.modes(""), nil)
	}
	return err
}

func (e *Environment) writeProfile(path string, content []byte) error {
	if err := e.store.Write(path, content); err != nil {
		return err
	}
	e.settings.Term.Say("wrote %s", e.project.Rel(path))
	return nil
}

func (e *Environment) writeSchema() error {
	content, err := json.MarshalIndent(profiles.Schema(), "", "  ")
	if err != nil {
		return err
	}
	return e.store.Write(filepath.Join(e.store.Folder(), profiles.SchemaFile), append(content, '\n'))
}

// CopyProfile makes a profile that says what another one says: its files where it has only files of the project, else one
// personal file.
func (e *Environment) CopyProfile(from, to string) error {
	if err := profiles.CheckName(to); err != nil {
		return err
	}
	if slices.Contains(e.Profiles(), to) {
		return fault.New(fault.Usage, "profile %q: it is there already", to)
	}
	texts, err := e.places().Copy(from, to)
	if err == nil {
		err = e.writeSchema()
	}
	if err != nil {
		return err
	}
	for _, target := range slices.Sorted(maps.Keys(texts)) {
		if err := e.writeProfile(target, texts[target]); err != nil {
			return err
		}
	}
	return nil
}

// RemoveProfile deletes the developer's own file of a profile, or the team's. A profile in use is not removed, and unless
// forced, none that another extends.
func (e *Environment) RemoveProfile(name string, team, force bool) error {
	if err := profiles.CheckName(name); err != nil {
		return err
	}
	path := e.layerPath(name, team)
	if !isFile(path) {
		if !slices.Contains(e.Profiles(), name) {
			return e.places().Unknown(name)
		}
		return fault.New(fault.Usage, "profile %s: there is no %s", name, e.project.Rel(path)).
			WithHint("it comes from %s; --team removes what the team has", list(e.layers(name)))
	}
	if name == e.currentProfile() && len(e.layers(name)) == 1 {
		return fault.New(fault.Usage, "profile %s: it is in use", name).WithHint("devenv profile use none")
	}
	if user, place := e.places().Extending(name); user != "" && !force && len(e.layers(name)) == 1 {
		return fault.New(fault.Usage, "%s: profile %s extends it", place, user).WithHint("--force removes it all the same")
	}
	if err := os.Remove(path); err != nil {
		return fault.New(fault.Failed, "profile %s: %w", name, err)
	}
	e.settings.Term.Say("removed %s", e.project.Rel(path))
	return nil
}

package project

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
	"devenv/devenv/fault"
)

// explainEnvironment explains a variable of a service's environment. Without candidates there is no such variable.
func (p *Project) explainEnvironment(service, name string, options ExplainOptions) Explanation {
	e := Explanation{Name: service + "." + name}
	for _, flag := range slices.Backward(options.RunFlags) {
		if key, value, given := strings.Cut(flag, "="); key == name {
			c := Candidate{Value: value, Origin: Origin{Kind: RunFlag}}
			if !given {
				c = p.passThrough(c, name, p.inputs.scope())
			}
			e.Candidates = append(e.Candidates, c)
		}
	}
	e.Candidates = append(e.Candidates, p.environmentCandidates(service, name)...)
	e.Candidates = append(e.Candidates, p.envFileCandidates(service, name)...)
	if options.ImageEnv != nil {
		if value, set := options.ImageEnv(service)[name]; set {
			e.Candidates = append(e.Candidates, Candidate{Value: value, Origin: Origin{Kind: Image}})
		}
	}
	won := e.decide()
	e.Rule = rule(won, e.runnerUp())
	return e
}

// environmentCandidates are the entries of environment in the compose files, strongest first.
func (p *Project) environmentCandidates(service, name string) []Candidate {
	var all []Candidate
	for _, w := range p.effective(service, []string{"environment"}) {
		at, value := w.environmentEntry(name)
		if isReset(value) {
			break // this entry and those below it are gone
		}
		if at != nil {
			all = append(all, w.environmentCandidate(at, value, name))
		}
	}
	return all
}

// environmentEntry finds name in an environment, a mapping or a list of which the last item counts. compose-go
// interpolates whole items, so a name may be put together from variables.
func (w written) environmentEntry(name string) (at, value *yaml.Node) {
	list := document.Follow(w.written)
	if list.Kind != yaml.SequenceNode {
		return document.Child(list, name)
	}
	for _, item := range slices.Backward(list.Content) {
		if key, _, _ := strings.Cut(w.candidate(item, item).Value, "="); key == name {
			return item, item
		}
	}
	return nil, nil
}

func (w written) environmentCandidate(at, value *yaml.Node, name string) Candidate {
	c := w.candidate(at, value)
	if document.Follow(w.written).Kind == yaml.SequenceNode {
		var given bool
		if _, c.Value, given = strings.Cut(c.Value, "="); !given { // the file's own variables first, then the project's
			return w.project.passThrough(c, name, slices.Concat(w.by.unit.scope, w.project.inputs.scope()))
		}
		return c
	}
	if document.Follow(value).Tag == "!!null" {
		return w.project.passThrough(c, name, w.project.inputs.scope())
	}
	return c
}

// passThrough completes an entry that names a variable without a value: it takes that of the scope.
func (p *Project) passThrough(c Candidate, name string, scope scope) Candidate {
	value, from := scope.lookup(name)
	if from == nil {
		c.Value, c.void, c.Note = "", true, "passed through, but "+name+" is not set"
		return c
	}
	c.Value, c.Note = value, "passed through from "+p.where(from.origin(name))
	return c
}

// where is an origin in the words of a note.
func (p *Project) where(o Origin) string {
	switch {
	case o.File != "":
		return p.inputs.place(o, false)
	case o.Kind == Default:
		return "Compose"
	default:
		return "the " + string(o.Kind)
	}
}

// envFileCandidates are the statements of the service's env files, strongest first.
func (p *Project) envFileCandidates(service, name string) []Candidate {
	declared := p.declared.Services[service]
	if disabled, ok := p.declared.DisabledServices[service]; ok {
		declared = disabled
	}
	environment := maps.Clone(declared.Environment).Resolve(p.Compose.Environment.Resolve)
	reader := envFileReader{project: p, environment: environment, values: environment.ToMapping()}
	var all []Candidate
	for _, file := range declared.EnvFiles {
		all = append(reader.candidates(file, name), all...)
	}
	return all
}

// envFileReader reads a service's env files one after the other, as types.Project.WithServicesEnvironmentResolved
// does: a later file sees the variables of the earlier ones.
type envFileReader struct {
	project     *Project
	environment types.MappingWithEquals
	values      types.Mapping
}

func (r envFileReader) lookup(name string) (string, bool) {
	if value, set := r.project.Compose.Environment[name]; set {
		return value, true
	}
	if value := r.environment[name]; value != nil {
		return *value, true
	}
	return "", false
}

// candidates are the statements of one file about name, the last first.
func (r envFileReader) candidates(file types.EnvFile, name string) []Candidate {
	content, err := os.ReadFile(file.Path)
	if err != nil {
		return nil
	}
	scan, parse := scanEnvFile, dotenv.ParseWithFormat
	if file.Format == "raw" {
		scan = scanRawFile
	}
	var all []Candidate
	for i, entry := range slices.Backward(scan(string(content)).entries) {
		if entry.name != name {
			continue
		}
		c := Candidate{Origin: Origin{Kind: ServiceEnvFile, File: file.Path, Line: entry.line, Column: entry.column}}
		// The statements up to this one give its value; those after it must not.
		values := maps.Clone(r.values)
		_ = parse(strings.NewReader(upTo(scan(string(content)).entries, i)), file.Path, values, r.lookup, file.Format)
		c.Value = values[name]
		c.Note = r.note(entry, file.Format)
		_, set := r.lookup(name)
		c.void = entry.inherited && !set
		all = append(all, c)
	}
	_ = parse(strings.NewReader(string(content)), file.Path, r.values, r.lookup, file.Format)
	return all
}

// upTo is the text of the statements up to and with the one at index.
func upTo(entries []envEntry, index int) string {
	var text strings.Builder
	for _, entry := range entries[:index+1] {
		text.WriteString(entry.text + "\n")
	}
	return text.String()
}

// note says where a statement's value comes from, if it does not stand there itself.
func (r envFileReader) note(entry envEntry, format string) string {
	scope := r.project.inputs.scope()
	if entry.inherited {
		return r.project.passThrough(Candidate{}, entry.name, scope).Note
	}
	if format == "raw" || strings.Contains(entry.text, "='") {
		return ""
	}
	_, asked, _ := scope.substitute(entry.text)
	var notes []string
	for _, name := range asked {
		_, elsewhere := r.values[name]
		if _, from := scope.lookup(name); from == nil && elsewhere {
			notes = append(notes, name+" from the service's environment")
			continue
		}
		notes = append(notes, r.project.reference(name, scope))
	}
	return strings.Join(notes, "; ")
}

// reference says where an interpolated variable comes from.
func (p *Project) reference(name string, scope scope) string {
	_, from := scope.lookup(name)
	if from == nil {
		return name + " is not set"
	}
	return fmt.Sprintf("%s from %s", name, p.where(from.origin(name)))
}

// RunEnvironment is what the flags of `run -e`, KEY or KEY=VALUE, set in a one-off container, over the service's own
// environment: KEY=VALUE for each, sorted, the last of equal ones. A KEY alone takes the value of the process environment
// or .env, and counts for nothing where that has none.
func (p *Project) RunEnvironment(flags []string) ([]string, error) {
	for _, flag := range flags {
		if name, _, _ := strings.Cut(flag, "="); name == "" {
			return nil, fault.New(fault.Usage, "-e %s: no variable name", flag)
		}
	}
	given := types.NewMappingWithEquals(flags).Resolve(p.Compose.Environment.Resolve).RemoveEmpty().ToMapping()
	return slices.Sorted(slices.Values(given.Values())), nil
}

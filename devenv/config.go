package devenv

import (
	"context"
	"fmt"
	"strings"

	"devenv/devenv/hook"
	"devenv/devenv/plan"
	"devenv/devenv/project"
	"devenv/devenv/secret"
)

// ConfigOptions are the flags of config.
type ConfigOptions struct {
	Explain     bool
	Name        string // with Explain: [SERVICE.]NAME; "" is all that devenv changes
	Format      string
	ShowSecrets bool
	Services    bool // only their names
	Quiet       bool // only check
}

// Config prints the project as Compose resolves it, or explains a value.
func (e *Environment) Config(ctx context.Context, options ConfigOptions) error {
	switch {
	case options.Explain:
		return e.explain(ctx, options)
	case options.Services:
		return e.settings.Term.Data([]byte(strings.Join(e.Services(), "\n") + "\n"))
	}
	content, err := e.project.Marshal(options.Format, options.ShowSecrets)
	if err != nil || options.Quiet {
		return err
	}
	return e.settings.Term.Data(content)
}

func (e *Environment) explain(ctx context.Context, options ConfigOptions) error {
	_, planned, err := e.plan(e.modes(""), nil)
	if err != nil {
		return err
	}
	if options.Name == "" {
		return e.printPlan(planned, options.Format)
	}
	if planned, err = e.foreseen(ctx, planned); err != nil {
		return err
	}
	explanations, err := e.project.Explain(options.Name, project.ExplainOptions{
		ImageEnv: e.imageEnv(ctx, planned), ShowSecrets: options.ShowSecrets,
	})
	changes := changesOf(planned, options.Name)
	if err != nil && changes == nil { // of volumes and networks only the changes are known
		return err
	}
	if !options.ShowSecrets {
		changes = maskedChanges(changes)
	}
	if options.Format == "json" {
		return e.settings.Term.JSON(explained{explanations, changes})
	}
	for _, explanation := range explanations {
		if err := e.printExplanation(explanation); err != nil {
			return err
		}
	}
	for _, change := range changes {
		if change.Service == "" {
			e.settings.Term.Say("devenv changes it: %s", change)
			continue
		}
		e.settings.Term.Say("devenv changes it in mode %s: %s", planned.Modes.Of(change.Service), change)
	}
	return nil
}

type explained struct {
	Values  []project.Explanation `json:"values"`
	Changes []plan.Change         `json:"changes"`
}

// imageEnv finds the ENV of a service's image, one of the places a variable can come from. Without an engine there
// is none to find, and the explanation does without.
func (e *Environment) imageEnv(ctx context.Context, planned plan.Plan) func(service string) map[string]string {
	return func(service string) map[string]string {
		if e.connect(ctx) != nil {
			return nil
		}
		image, found, err := e.engine.Image(ctx, plan.ImageName(planned.Project.Name, planned.Project.Services[service]))
		if err != nil || !found {
			return nil
		}
		env := map[string]string{}
		for _, assignment := range image.Env {
			name, value, _ := strings.Cut(assignment, "=")
			env[name] = value
		}
		return env
	}
}

// printExplanation prints a value, every place that has a say in it with the winner starred, and the rule.
func (e *Environment) printExplanation(x project.Explanation) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s = %s\n", x.Name, x.Value)
	for _, candidate := range x.Candidates {
		mark := " "
		if candidate.Won {
			mark = "*"
		}
		fmt.Fprintf(&text, "  %s %s  %s", mark, e.place(candidate.Origin), candidate.Value)
		if candidate.Note != "" {
			fmt.Fprintf(&text, "  (%s)", candidate.Note)
		}
		text.WriteString("\n")
	}
	fmt.Fprintf(&text, "  rule: %s\n", x.Rule)
	return e.settings.Term.Data([]byte(text.String()))
}

// place is an origin as FILE:LINE, or what it is where no file is concerned.
func (e *Environment) place(origin project.Origin) string {
	if origin.File == "" {
		return string(origin.Kind)
	}
	if origin.Line == 0 {
		return e.project.Rel(origin.File)
	}
	return fmt.Sprintf("%s:%d", e.project.Rel(origin.File), origin.Line)
}

// changesOf are the changes of a plan that concern [SERVICE.]NAME.
func changesOf(planned plan.Plan, name string) []plan.Change {
	var concerned []plan.Change
	for _, change := range planned.Changes {
		full := change.Path()
		if name == full || name == change.Service+"."+strings.TrimPrefix(change.Key, "environment.") || strings.HasPrefix(full, name+".") || "environment."+name == change.Key {
			concerned = append(concerned, change)
		}
	}
	return concerned
}

// printPlan prints what devenv changes in the project, and why.
func (e *Environment) printPlan(planned plan.Plan, format string) error {
	planned, err := e.foreseen(e.settings.Now, planned)
	if err != nil {
		return err
	}
	if format == "json" {
		return e.settings.Term.JSON(shownPlan{
			Mode: planned.Modes.Of(""), Profile: planned.Profile, Services: planned.Modes.Services,
			Changes: append([]plan.Change{}, maskedChanges(planned.Changes)...), Advice: append([]plan.Advice{}, planned.Advice...),
			Hooks: maskedHooks(planned.Hooks),
		})
	}
	planned.Changes, planned.Hooks = maskedChanges(planned.Changes), maskedHooks(planned.Hooks)
	return e.settings.Term.Data([]byte(planned.String()))
}

type shownPlan struct {
	Mode     string            `json:"mode"`
	Profile  string            `json:"profile,omitempty"`
	Services map[string]string `json:"services,omitempty"`
	Changes  []plan.Change     `json:"changes"`
	Advice   []plan.Advice     `json:"advice"`
	Hooks    []hook.Hook       `json:"hooks"`
}

func maskedChanges(changes []plan.Change) []plan.Change {
	masked := make([]plan.Change, len(changes))
	for i, change := range changes {
		change.From, change.To = mask(change.Key, change.From), mask(change.Key, change.To)
		masked[i] = change
	}
	return masked
}

func maskedHooks(hooks []hook.Hook) []hook.Hook {
	masked := make([]hook.Hook, len(hooks))
	for i, h := range hooks {
		words := make(hook.Run, len(h.Run))
		for j, word := range h.Run {
			words[j] = secret.Text(word)
		}
		h.Run = words
		masked[i] = h
	}
	return masked
}

// mask hides a value whose key ends in a variable's name, such as environment.API_KEY or "env API_KEY".
func mask(key, value string) string {
	name := key[strings.LastIndexAny(key, ". ")+1:]
	return secret.Masked(name, value)
}

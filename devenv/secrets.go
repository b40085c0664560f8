package devenv

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/fault"
	"devenv/devenv/host"
	"devenv/devenv/plan"
	"devenv/devenv/secret"
	"devenv/profiles"
)

// secrets are the values of a profile's secrets, in memory alone. A project is planned, printed and compared with what
// stands for them; they take its place in what goes to the engine. Safe for concurrent use.
type secrets struct {
	asking sync.Mutex
	values map[string]string // by what stands for a secret; guarded by asking
	hidden atomic.Pointer[secret.Masker]
}

// secretWithin bounds a command that prints a secret: one that takes longer waits for somebody to type.
const secretWithin = time.Minute

// revealed is a plan with the values of the profile's secrets in it. Each that it needs is asked for once.
func (e *Environment) revealed(ctx context.Context, planned plan.Plan) (plan.Plan, error) {
	if len(e.profileSecrets()) == 0 {
		return planned, nil
	}
	project, err := planned.Project.WithServicesEnabled() // enables nothing and copies everything
	if err != nil {
		return planned, err
	}
	builds, err := (&types.Project{Services: planned.Builds}).WithServicesEnabled()
	if err != nil {
		return planned, err
	}
	disabled, environment := project.DisabledServices, project.Environment
	project.DisabledServices, project.Environment = nil, asSecrets(project) // what nothing of this plan uses is not asked for
	for _, model := range []any{project, &builds.Services} {
		if err := e.reveal(ctx, planned, model); err != nil {
			return planned, err
		}
	}
	maps.Copy(environment, project.Environment)
	project.DisabledServices, project.Environment = disabled, environment
	planned.Project, planned.Builds = project, builds.Services
	return planned, nil
}

// asSecrets are the variables that a project hands over as configs and secrets of Compose's. All others have been filled
// in where they are used.
func asSecrets(p *types.Project) types.Mapping {
	handed := types.Mapping{}
	hand := func(name string) {
		if value, set := p.Environment[name]; set {
			handed[name] = value
		}
	}
	for _, config := range p.Configs {
		hand(config.Environment)
	}
	for _, secret := range p.Secrets {
		hand(secret.Environment)
	}
	return handed
}

func (e *Environment) profileSecrets() []profiles.Secret {
	if e.profile == nil {
		return nil
	}
	return e.profile.Secrets()
}

// reveal puts values into a model.
func (e *Environment) reveal(ctx context.Context, planned plan.Plan, model any) error {
	all := e.profileSecrets()
	needed := map[string]bool{}
	secret.Replace(model, func(text string) string {
		for _, s := range all {
			needed[s.Stand()] = needed[s.Stand()] || strings.Contains(text, s.Stand())
		}
		return text
	})
	e.secrets.asking.Lock()
	defer e.secrets.asking.Unlock()
	var pairs []string
	for _, s := range all {
		if !needed[s.Stand()] {
			continue
		}
		value, known := e.secrets.values[s.Stand()]
		if !known {
			var err error
			if value, err = e.value(ctx, planned, s); err != nil {
				return err
			}
			e.secrets.learn(s.Stand(), value)
		}
		pairs = append(pairs, s.Stand(), value)
	}
	if len(pairs) > 0 {
		secret.Replace(model, strings.NewReplacer(pairs...).Replace)
	}
	return nil
}

// learn keeps a value, and hides it from now on in all that is printed, each line of it.
func (s *secrets) learn(stand, value string) {
	s.values[stand] = value
	var pairs []secret.Pair
	for _, value := range s.values {
		for line := range strings.Lines(value) {
			pairs = append(pairs, secret.Pair{Name: "SECRET", Value: strings.TrimSpace(line)})
		}
	}
	s.hidden.Store(secret.NewMasker(pairs))
}

// hide is text without secrets: those of the project's own variables, and the profile's as far as they are known.
func (e *Environment) hide(text string) string {
	return e.known.Text(e.secrets.hidden.Load().Text(text))
}

// value finds out the value of a secret.
func (e *Environment) value(ctx context.Context, planned plan.Plan, s profiles.Secret) (string, error) {
	place := e.profilePlace(s.Path...) + ": " + strings.Join(s.Path, ".")
	content, err := e.secretFile(s.File)
	if s.File == "" {
		content, err = e.secretCommand(ctx, planned, s)
	}
	var known *fault.Error
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.As(err, &known):
		failed := *known
		failed.Message = place + ": " + failed.Message
		return "", &failed
	case len(content) == 0:
		return "", fault.New(fault.Failed, "%s: %s: it is empty", place, s.Source)
	}
	return string(content), err
}

func (e *Environment) secretFile(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	if rest, home := strings.CutPrefix(path, "~"); home {
		path = filepath.Join(e.variable("HOME"), rest)
	} else if !filepath.IsAbs(path) {
		path = filepath.Join(e.project.Dir(), path)
	}
	content, err := os.ReadFile(path)
	var at *fs.PathError
	if errors.As(err, &at) {
		return nil, fault.New(fault.Usage, "%s: %w", e.project.Rel(path), at.Err)
	}
	return bytes.TrimRight(content, "\r\n"), err
}

// secretCommand runs a secret's command, without a terminal. What it says on standard error is shown if it fails.
func (e *Environment) secretCommand(ctx context.Context, planned plan.Plan, s profiles.Secret) ([]byte, error) {
	var printed bytes.Buffer
	said := &host.Lines{Keep: lastLines}
	status, err := host.Run(ctx, e.settings.Now, host.Command{
		Args: s.Command, Dir: e.project.Dir(), Env: e.hostEnv(planned), Out: &printed, Err: said, Limit: secretWithin,
	})
	detail := slices.Clone(said.Last())
	if err == nil && status != 0 {
		err = fault.New(fault.Failed, "exit status %d", status)
	}
	if err != nil {
		return nil, fault.New(fault.Failed, "%s: %w", s.Command, err).WithDetail(detail...).
			WithHint("it runs without a terminal: unlock what it reads from first")
	}
	return bytes.TrimRight(printed.Bytes(), "\r\n"), nil
}

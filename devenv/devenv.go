package devenv

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"time"

	"devenv/devenv/checkout"
	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
	"devenv/devenv/project"
	"devenv/devenv/secret"
	"devenv/devenv/stack"
	"devenv/devenv/state"
	"devenv/devenv/term"
	"devenv/profiles"
)

// Settings are what a command is started with.
type Settings struct {
	Dir             string   // absolute folder the command was started in
	Env             []string // process environment, KEY=VALUE
	Files, EnvFiles []string // -f, --env-file
	ProjectDir      string   // --project-directory
	Name            string   // -p
	Mode            string   // for this time, before the remembered one; "" is none
	Profile         string   // for this time, before the remembered one; profiles.None is none, "" the remembered one
	draft           profiles.Draft
	context         string        // that a profile has chosen, of the stack that goes with the settings
	WithoutProfile  bool          // the command is about profiles, and must do its work where the chosen one is wrong
	Poll            time.Duration // look at files this often instead of waiting for events; 0 is events
	DebugWait       []string      // services that run nothing before a debugger has attached
	NoHooks         bool          // run no hooks
	Ends            bool          // the command ends what runs, for which nothing of a profile is needed
	Existing        bool          // the command acts on what runs already, so services' env files may be missing

	In          io.Reader
	Out, Err    io.Writer
	Interactive bool // Err is a terminal
	Pictures    bool // Out is a terminal
	Term        *term.Terminal

	Now     context.Context // done when the user interrupts a second time: what is left ends at once
	Yield   func() func()   // leaves Ctrl-C to a program that has the terminal, until what it returns is called
	Signals func()          // takes up the signals again that Compose's SDK has let go of
	Command string          // as typed, for whoever finds the project held
	PID     int
	UID     int // who runs devenv; -1 where the system has no numbers for users
}

// Environment is one opened project. Close it.
type Environment struct {
	settings Settings
	project  *project.Project
	store    state.Store
	state    state.State
	profile  *profiles.Profile // nil is none
	vanished bool              // the profile that this checkout uses is gone
	checkout checkout.Checkout
	source   checkout.Source // of the name that Compose would use

	stack  *stack.Stack
	engine *engine.Client // nil until connect

	known   *secret.Masker // knows the secrets among the project's own variables
	secrets *secrets
	touched map[string]bool   // containers whose outcome report has told; the stack reports one event at a time
	stolen  map[uint16]string // host ports that were free when they were chosen and taken when they were wanted, by whom
}

// Open loads the project. It needs no engine.
func Open(ctx context.Context, settings Settings) (*Environment, error) {
	opened, err := stack.Open(ctx, settings.Env, stack.Streams{In: settings.In, Out: settings.Out, Err: settings.Err})
	if err != nil {
		return nil, err
	}
	env, err := open(ctx, settings, opened)
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	if env.stack != opened {
		_ = opened.Close() // nothing was said over it
	}
	env.warn()
	return env, nil
}

func open(ctx context.Context, settings Settings, opened *stack.Stack) (*Environment, error) {
	env := &Environment{
		settings: settings, stack: opened, touched: map[string]bool{}, stolen: map[uint16]string{}, secrets: &secrets{values: map[string]string{}},
	}
	moved := false
	loaded, err := project.Load(ctx, project.Request{
		Dir: settings.Dir, Env: settings.Env, Files: settings.Files, EnvFiles: settings.EnvFiles,
		ProjectDir: settings.ProjectDir, Name: settings.Name, WithoutEnvFiles: settings.Existing, WithoutRequired: settings.WithoutProfile, Stdin: settings.In,
		Resources: opened.ResourceLoaders(), Profile: env.chosenProfile,
		Naming: func(dir, base string, source checkout.Source) (_ checkout.Naming, err error) {
			if moved, err = env.settle(ctx, dir); err != nil {
				return checkout.Naming{}, err
			}
			naming, err := env.naming(dir, base, source)
			if env.vanished {
				naming = lastNamed(dir, naming, source)
			}
			return naming, err
		},
	})
	if err != nil {
		return nil, err
	}
	env.project, env.profile, env.store = loaded, loaded.Profile(), state.In(loaded.Dir())
	if env.state, err = env.store.Load(); err != nil {
		return nil, err
	}
	env.known = loaded.Masker()
	settings.Term.Mask(env.hide)
	if moved {
		err = env.endsByItself(ctx)
	}
	if err == nil {
		err = env.turn(ctx)
	}
	if err == nil && env.vanished {
		err = env.elsewhere()
	}
	return env, err
}

// again is the project loaded anew, on the same connections; closing it is for the first one.
func (e *Environment) again(ctx context.Context) (*Environment, error) {
	fresh, err := open(ctx, e.settings, e.stack)
	if err != nil {
		return nil, err
	}
	if fresh.settings.context != e.settings.context {
		e.part(fresh)
		return nil, fault.New(fault.Usage, "the profile chooses another engine than the one that runs the project").
			WithHint("devenv profile use %s, or devenv down before the change", e.currentProfile())
	}
	fresh.engine = e.engine
	fresh.warn()
	return fresh, nil
}

// warn prints what loading the project found worth mending.
func (e *Environment) warn() {
	for _, warning := range e.project.Warnings {
		e.settings.Term.Warn("%s", warning)
	}
}

// Close gives back the connections to the engine.
func (e *Environment) Close() {
	if e.engine != nil {
		_ = e.engine.Close() // it was only read from; there is nothing to lose
	}
	_ = e.stack.Close()
}

// Services are the names of the project's services, sorted.
func (e *Environment) Services() []string { return e.project.Compose.ServiceNames() }

// connect reaches the engine, once.
func (e *Environment) connect(ctx context.Context) error {
	if e.engine != nil {
		return nil
	}
	client, err := engine.Connect(ctx, e.stack.Endpoint())
	if err == nil {
		e.engine = client
	}
	return err
}

// modes are the modes of the project's services: the flag, what this checkout remembers, the profile, x-devenv.mode,
// local. A profile that was given for this time goes before what is remembered.
func (e *Environment) modes(flag string) plan.Modes {
	if mode := cmp.Or(flag, e.settings.Mode); mode != "" {
		return plan.Modes{Project: strings.ToLower(mode)}
	}
	return e.modesOf(e.state)
}

// modesOf are the modes that a remembered state means.
func (e *Environment) modesOf(remembered state.State) plan.Modes {
	said := e.profileModes()
	if e.settings.Profile != "" && e.settings.Profile != e.state.Profile && (said.Project != "" || len(said.Services) > 0) {
		remembered = state.State{}
	}
	if remembered.Mode != "" {
		return plan.Modes{Project: remembered.Mode, Services: remembered.Services}
	}
	said.Project = cmp.Or(said.Project, e.project.Extension.Mode)
	maps.Copy(said.Services, remembered.Services)
	return said
}

// change takes the project for a command that changes its containers, and gives the project back.
func (e *Environment) change(ctx context.Context, do func() error) error {
	lock, err := e.store.Lock(ctx, state.Change, e.holder())
	if holder, held := e.store.Holder(state.Change); err != nil && held && holder.Passing {
		e.settings.Term.Say("waiting for %q, which brings the project up to date with its files", holder.Command)
		lock, err = e.store.Await(ctx, state.Change, e.holder())
	}
	if errors.Is(err, state.ErrUnwritable) {
		e.settings.Term.Warn("%s: another devenv cannot be kept from changing the project meanwhile", err)
		return do()
	}
	if err != nil {
		return err
	}
	return errors.Join(do(), lock.Release())
}

// changeForFiles is change for a session: files have changed, and nobody waits for an answer. It waits for its turn,
// and others wait for it.
func (e *Environment) changeForFiles(ctx context.Context, do func() error) error {
	holder := e.holder()
	holder.Passing = true
	lock, err := e.store.Await(ctx, state.Change, holder)
	if err != nil {
		return err
	}
	return errors.Join(do(), lock.Release())
}

func (e *Environment) holder() state.Holder {
	return state.Holder{Command: e.settings.Command, PID: e.settings.PID, Since: time.Now()}
}

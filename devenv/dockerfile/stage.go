package dockerfile

import (
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// newStage reads one stage; the stages before it are already in f.
func (f *File) newStage(parsed *instructions.Stage, global *scope) *Stage {
	s := &Stage{
		Name: parsed.Name, Index: len(f.Stages), Line: firstLine(parsed.Location),
		Env: map[string]string{}, Args: map[string]string{}, end: lastLine(parsed.Location), commands: parsed.Commands,
	}
	s.Base, _ = global.expand(parsed.BaseName)
	s.parent = f.named(s.Base)
	vars := global.stage(s.parent)
	for _, command := range parsed.Commands {
		s.add(command, vars, global)
	}
	return s
}

// add records one instruction and keeps vars, the variables at this point of the stage, up to date.
func (s *Stage) add(command instructions.Command, vars, global *scope) {
	line := firstLine(command.Location())
	switch c := command.(type) {
	case *instructions.ArgCommand:
		maps.Copy(s.Args, vars.declare([]instructions.ArgCommand{*c}, global))
	case *instructions.EnvCommand:
		maps.Copy(s.Env, vars.setEnv(c.Env))
	case *instructions.CmdCommand:
		s.Cmd = newCommand(c.ShellDependantCmdLine, line)
	case *instructions.EntrypointCommand:
		s.Entrypoint = newCommand(c.ShellDependantCmdLine, line)
	case *instructions.ExposeCommand:
		s.Expose = append(s.Expose, vars.expandPorts(c.Ports)...)
	case *instructions.UserCommand:
		s.User, _ = vars.expand(c.User)
	case *instructions.WorkdirCommand:
		dir, _ := vars.expand(c.Path)
		s.Workdir = joinWorkdir(s.Workdir, dir)
	case *instructions.CopyCommand:
		s.Copies = append(s.Copies, vars.newCopy("COPY", c.SourcesAndDest, c.From, line))
	case *instructions.AddCommand:
		s.Copies = append(s.Copies, vars.newCopy("ADD", c.SourcesAndDest, "", line))
	case *instructions.RunCommand:
		s.Runs = append(s.Runs, Run{Text: runText(c), Workdir: s.Workdir, Line: line})
		s.addMounts(c, vars, line)
	}
}

func newCommand(parsed instructions.ShellDependantCmdLine, line int) *Command {
	return &Command{Args: slices.Clone(parsed.CmdLine), Shell: parsed.PrependShell, Line: line}
}

func runText(run *instructions.RunCommand) string {
	lines := []string{strings.Join(run.CmdLine, " ")}
	for _, heredoc := range run.Files {
		lines = append(lines, heredoc.Data)
	}
	return strings.Join(lines, "\n")
}

// addMounts records what `RUN --mount` reads: other stages and images, and bind mounts of the context.
func (s *Stage) addMounts(run *instructions.RunCommand, vars *scope, line int) {
	expand := func(word string) (string, error) { text, _ := vars.expand(word); return text, nil }
	if run.Expand(expand) != nil {
		return // the build reports it with its line
	}
	for _, mount := range instructions.GetMounts(run) {
		if mount.From != "" {
			s.Mounts = append(s.Mounts, mount.From)
			continue
		}
		if mount.Type == instructions.MountTypeBind && mount.Source != "" {
			parts := instructions.SourcesAndDest{SourcePaths: []string{mount.Source}, DestPath: mount.Target}
			s.Copies = append(s.Copies, vars.newCopy("RUN --mount", parts, "", line))
		}
	}
}

// scope is the variables that are visible at one point of a Dockerfile.
type scope struct {
	lex    *shell.Lex
	given  map[string]string // build arguments
	values map[string]string // ARG and ENV that have a decided value
	env    map[string]bool   // names set by ENV, which an ARG cannot change
}

func newScope(escape rune, given map[string]string) *scope {
	lex := shell.NewLex(escape)
	lex.SkipUnsetEnv = true // an unknown variable stays as it is written
	return &scope{lex: lex, given: given, values: map[string]string{}, env: map[string]bool{}}
}

// stage is the scope at the start of a stage: global ARGs are not visible, the ENV and ARG of its parent are.
func (v *scope) stage(parent *Stage) *scope {
	fresh := &scope{lex: v.lex, given: v.given, values: map[string]string{}, env: map[string]bool{}}
	for _, s := range lineage(parent) {
		maps.Copy(fresh.values, s.Args)
		fresh.inherit(s.Env)
	}
	return fresh
}

func (v *scope) inherit(env map[string]string) {
	for name, value := range env {
		v.values[name], v.env[name] = value, true
	}
}

// declare makes ARGs visible and returns those that have a value. Inside a stage an ARG without a default
// takes the one of the global ARG of its name.
func (v *scope) declare(commands []instructions.ArgCommand, global *scope) map[string]string {
	set := map[string]string{}
	for _, command := range commands {
		for _, arg := range command.Args {
			value, ok := v.argument(arg, global)
			if !ok || v.env[arg.Key] {
				continue
			}
			v.values[arg.Key], set[arg.Key] = value, value
		}
	}
	return set
}

func (v *scope) argument(arg instructions.KeyValuePairOptional, global *scope) (string, bool) {
	if value, ok := v.given[arg.Key]; ok {
		return value, true
	}
	if arg.Value != nil {
		return v.expand(*arg.Value)
	}
	if global == nil {
		return "", false
	}
	value, ok := global.values[arg.Key]
	return value, ok
}

// setEnv applies one ENV instruction; all its values see the variables from before it.
func (v *scope) setEnv(pairs instructions.KeyValuePairs) map[string]string {
	set := map[string]string{}
	for _, pair := range pairs {
		key, _ := v.expand(pair.Key)
		set[key], _ = v.expand(pair.Value)
	}
	v.inherit(set)
	return set
}

// expand replaces variables in a word. Its second result says that nothing is left undecided.
func (v *scope) expand(word string) (string, bool) {
	result, err := v.lex.ProcessWordWithMatches(word, variables(v.values))
	if err != nil {
		return word, false
	}
	return result.Result, len(result.Unmatched) == 0 && !strings.Contains(result.Result, "$")
}

func (v *scope) expandPorts(ports []string) []string {
	var all []string
	for _, port := range ports {
		text, _ := v.expand(port)
		all = append(all, strings.Fields(text)...)
	}
	return all
}

func (v *scope) newCopy(instruction string, parts instructions.SourcesAndDest, from string, line int) Copy {
	c := Copy{Instruction: instruction, Line: line}
	c.From, _ = v.expand(from)
	c.Dest, _ = v.expand(parts.DestPath)
	for _, heredoc := range parts.SourceContents {
		c.Texts = append(c.Texts, heredoc.Data)
	}
	for _, source := range parts.SourcePaths {
		if text, ok := v.expand(source); ok {
			c.Sources = append(c.Sources, text)
		} else {
			c.Undecided = append(c.Undecided, text)
		}
	}
	return c
}

// variables gives the lexer its values.
type variables map[string]string

func (v variables) Get(name string) (string, bool) { value, ok := v[name]; return value, ok }
func (v variables) Keys() []string                 { return slices.Collect(maps.Keys(v)) }

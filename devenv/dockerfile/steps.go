package dockerfile

import (
	"maps"
	"path"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Step is one instruction with what holds where it stands. Its variables are replaced as far as the file decides them.
type Step struct {
	Name      string // RUN, COPY, ...; FROM begins a stage
	Line, End int    // its first and last line
	Stage     *Stage

	Env     map[string]string // of ENV, inherited too, before the step
	Workdir string            // absolute; "" as long as only the image knows it
	User    string            // "" as long as only the image knows it

	Args   []string          // of RUN, CMD, ENTRYPOINT and HEALTHCHECK; in shell form one text, heredocs included
	Shell  bool              // Args is for the shell
	Mounts []Mount           // of RUN
	Copy   *Copy             // of COPY and ADD, with an absolute Dest where Workdir is known
	Chown  string            // of COPY and ADD
	Set    map[string]string // of ENV and ARG; an ARG without a value is ""
	None   bool              // HEALTHCHECK NONE
}

// Mount is a --mount of RUN.
type Mount struct {
	Type, From, Source, Target string
}

// Steps are the instructions that make a target: those of the stages that it stands on, from the first, then its own.
func (f *File) Steps(target string) []Step {
	stage, ok := f.Stage(target)
	if !ok {
		return nil
	}
	var all []Step
	at := Step{Env: map[string]string{}}
	for _, s := range lineage(stage) {
		at.Stage = s
		all = append(all, s.from(at))
		vars := f.global.stage(s.parent)
		for _, command := range s.commands {
			all = append(all, at.step(command, vars, f.global))
		}
	}
	return all
}

// OwnSteps are the instructions of one stage alone, FROM first.
func (f *File) OwnSteps(stage *Stage) []Step {
	all := f.Steps(stage.Key())
	for i := range all {
		if all[i].Stage == stage {
			return all[i:]
		}
	}
	return nil
}

func (s *Stage) from(at Step) Step {
	at.Name, at.Line, at.End = "FROM", s.Line, s.end
	return at
}

// step is a command as a Step, and takes note in at and in vars of what it changes for those after it.
func (at *Step) step(command instructions.Command, vars, global *scope) Step {
	step := *at
	step.Name = strings.ToUpper(command.Name())
	step.Line, step.End = firstLine(command.Location()), lastLine(command.Location())
	switch c := command.(type) {
	case *instructions.ArgCommand:
		step.Set = declared(c.Args, vars.declare([]instructions.ArgCommand{*c}, global))
	case *instructions.EnvCommand:
		step.Set = vars.setEnv(c.Env)
		at.Env = maps.Clone(at.Env)
		maps.Copy(at.Env, step.Set)
	case *instructions.UserCommand:
		at.User, _ = vars.expand(c.User)
	case *instructions.WorkdirCommand:
		dir, _ := vars.expand(c.Path)
		at.Workdir = joinWorkdir(at.Workdir, dir)
	default:
		step.read(command, vars)
	}
	return step
}

// read takes what a command holds that changes nothing for those after it.
func (at *Step) read(command instructions.Command, vars *scope) {
	switch c := command.(type) {
	case *instructions.RunCommand:
		at.command(c.ShellDependantCmdLine)
		for _, m := range instructions.GetMounts(c) {
			at.Mounts = append(at.Mounts, Mount{string(m.Type), m.From, m.Source, absolute(at.Workdir, m.Target)})
		}
	case *instructions.CmdCommand:
		at.command(c.ShellDependantCmdLine)
	case *instructions.EntrypointCommand:
		at.command(c.ShellDependantCmdLine)
	case *instructions.HealthCheckCommand:
		at.Args, at.Shell, at.None = healthTest(c.Health.Test)
	case *instructions.CopyCommand:
		at.copy(vars.newCopy("COPY", c.SourcesAndDest, c.From, at.Line), c.Chown)
	case *instructions.AddCommand:
		at.copy(vars.newCopy("ADD", c.SourcesAndDest, "", at.Line), c.Chown)
	}
}

func (at *Step) command(line instructions.ShellDependantCmdLine) {
	at.Args, at.Shell = line.CmdLine, line.PrependShell
	if !at.Shell {
		return
	}
	text := strings.Join(at.Args, "\n")
	if strings.HasPrefix(text, "<<") {
		text = "" // the shell runs the heredoc itself
	}
	for _, file := range line.Files {
		text += file.Data
	}
	at.Args = []string{text}
}

func (at *Step) copy(c Copy, chown string) {
	folder := strings.HasSuffix(c.Dest, "/") || c.Dest == "."
	c.Dest = absolute(at.Workdir, c.Dest)
	if folder && !strings.HasSuffix(c.Dest, "/") {
		c.Dest += "/"
	}
	at.Copy, at.Chown = &c, chown
}

// healthTest takes the test of a healthcheck apart, as Dockerfiles and compose files write it.
func healthTest(test []string) (args []string, shell, none bool) {
	switch {
	case len(test) == 0:
		return nil, false, false
	case test[0] == "NONE":
		return nil, false, true
	case test[0] == "CMD-SHELL":
		return test[1:], true, false
	}
	return test[1:], false, false
}

func declared(args []instructions.KeyValuePairOptional, values map[string]string) map[string]string {
	all := map[string]string{}
	for _, arg := range args {
		all[arg.Key] = values[arg.Key]
	}
	return all
}

// absolute is a path from dir on, or as it is where dir is not known.
func absolute(dir, name string) string {
	if path.IsAbs(name) || dir == "" {
		return name
	}
	return path.Join("/", dir, name)
}

func lastLine(ranges []parser.Range) int {
	if len(ranges) == 0 {
		return 0
	}
	return ranges[len(ranges)-1].End.Line
}

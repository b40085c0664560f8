// Package dockerfile answers questions about a Dockerfile without building it: which stages it has, what
// each of them runs, and which files of the build context a target needs.
//
// The text is read by BuildKit's own parser, so what devenv says about a Dockerfile is what the build does.
// Variables are replaced as far as ARG, ENV and the given build arguments decide them; what only a build can
// know (the environment of a base image, the platform) stays as it is written.
package dockerfile

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"devenv/devenv/fault"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// File is one parsed Dockerfile.
type File struct {
	Path   string // as given to Parse; messages begin with it
	Syntax string // the image of a "# syntax=" line, or ""
	Stages []*Stage

	global *scope
}

// Stage is the part of a Dockerfile from one FROM to the next. Its values are its own; Effective adds what
// it inherits.
type Stage struct {
	Name  string // of "AS name", as written; "" for an unnamed stage
	Index int    // position in the file, from 0
	Base  string // name of a stage or an image, variables replaced
	Line  int    // of its FROM

	Cmd        *Command // nil if the stage has no CMD
	Entrypoint *Command // nil if the stage has no ENTRYPOINT
	Expose     []string // "8000", "53/udp", "8000-8010"; sorted within one EXPOSE
	User       string   // "" if the stage has no USER
	Workdir    string   // as written, so it can be relative; "" if the stage has no WORKDIR
	Env        map[string]string
	Args       map[string]string // declared ARGs that have a value
	Copies     []Copy
	Mounts     []string // stages and images that RUN --mount=from= reads
	Runs       []Run

	parent   *Stage // the stage that Base names, or nil for an image
	end      int    // last line of its FROM
	commands []instructions.Command
}

// Command is a CMD or an ENTRYPOINT.
type Command struct {
	Args  []string // in shell form a single line for the shell
	Shell bool     // written without brackets: the shell of the stage runs it
	Line  int
}

// Run is a RUN: what a shell is given to do, with its heredocs. Variables are the shell's, so they are left as written.
type Run struct {
	Text    string
	Workdir string // the stage's at this point, as in Stage
	Line    int
}

// Copy is a COPY, an ADD, or a bind mount of a RUN: what a stage takes from elsewhere.
type Copy struct {
	Instruction string   // COPY, ADD or RUN --mount
	Sources     []string // paths, globs or URLs whose variables are all decided
	Undecided   []string // sources that depend on what only the build knows
	Texts       []string // heredocs
	Dest        string
	From        string // stage, index, image or named context; "" is the build context
	Line        int
}

// Parse reads a Dockerfile with the defaults of its ARGs. path is only used in messages; an error is a
// *fault.Error that begins with path:line.
func Parse(path string, content []byte) (*File, error) {
	return ParseWithArgs(path, content, nil)
}

// ParseWithArgs is Parse with build arguments, which go before the defaults of the Dockerfile's ARGs.
func ParseWithArgs(path string, content []byte, args map[string]string) (*File, error) {
	ast, err := parser.Parse(bytes.NewReader(content))
	if err != nil {
		return nil, syntaxError(path, err)
	}
	stages, meta, err := instructions.Parse(ast.AST, nil)
	if err != nil {
		return nil, syntaxError(path, err)
	}
	if len(stages) == 0 {
		return nil, fault.New(fault.Usage, "%s: no FROM instruction", path)
	}
	f := &File{Path: path, Syntax: Syntax(content)}
	global := newScope(ast.EscapeToken, args)
	global.declare(meta, nil)
	f.global = global
	for i := range stages {
		f.Stages = append(f.Stages, f.newStage(&stages[i], global))
	}
	return f, nil
}

// Syntax is the image of the frontend that a "# syntax=" line asks for, or "".
func Syntax(content []byte) string {
	image, _, _, _ := parser.DetectSyntax(content)
	return image
}

// linePrefix is how BuildKit begins a message when its line is not in the error's type.
var linePrefix = regexp.MustCompile(`^dockerfile parse error on line (\d+): `)

func syntaxError(path string, err error) error {
	text, line := err.Error(), 0
	if m := linePrefix.FindStringSubmatch(text); m != nil {
		text = text[len(m[0]):]
		line, _ = strconv.Atoi(m[1])
	}
	line = max(line, Line(err))
	if line == 0 {
		return fault.New(fault.Usage, "%s: %s", path, text)
	}
	return fault.New(fault.Usage, "%s:%d: %s", path, line, text)
}

// Line is the line that an error of BuildKit's Dockerfile frontend carries, or 0.
func Line(err error) int {
	var located *parser.LocationError
	if !errors.As(err, &located) {
		return 0
	}
	return firstLine(located.Locations...)
}

func firstLine(locations ...[]parser.Range) int {
	for _, ranges := range locations {
		if len(ranges) > 0 {
			return ranges[0].Start.Line
		}
	}
	return 0
}

// Stage finds a stage as `target:` does: by name without regard to case, else by its index. With "" it is
// the last stage, which a build without a target makes.
func (f *File) Stage(name string) (*Stage, bool) {
	if name == "" {
		return f.Stages[len(f.Stages)-1], true
	}
	if s := f.named(name); s != nil {
		return s, true
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(f.Stages) {
		return f.Stages[i], true
	}
	return nil, false
}

// named is the last stage of a name so far; BuildKit lets a later stage take the name of an earlier one.
func (f *File) named(name string) *Stage {
	for i := len(f.Stages) - 1; i >= 0; i-- {
		if name != "" && strings.EqualFold(f.Stages[i].Name, name) {
			return f.Stages[i]
		}
	}
	return nil
}

// Names are the names of the stages that have one, in the order of the file.
func (f *File) Names() []string {
	var names []string
	for _, s := range f.Stages {
		if s.Name != "" {
			names = append(names, s.Name)
		}
	}
	return names
}

package uv

import (
	"slices"
	"strings"
)

// Command is a command of devenv's that uv carries out.
type Command string

// The commands. Upgrade takes names of packages, or none for all; the others take what uv's command takes.
const (
	Add     Command = "add"
	Remove  Command = "remove"
	Sync    Command = "sync"
	Lock    Command = "lock"
	Upgrade Command = "upgrade"
	Deps    Command = "deps" // uv tree
)

// Request is what the user typed.
type Request struct {
	Command Command
	Args    []string
	Image   []string // Choosing of the `uv sync` that the image was made with: what is not said is as there
}

// Steps are the commands of uv that carry a request out.
type Steps struct {
	Stage []string // arguments of uv in the stage, or nil
	Keep  bool     // the stage's files come back
	Place []string // arguments of uv in the project's own folder, after that, or nil

	image []string // what of the project is installed
}

// Installs says whether the environment is changed.
func (s Steps) Installs() bool {
	return s.Place != nil || len(s.Stage) > 0 && s.Stage[0] != string(Lock) && s.Stage[0] != "tree" && !leavesEnvironment(s.Stage)
}

// Reads says whether neither the project's files nor the environment are changed.
func (s Steps) Reads() bool { return !s.Keep && !s.Installs() }

// Decide says how a request is carried out in a project with these files.
func Decide(request Request, files Files) Steps {
	apart := len(installedFolders(files[lockFile])) > 0
	args := request.Args
	switch request.Command {
	case Deps:
		return Steps{Stage: append([]string{"tree"}, args...)}
	case Lock:
		return Steps{Stage: append([]string{"lock"}, args...), Keep: !has(args, "--check", "--locked", "--check-exists", "--frozen", "--dry-run")}
	case Upgrade:
		return sync(apart, chosen(request.Image, upgrades(args)))
	case Sync:
		return sync(apart, chosen(request.Image, args))
	case Add, Remove:
	}
	stage := append([]string{string(request.Command)}, args...)
	image := widened(request.Image, args)
	narrows := request.Command == Remove && has(Choosing(args), "--package") // `uv remove` leaves nothing but this member's
	if !apart && uvKnows(image) && !narrows || leavesEnvironment(args) {
		return Steps{Stage: stage, Keep: true, image: image}
	}
	place := slices.Concat([]string{"sync", "--frozen"}, image, selection(request.Command, args, image))
	if request.Command == Add {
		place = append(place, "--inexact") // as `uv add` does: what else is installed stays
	}
	return Steps{Stage: slices.Insert(stage, 1, "--no-sync"), Keep: true, Place: place}
}

// Rest is what is left to be done in the project's own folder after the stage has turned files into now: packages that came
// from folders, which no lock file told of before, are installed once more, from their own places.
func (s Steps) Rest(files, now Files) []string {
	known := installedFolders(files[lockFile])
	if s.Place != nil || !s.Installs() || len(known) > 0 {
		return s.Place
	}
	var rest []string
	for _, name := range installedFolders(now[lockFile]) {
		rest = append(rest, "--reinstall-package", name)
	}
	if rest == nil {
		return nil
	}
	return slices.Concat([]string{"sync", "--frozen", "--inexact"}, s.image, rest)
}

// Leaves says whether the project's files are changed and the environment is not, because the user asked for that.
func (s Steps) Leaves() bool {
	return len(s.Stage) > 0 && (s.Stage[0] == string(Add) || s.Stage[0] == string(Remove)) && s.Place == nil && leavesEnvironment(s.Stage)
}

// chosen are arguments of `uv sync`, which choose as the image does what they do not choose themselves.
func chosen(image, args []string) []string {
	own := choices(args)
	for _, c := range choices(image) {
		if !slices.ContainsFunc(own, func(o choice) bool { return o.kind() == c.kind() }) {
			args = slices.Concat(args, c)
		}
	}
	return args
}

// sync is `uv sync`, apart from resolving where the project's own folder matters.
func sync(apart bool, args []string) Steps {
	whole := append([]string{"sync"}, args...)
	switch {
	case !apart, slices.ContainsFunc(choices(args), choice.lacksValue): // uv says so
		return Steps{Stage: whole, Keep: true}
	case has(args, "--frozen", "--locked", "--check", "--dry-run"):
		return Steps{Place: whole}
	}
	resolving, rest := upgrading(args)
	return Steps{
		Stage: append([]string{"lock"}, resolving...), Keep: true,
		Place: append([]string{"sync", "--frozen"}, rest...),
	}
}

// upgrades are the flags for packages to upgrade, with the flags among them as they are.
func upgrades(args []string) []string {
	flags := []string{}
	named := false
	for i, arg := range args {
		if strings.HasPrefix(arg, "-") || i > 0 && choosing[args[i-1]].valued {
			flags = append(flags, arg)
			continue
		}
		flags, named = append(flags, "--upgrade-package", arg), true
	}
	if !named {
		flags = append(flags, "--upgrade")
	}
	return flags
}

// upgrading takes the flags that say what to upgrade out of those of `uv sync`: they are for the resolver.
func upgrading(args []string) (resolving, rest []string) {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "-P" || arg == "--upgrade-package":
			resolving = append(resolving, args[i:min(i+2, len(args))]...)
			i++
		case arg == "-U" || arg == "--upgrade" || strings.HasPrefix(arg, "--upgrade-package="):
			resolving = append(resolving, arg)
		default:
			rest = append(rest, arg)
		}
	}
	return resolving, rest
}

// selection is the part of the project that `uv add` and `uv remove` sync beside what the image has, as flags of `uv sync`.
// The member that a package is added to comes where the image says nothing of members: else these are the ones it is for,
// as they are for what is removed, since nothing but a member's packages would be left.
func selection(command Command, args, image []string) []string {
	var flags []string
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		switch {
		case name == "--group":
			flags = append(flags, name, value)
		case name == "--package" && command == Add && !has(image, "--package", "--all-packages"):
			flags = append(flags, name, value)
		case name == "--optional" && !has(image, "--all-extras"):
			flags = append(flags, "--extra", value)
		}
	}
	return flags
}

// leavesEnvironment says whether the user asked uv not to install.
func leavesEnvironment(args []string) bool { return has(args, "--no-sync", "--frozen", "--help", "-h") }

func has(args []string, flags ...string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return slices.Contains(flags, arg) })
}

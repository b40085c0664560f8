package plan

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/dockerfile"
)

// DebugLabel says on a container at which of its ports Delve listens. devenv reaches it at a port of 127.0.0.1 that the engine chooses.
const DebugLabel = "devenv.debug"

// delvePort is where Delve listens if nothing says otherwise: the port of its documentation.
const delvePort = 2345

// process is the part of a service that starts its program: the command, or the entrypoint.
type process struct {
	key  string // as in the compose file
	args []string
	own  bool // the compose file has it; else it is the image's
}

// name is what the cause of a change calls it.
func (p process) name() string {
	switch {
	case p.own:
		return "the " + p.key
	case p.key == "command":
		return "CMD"
	default:
		return "ENTRYPOINT"
	}
}

// processes are what a container of the service runs, the command first.
func (o *overlay) processes() []process {
	image, _ := effective(o.in, o.declared())
	all := []process{{"command", o.service.Command, true}, {"entrypoint", o.service.Entrypoint, true}}
	if len(o.service.Entrypoint) == 0 {
		all[1] = process{"entrypoint", inShell(image.Entrypoint), false}
		if len(o.service.Command) == 0 {
			all[0] = process{"command", inShell(image.Cmd), false}
		}
	}
	return all
}

// inShell are the arguments of an instruction as a compose file writes them.
func inShell(command *dockerfile.Command) []string {
	switch {
	case command == nil:
		return nil
	case command.Shell:
		return append([]string{"/bin/sh", "-c"}, command.Args...)
	default:
		return command.Args
	}
}

// delve is the process of a service that is a Delve server, and whether there is one.
func (o *overlay) delve() (process, bool) {
	for _, p := range o.processes() {
		if headless(p.args) && listening(p.args) != 0 {
			return p, true
		}
	}
	return process{}, false
}

// headless tells `dlv exec|debug|test --headless`, which serve several clients, from Delve's other commands.
func headless(command []string) bool {
	words := words(command)
	return slices.ContainsFunc(words, isDelve) && headlessFlag.MatchString(strings.Join(words, " "))
}

func isDelve(word string) bool { return word[strings.LastIndex(word, "/")+1:] == "dlv" }

var headlessFlag = regexp.MustCompile(`(^|\s)--headless(=true)?(\s|$)`)

// openDelve has devenv listen for a debugger in place of the engine, as for Python: on this machine alone, and also while no process runs.
func (o *overlay) openDelve(expected uint16) {
	port := uint16(o.debug.port)                                            //nolint:gosec // a port
	debug := Debug{Kind: Delve, Port: cmp.Or(expected, port), Builds: true} // x-devenv asks for a script, which knows what it is for
	if p, found := o.delve(); found {
		debug.Builds, debug.Compile = buildsAtStart(p.args), compile(p.args)
		o.serveAll(p, port)
	}
	o.dropPorts("devenv listens for it itself, on this machine alone")
	inside := types.ServicePortConfig{Mode: "ingress", HostIP: "127.0.0.1", Target: uint32(port), Protocol: "tcp"}
	o.change("ports", "", portText(inside), "devenv reaches Delve there; the engine chooses the number")
	o.service.Ports = append(o.service.Ports, inside)
	o.service.Labels = o.service.Labels.Add(DebugLabel, strconv.Itoa(int(port)))
	o.debuggable = debug
}

// serveAll makes a Delve server one that runs the program at once, and takes a client after the other, several at a time: without these
// flags it waits for the first one, and ends with it. What it binds to the container's own 127.0.0.1 nobody could reach.
func (o *overlay) serveAll(p process, port uint16) {
	flags := ""
	for _, flag := range []string{"--accept-multiclient", "--continue"} {
		if !slices.ContainsFunc(words(p.args), func(word string) bool { return word == flag || strings.HasPrefix(word, flag+"=") }) {
			flags += " " + flag
		}
	}
	number := ":" + strconv.Itoa(int(port))
	loopback := strings.NewReplacer("127.0.0.1"+number, number, "localhost"+number, number)
	var args []string
	for _, arg := range p.args {
		added := headlessFlag.ReplaceAllString(loopback.Replace(arg), "$1--headless"+flags+"$3")
		if arg == "--headless" || arg == "--headless=true" {
			args = append(args, strings.Fields(added)...)
		} else {
			args = append(args, added)
		}
	}
	if !slices.Equal(args, p.args) {
		o.run(p, args)
	}
}

// run gives a process other arguments. Compose drops the image's command with its entrypoint, so that is kept.
func (o *overlay) run(p process, args []string) {
	o.change(p.key, strings.Join(p.args, " "), strings.Join(args, " "),
		"debuggers come and go: Delve neither waits for one nor ends with it")
	if p.key == "command" {
		o.service.Command = args
		return
	}
	if !p.own && len(o.service.Command) == 0 {
		o.service.Command = o.processes()[0].args
	}
	o.service.Entrypoint = args
}

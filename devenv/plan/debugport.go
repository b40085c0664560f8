package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/project"
)

// debugPort is the container port on which a service's local process lets a debugger in. The zero value is none.
type debugPort struct {
	port  uint32
	cause string
}

func (d debugPort) is(p types.ServicePortConfig) bool { return d.port != 0 && p.Target == d.port }

// debugPort is the port that the service's command or entrypoint names, or its image's where it has none of its own; else
// the one that the documentation of the debugger uses: Delve's where x-devenv asks for it, debugpy's where the service
// publishes it.
func (o *overlay) debugPort() debugPort {
	for _, p := range o.processes() {
		if port := listening(p.args); port != 0 {
			return debugPort{port, fmt.Sprintf("%s listens for a debugger on %d", p.name(), port)}
		}
	}
	if o.in.Extensions[o.service.Name].Debug.Kind == project.DebugDelve {
		return debugPort{delvePort, fmt.Sprintf("x-devenv.debug is %s, which listens on %d", project.DebugDelve, delvePort)}
	}
	if slices.ContainsFunc(o.service.Ports, func(p types.ServicePortConfig) bool { return p.Target == debugpyPort }) {
		return debugPort{debugpyPort, "5678 is debugpy's port"}
	}
	return debugPort{}
}

const debugpyPort = 5678

// declared is the service as mode local builds it: that is the image whose CMD can start a debugger.
func (o *overlay) declared() types.ServiceConfig {
	service := o.service
	if service.Build == nil {
		return service
	}
	build := *service.Build
	choice := o.choose(Local)
	build.Dockerfile, build.Target = choice.Dockerfile, choice.Target
	service.Build = &build
	return service
}

// listening is the port in `debugpy --listen [HOST:]PORT` or `dlv ... --listen=[HOST]:PORT`, 0 where there is none.
func listening(command []string) uint32 {
	words := words(command)
	if !slices.ContainsFunc(words, isDebugger) {
		return 0
	}
	for i, word := range words {
		flag, value, joined := strings.Cut(word, "=")
		if flag != "--listen" && flag != "-l" {
			continue
		}
		if !joined && i+1 < len(words) {
			value = words[i+1]
		}
		port, err := strconv.ParseUint(value[strings.LastIndex(value, ":")+1:], 10, 16)
		if err == nil {
			return uint32(port)
		}
	}
	return 0
}

// LocalWord is the word of a command that makes sense in mode local only, or "".
func LocalWord(command []string) string {
	for _, word := range words(command) {
		if isDebugger(word) || word == "--reload" || word == "runserver" {
			return word
		}
	}
	return ""
}

func isDebugger(word string) bool {
	name := word[strings.LastIndex(word, "/")+1:]
	return name == "debugpy" || name == "dlv"
}

// words are the words of a command in either form; in shell form it is one string.
func words(command []string) []string { return strings.Fields(strings.Join(command, " ")) }

package doctor

import (
	"os"
	"strconv"
	"strings"

	"devenv/devenv/engine"
)

// Host is the machine, and the engine as it is now.
type Host struct {
	Engine     *engine.Info // nil where it could not be asked
	Local      bool         // the engine runs on this machine
	Containers []Container
	Conflicts  []Conflict
	Died       string // a session that was killed: its command, process and time
	Watches    int    // fs.inotify.max_user_watches, 0 where the system has none
	Instances  int    // fs.inotify.max_user_instances
	Folders    int    // of the project that are watched
	Free       []Space
	Env        map[string]string // of devenv's own process
	CABundle   bool              // the project is told of the certificates to trust
}

// Container is a container of the project.
type Container struct {
	Name, Service, State, Health string
	ExitCode, Restarts           int
	OutOfMemory                  bool
}

// Conflict is a host port that somebody else has.
type Conflict struct{ Service, What, Mend string }

// Space is what is free on the file system that holds something.
type Space struct {
	What string
	Path string
	Free uint64 // bytes
}

// ReadLimits reads the limits of inotify, where the system has it.
func (h *Host) ReadLimits() {
	h.Watches = number("/proc/sys/fs/inotify/max_user_watches")
	h.Instances = number("/proc/sys/fs/inotify/max_user_instances")
}

func number(file string) int {
	content, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	value, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	return value
}

// ReadSpace finds out how much is free where the project is and, on this machine, where the engine keeps its images.
func (h *Host) ReadSpace(project string) {
	places := []Space{{What: "the project", Path: project}}
	if h.Local && h.Engine != nil && onLinux(h.Engine.Root) {
		places = append(places, Space{What: "the engine", Path: h.Engine.Root})
	}
	for _, place := range places {
		if free, known := freeBytes(place.Path); known {
			place.Free = free
			h.Free = append(h.Free, place)
		}
	}
}

// onLinux reports whether the engine's folder can be seen: that of an engine in a virtual machine cannot.
func onLinux(root string) bool {
	info, err := os.Stat(root)
	return err == nil && info.IsDir()
}

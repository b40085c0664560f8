// Package vscode keeps .vscode/launch.json and .vscode/tasks.json in step with what can be debugged: one attach
// configuration a service, the compounds that start several, the tasks that start the project.
//
// The files belong to the user. What is devenv's is known by its name alone, which begins with "devenv: "; there devenv
// sets the keys that it computes and leaves every other key, and an entry of a service that is gone is removed. All
// other bytes stay: comments, order, trailing commas, indentation, line ends. A second run changes nothing.
//
// Launch and Tasks are pure: text in, text out. Write applies both to the disk, or neither.
package vscode

// Prefix begins the name of every entry that is devenv's.
const Prefix = "devenv: "

// The names of the entries that do not stand for one service. They have a space in them, which a service's name cannot.
const (
	AttachAll   = Prefix + "all services"  // compound: attach to every service
	UpAndAttach = Prefix + "up and attach" // compound: start the project, then attach to every service
	UpTask      = Prefix + "up"            // task: `devenv up` with its logs, until it is stopped
	StartTask   = Prefix + "up -d"         // task: `devenv up -d`, which ends when the project is healthy
)

// Kind is the debugger of a service.
type Kind string

// The debuggers that devenv forwards.
const (
	Python Kind = "python" // debugpy
	Go     Kind = "go"     // Delve
)

// Service is one that can be attached to.
type Service struct {
	Name     string
	Kind     Kind
	Port     int       // on 127.0.0.1
	Mappings []Mapping // in any order; none where no source is mounted

	// Of Python alone; what is not set here is left as the user has it.
	Django, Jinja, SubProcess bool
}

// Mapping is a folder of the host, an absolute path as the host's system writes it, and where the container has it.
type Mapping struct{ Local, Remote string }

// Project is what the files are written for.
type Project struct {
	// Folders are the folder that VS Code opens: as it is opened, and in every other spelling of the same place, as
	// with symbolic links resolved. What lies in one of them is written relative to ${workspaceFolder}.
	Folders  []string
	Dir      string    // where devenv finds the project: one of Folders, below it, or anywhere
	Flags    []string  // of the devenv command line that name the project, before "up"
	GOOS     string    // of the machine VS Code runs on, as runtime.GOOS says it
	Services []Service // in the order in which new ones are written
}

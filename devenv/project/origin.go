package project

// Kind is the kind of place a value comes from.
type Kind string

// The kinds of places, in the words that users know them by.
const (
	File               Kind = "file"                // a compose file
	ServiceEnvFile     Kind = "env_file"            // a file of a service's env_file
	DotEnvFile         Kind = ".env"                // the project's .env, or that of an included project
	NamedEnvFile       Kind = "--env-file"          // a file of --env-file or COMPOSE_ENV_FILES
	ProcessEnvironment Kind = "process environment" // where devenv was started
	Image              Kind = "image"               // ENV of the image
	Default            Kind = "default"             // Compose's own
	RunFlag            Kind = "-e"                  // a flag of `run`
	ProfileFile        Kind = "profile"             // a developer's profile
	ProfileEnvFile     Kind = "profile env_files"   // a file of a profile's top-level env_files
	Checkout           Kind = "checkout"            // devenv's own: it is not the only checkout of the project
	NameFlag           Kind = "-p"
	Folder             Kind = "folder" // of the project
)

// Origin is the place a value comes from. File is absolute, "-" for the standard input, "starter NAME" for a profile in the
// binary and "" where no file is
// concerned; Line and Column count from 1 and are 0 where unknown.
type Origin struct {
	Kind   Kind   `json:"kind"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

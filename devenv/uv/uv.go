// Package uv changes the dependencies of a project: it runs uv in a container of the service, so that what is resolved
// is right for the platform and the Python there, and brings pyproject.toml and uv.lock back to the host.
//
// uv does not work on the project's own files but on a stage: a folder in the container with copies of pyproject.toml
// and uv.lock, and symbolic links to everything else. Bare uv writes pyproject.toml, then resolves, then takes the change
// back if that fails; on a mount everybody would see that, a container user other than the owner could not do it at all,
// and a container that is killed half-way would leave it. So the host's files are written last, each by one rename,
// after uv has succeeded, and only if nobody has changed them meanwhile. It also makes no difference whether the files
// are in a mount.
//
// A package that is installed from a folder of the project (an editable member of a workspace, a path dependency) would
// remember the stage's place. Where the lock file names one, uv only resolves in the stage, the files are written, and
// `uv sync` in the project's own folder does the rest; if that fails, the files are put back.
//
// uv fetches and builds everything before it touches the environment, so most failures leave that alone. Where one has
// not (a full disk, Ctrl-C at the wrong moment), it is brought back to the lock file that was there.
//
// Decide says which commands of uv a request takes, Project which files, Place how uv runs in a container; Runner does
// it and decides nothing.
package uv

// Project is the folder of a uv.lock, which is the root of a workspace, on the host and in the container.
type Project struct {
	Host      string // absolute
	Container string // absolute, slashed
	Workdir   string // slashed, relative to both: where uv is to be run, "." for the folder itself
	Mounted   bool   // the container sees the host's files

	// Environment is the folder in the container that has the packages, as far as it is known without the container; "" is
	// uv's own choice.
	Environment string

	apart string // tells the stage of a run from those of others beside it
}

// Package devenv is the product: Open a project, then one method a command.
//
// Data flows one way, and every decision is a value that can be printed before anything is done:
//
//	compose files + env files + profile + mode
//	    -> project  one resolved Compose project; every value knows its origin
//	    -> plan     what devenv changes in it for the mode, each change with its cause
//	    -> build    images, by the engine's own BuildKit
//	    -> stack    containers, converged by Compose itself
//	    -> live     watch (what changed) -> reload (what it means) -> the agent in the container, or the arrows above again
//	                debug (an editor's session) -> the debugger that the agent lets into the process that serves
//	                uv (a package to add) -> the container's environment, pyproject.toml and uv.lock
//
// Packages beside the arrows: profiles (one developer's choices), source (which mounts are project code, which files are
// ignored), dockerfile (stages and facts), engine (direct Engine API), image (what a built image holds), compare (how
// those of two modes differ), state (what a checkout remembers, who holds it, and what this machine knows of all of them),
// checkout (what the folder is, and what its project is called), doctor (what is wrong with a project), files (what people
// wrote, changed whole), secret (what may be printed), trust (whose certificates are believed), shell (what a shell is given
// to run), hook (what runs around up and down, and when it is due), host (a developer's own commands), debug/vscode (an
// editor's configuration), document (YAML that people write, with its places), fault (errors), term (the only printer).
// cmd/devenv imports this package and holds the flags.
package devenv

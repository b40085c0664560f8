#!/usr/bin/env bash
# bench.sh DEVENV [OPTION...] builds the peer, Docker Compose with buildx as its users have it, once into the cache
# folder, and times devenv beside it and beside the reloaders of Python servers. `make bench` calls it. The first time
# takes some minutes, for the building.
#
#   examples/bench.sh bin/devenv --only save    the rows whose name has "save" in it
#   examples/bench.sh bin/devenv --only debugger    what the debugger costs
#   examples/bench.sh bin/devenv --saves 20     a fifth of the saves: quicker, and less sure
set -euo pipefail
cd "$(dirname "$0")/.."
devenv=$PWD/$1
shift

peers=${XDG_CACHE_HOME:-$HOME/.cache}/devenv-bench
compose=v5.5.1
buildx=v0.37.2 # Compose looks at the version of the plugin, so it is stamped

# peer NAME MODULE PACKAGE VERSION STAMP builds one program, in a module of its own with the versions of go.mod.
peer() {
	[ -x "$peers/$1-$4" ] && return
	echo "bench: building $1 $4" >&2
	local work
	work=$(mktemp -d)
	printf 'module peer\n\ngo 1.26.3\n' >"$work/go.mod"
	if [ "$1" = docker-compose ]; then
		sed 's/^module devenv$/module peer/' go.mod >"$work/go.mod"
		cp go.sum "$work/go.sum"
	fi
	(cd "$work" && go get "$2/$3@$4" 2>"$work/log" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X $5=$4" -o "$peers/$1-$4" "$2/$3") || {
		cat "$work/log" >&2
		exit 1
	}
	rm -rf "$work"
}

mkdir -p "$peers/config/cli-plugins"
peer docker-compose github.com/docker/compose/v5 cmd "$compose" github.com/docker/compose/v5/internal.Version
peer docker-buildx github.com/docker/buildx cmd/buildx "$buildx" github.com/docker/buildx/version.Version
cp -f "$peers/docker-buildx-$buildx" "$peers/config/cli-plugins/docker-buildx"
DOCKER_CONFIG=$peers/config go run ./examples/bench "$@" "$devenv" "$peers/docker-compose-$compose"

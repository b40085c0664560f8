#!/usr/bin/env bash
#
# engine.sh makes sure of what the examples and the tests need, and touches nothing that is already there:
#
#   1. a Docker Engine     one that answers is used as it is; else, on Debian and Ubuntu, one is installed and started
#   2. the base images     present, else pulled, else, where no registry answers, built here as a stand-in
#   3. the lock files      uv.lock of each example, which is not committed since it names the registry that it came from
#
#   examples/engine.sh             do all three; about a second when all is there
#   examples/engine.sh lock DIR    write DIR/uv.lock if it is missing (DIR holds pyproject.toml)
#   examples/engine.sh stop        end the engine that this script started, and no other
#
# A stand-in has the name of the image that it replaces and the label devenv.stand-in=HASH of its recipe. A stand-in
# with another hash is built again; an image without the label is never replaced.
#
# Exit status: 0 all is there, 1 something failed, 2 wrong usage, 3 no engine and no way to start one here.

set -euo pipefail

examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=/var/lib/devenv-engine # log and pid of the engine that we start; owned by root
python_image=python:3.13-slim-bookworm
uv_image=astral/uv:0.8.17
go_image=golang:1.26-bookworm
nginx_image=nginx:1.26-bookworm
debian_image=debian:trixie-slim # only stand-ins are built from it
images="$python_image $uv_image $go_image $nginx_image postgres:17-bookworm busybox:1.36"
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # where dockerd is, and not on everyone's PATH

main() {
  case "${1-}" in
    "") with_lock prepare ;;
    lock) [ $# = 2 ] || usage; lock_project "$2" ;;
    stop) stop_engine ;;
    *) usage ;;
  esac
}

usage() {
  echo "usage: engine.sh [lock DIR | stop]" >&2
  exit 2
}

prepare() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  make_sure_of_engine
  make_sure_of_images
  make_sure_of_locks
}

# ---- words and waiting -------------------------------------------------------------------------------------------

say() { echo "engine: $*"; }

# fail STATUS CAUSE HINT
fail() {
  echo "engine: $2" >&2
  echo "hint: $3" >&2
  exit "$1"
}

# eventually SECONDS COMMAND... polls until COMMAND succeeds, and fails if it does not within SECONDS.
eventually() {
  local tries=$(($1 * 5))
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.2
  done
}

# with_lock COMMAND: one at a time on this machine, so that two runs do not build the same image twice.
with_lock() {
  if has flock; then
    exec 9>"${TMPDIR:-/tmp}/devenv-engine.$(id -u).lock"
    flock 9
  fi
  "$@"
}

# ---- the machine -------------------------------------------------------------------------------------------------

has() { command -v "$1" >/dev/null 2>&1; }

is_root() { [ "$(id -u)" = 0 ]; }

can_install() {
  [ "$(uname -s)" = Linux ] && has apt-get && { is_root || sudo -n true 2>/dev/null; }
}

as_root() {
  if is_root; then "$@"; else sudo -n "$@"; fi
}

# install PACKAGE...: the package lists are fetched only if the first try fails, as on a machine that never had them.
install() {
  say "installing $*"
  try_install "$@" >"$work/apt.log" 2>&1 ||
    { as_root apt-get update -qq && try_install "$@"; } >"$work/apt.log" 2>&1 ||
    fail 1 "apt-get could not install $*: $(tail -n 3 "$work/apt.log")" "install it by hand, then run this again"
}

try_install() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"
}

# ---- 1. the engine -----------------------------------------------------------------------------------------------

make_sure_of_engine() {
  engine_answers || start_engine
  say "Docker Engine $(docker version --format '{{.Server.Version}}') at $(engine_address)"
}

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# engine_address is what the docker client talks to, whether DOCKER_HOST, DOCKER_CONTEXT or its configuration said so.
engine_address() { docker context inspect --format '{{.Endpoints.docker.Host}}'; }

start_engine() {
  refuse_unless_ours_to_start
  has dockerd || install docker.io
  has docker || install docker-cli # a package of its own in newer Debians
  engine_answers && return # installing the package starts it where there is a service manager
  runs dockerd /var/run/docker.pid || launch_engine
  eventually 30 engine_answers ||
    fail 1 "dockerd does not answer after 30 s: $(as_root tail -n 5 "$state/dockerd.log")" "its log is $state/dockerd.log"
  say "started dockerd (log: $state/dockerd.log); to stop it: examples/engine.sh stop"
}

refuse_unless_ours_to_start() {
  if has docker; then
    case "$(engine_address)" in
      unix:///var/run/docker.sock | unix:///run/docker.sock) ;;
      *) fail 3 "no engine answers at $(engine_address)" "start it, or unset DOCKER_HOST and DOCKER_CONTEXT" ;;
    esac
    case "$(docker version 2>&1 || true)" in
      *"permission denied"*) fail 3 "this user may not use the Docker Engine" "join the group docker, then log in again" ;;
    esac
  fi
  [ "$(uname -s)" = Linux ] || fail 3 "no Docker Engine answers" "start Docker Desktop, OrbStack or Colima, then run this again"
  can_install || fail 3 "no Docker Engine answers" "start it, or run this as root on Debian or Ubuntu to install docker.io"
  [ ! -d /run/systemd/system ] || ! has dockerd || fail 3 "the Docker Engine is stopped" "sudo systemctl start docker"
}

# launch_engine starts dockerd in a session of its own, so that it outlives this shell. A pid file whose process is
# gone, as a machine that lost power leaves it, would make dockerd refuse to start or wait for a dead containerd.
launch_engine() {
  local group=docker
  is_root || group=$(id -gn)
  as_root mkdir -p "$state"
  runs dockerd "$state/dockerd.pid" || as_root rm -f "$state/dockerd.pid"
  runs containerd /var/run/docker/containerd/containerd.pid || as_root rm -f /var/run/docker/containerd/containerd.pid
  as_root setsid --fork sh -c "exec dockerd --group $group --pidfile $state/dockerd.pid >$state/dockerd.log 2>&1" \
    </dev/null >/dev/null 2>&1 9>&-
}

# runs NAME PIDFILE: is the process of PIDFILE alive, and a NAME?
runs() {
  local pid
  pid=$(as_root cat "$2" 2>/dev/null) || return 1
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ]
}

stop_engine() {
  local pid
  runs dockerd "$state/dockerd.pid" || { say "no engine of ours is running"; return; }
  pid=$(as_root cat "$state/dockerd.pid")
  as_root kill "$pid"
  eventually 30 gone "$pid" || fail 1 "dockerd (process $pid) still runs after 30 s" "its log is $state/dockerd.log"
  say "stopped dockerd"
}

gone() { [ ! -d "/proc/$1" ]; }

# ---- 2. the base images ------------------------------------------------------------------------------------------

make_sure_of_images() {
  local image missing=""
  for image in $images; do
    is_there "$image" || missing="$missing $image"
  done
  for image in $missing; do
    make_sure_of "$image"
  done
  say "base images are there$(stand_ins)"
}

stand_ins() {
  local image found=""
  for image in $images; do
    [ -z "$(stand_in_hash "$image")" ] || found="$found $image"
  done
  [ -z "$found" ] || echo "; stand-ins for want of a registry:$found"
}

# stand_in_hash IMAGE is empty for a real image, and fails where there is none.
stand_in_hash() { docker image inspect --format '{{index .Config.Labels "devenv.stand-in"}}' "$1" 2>/dev/null; }

# make_sure_of IMAGE that is missing, or that is a stand-in of an older recipe.
make_sure_of() {
  if pull "$1"; then return; fi
  can_install || fail 1 "$1 is not here and cannot be pulled" "docker pull $1 says why"
  is_there $debian_image || [ "$1" = $debian_image ] || make_sure_of $debian_image
  stand_in "$1"
}

# is_there IMAGE: a real image, or a stand-in of today's recipe.
is_there() {
  local hash
  hash=$(stand_in_hash "$1") || return 1
  [ -z "$hash" ] || [ "$hash" = "$(recipe_hash "$1")" ]
}

registry=unknown # or silent: asked once, in vain

# pull IMAGE. A registry that has not begun to answer after 10 s counts as silent; a pull that has begun may take its time.
pull() {
  [ $registry != silent ] || return 1
  say "pulling $1"
  : >"$work/pull.log"
  docker pull "$1" >"$work/pull.log" 2>&1 &
  local pid=$!
  eventually 10 pull_began_or_ended $pid || kill $pid
  wait $pid 2>/dev/null && return
  local cause
  cause=$(tail -n 1 "$work/pull.log")
  say "could not pull $1: ${cause:-no answer within 10 s}"
  grep -q "Pulling from" "$work/pull.log" || registry=silent
  return 1
}

pull_began_or_ended() { grep -q "Pulling from" "$work/pull.log" || ! kill -0 "$1" 2>/dev/null; }

# stand_in IMAGE builds it by the recipe that bears its name. A recipe writes a Dockerfile and what it copies to the folder.
stand_in() {
  local name=${1%%:*}
  local folder=$work/${name##*/} old
  old=$(docker images --quiet --filter label=devenv.stand-in "$1")
  say "building a STAND-IN for $1 from packages of Debian and PyPI and this machine's Go"
  mkdir -p "$folder"
  (cd "$folder" && "recipe_${name##*/}" "$1")
  docker build --quiet --tag "$1" --label "devenv.stand-in=$(recipe_hash "$1")" "$folder" >"$work/build.log" 2>&1 ||
    fail 1 "the stand-in for $1 could not be built: $(tail -n 3 "$work/build.log")" "does apt-get reach Debian's packages?"
  rm -rf "$folder"
  [ -z "$old" ] || docker rmi "$old" >/dev/null 2>&1 || true # a container may still use it
}

recipe_hash() {
  local name=${1%%:*}
  { echo "$1"; declare -f "recipe_${name##*/}" recipe_debian; cat $host_ca 2>/dev/null; } | cksum | tr ' ' -
}

# host_ca is the bundle of authorities that this machine trusts: behind a proxy that re-signs TLS, containers need it too.
host_ca=/etc/ssl/certs/ca-certificates.crt

# Debian itself, the base of the others: it has Python 3.13, PostgreSQL 17 and Nginx 1.26.
recipe_debian() {
  has mmdebstrap || install mmdebstrap debian-archive-keyring
  [ -e $host_ca ] || install ca-certificates
  as_root mmdebstrap --quiet --variant=minbase --include=ca-certificates --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' trixie debian.tar >"$work/debian.log" 2>&1 ||
    fail 1 "mmdebstrap failed: $(tail -n 3 "$work/debian.log")" "does apt-get reach Debian's packages?"
  cp -L $host_ca host-ca.crt
  cat >Dockerfile <<EOF
FROM scratch
ADD debian.tar /
COPY host-ca.crt $host_ca
RUN echo 'DPkg::Post-Invoke { "rm -rf /var/cache/apt/*"; };' >/etc/apt/apt.conf.d/docker-clean
ENV LANG=C.UTF-8 SSL_CERT_FILE=$host_ca
CMD ["bash"]
EOF
}

# Python 3.13 under the names of the official image.
recipe_python() {
  cat >Dockerfile <<EOF
FROM $debian_image
RUN apt-get update -qq && apt-get install -qq --no-install-recommends python3 adduser netbase tzdata \\
 && rm -rf /var/lib/apt/lists/* \\
 && ln -s /usr/bin/python3.13 /usr/local/bin/python3.13 \\
 && ln -s python3.13 /usr/local/bin/python3 && ln -s python3.13 /usr/local/bin/python
CMD ["python3"]
EOF
}

# uv and uvx alone, as in the official image: programs to copy from it, in the static build that runs anywhere.
recipe_uv() {
  has pip3 || install python3-pip
  pip3 download --quiet --no-deps --only-binary :all: --platform "musllinux_1_1_$(uname -m)" "uv==${1##*:}"
  python3 -m zipfile -e ./*.whl wheel
  mv wheel/*.data/scripts bin
  chmod 755 bin/*
  cat >Dockerfile <<'EOF'
FROM scratch
COPY bin /
ENTRYPOINT ["/uv"]
EOF
}

# The Go of this machine with the official image's folders, without its tests and documents.
recipe_golang() {
  has go || fail 1 "there is no Go here to make $1 of" "install Go"
  mkdir go
  tar -C "$(go env GOROOT)" -cf - --exclude=./test --exclude=./doc --exclude=./api --exclude=testdata . | tar -C go -xf -
  cat >Dockerfile <<EOF
FROM $debian_image
COPY go /usr/local/go
ENV GOPATH=/go GOTOOLCHAIN=local PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /go
EOF
}

# PostgreSQL 17 with the official image's variables and folders.
recipe_postgres() {
  cat >docker-entrypoint.sh <<'EOF'
#!/bin/bash
# Starts PostgreSQL; makes the database first if PGDATA is empty. The variables are those of the official image.
set -euo pipefail

if [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi
if [ "$1" != postgres ]; then exec "$@"; fi

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown -R postgres: "$PGDATA" /var/run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
password=${POSTGRES_PASSWORD:-$(cat "${POSTGRES_PASSWORD_FILE:-/dev/null}")}

make_database() {
  if [ -z "$password" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo "Error: Database is uninitialized and superuser password is not specified." >&2
    echo "       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser." >&2
    exit 1
  fi
  initdb --username="$user" --pwfile=<(echo "${password:-none}") --auth-local=trust --auth-host=scram-sha-256 --no-sync >/dev/null
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  pg_ctl --wait --silent -o "-c listen_addresses=''" start # on the Unix socket alone: not ready for others yet
  if [ "$database" != postgres ]; then createdb --username="$user" --maintenance-db=postgres "$database"; fi
  run_scripts
  pg_ctl --wait --silent --mode=fast stop
}

run_scripts() {
  local f
  for f in /docker-entrypoint-initdb.d/*; do
    case "$f" in
      *.sh) if [ -x "$f" ]; then "$f"; else . "$f"; fi ;;
      *.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc --username="$user" --dbname="$database" --file="$f" ;;
      *.sql.gz) gunzip -c "$f" | psql -v ON_ERROR_STOP=1 --no-psqlrc --username="$user" --dbname="$database" ;;
    esac
  done
}

[ -s "$PGDATA/PG_VERSION" ] || make_database
exec "$@" -c listen_addresses='*'
EOF
  chmod 755 docker-entrypoint.sh
  cat >Dockerfile <<EOF
FROM $debian_image
RUN mkdir /etc/postgresql-common && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf \\
 && apt-get update -qq && apt-get install -qq --no-install-recommends -o Dpkg::Options::=--force-confold postgresql-17 \\
 && rm -rf /var/lib/apt/lists/* \\
 && install -d -o postgres -g postgres -m 700 /var/lib/postgresql/data \\
 && install -d -o postgres -g postgres -m 3777 /var/run/postgresql && mkdir /docker-entrypoint-initdb.d
COPY docker-entrypoint.sh /usr/local/bin/
ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/17/bin PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
EOF
}

# Nginx with the official image's folders, user, logs, templates and scripts of /docker-entrypoint.d.
recipe_nginx() {
  cat >docker-entrypoint.sh <<'EOF'
#!/bin/bash
# Starts Nginx; fills in the templates and runs the scripts first. The variables are those of the official image.
set -euo pipefail

say() { [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "$0: $*" >&2; }

local_resolvers() {
  [ -n "${NGINX_ENTRYPOINT_LOCAL_RESOLVERS:-}" ] || return 0
  NGINX_LOCAL_RESOLVERS=$(awk '$1 == "nameserver" { print ($2 ~ ":" ? "[" $2 "]" : $2) }' /etc/resolv.conf | xargs)
  export NGINX_LOCAL_RESOLVERS
}

# Only variables of the environment are filled in: Nginx has a $ of its own.
templates() {
  local from=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates} to=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
  local suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template} defined template file
  [ -d "$from" ] || return 0
  defined=$(awk -v filter="${NGINX_ENVSUBST_FILTER:-}" 'BEGIN { for (name in ENVIRON) if (name ~ filter) printf "${%s} ", name }')
  while IFS= read -r template; do
    file=$to/${template#"$from"/}
    file=${file%"$suffix"}
    say "$template -> $file"
    mkdir -p "${file%/*}"
    envsubst "$defined" <"$template" >"$file"
  done < <(find -L "$from" -type f -name "*$suffix")
}

scripts() {
  local f
  for f in /docker-entrypoint.d/*; do
    case "$f" in
      *.envsh) if [ -x "$f" ]; then . "$f"; fi ;;
      *.sh) if [ -x "$f" ]; then "$f"; fi ;;
    esac
  done
}

case "$1" in
  nginx | nginx-debug) local_resolvers; templates; scripts ;;
esac
exec "$@"
EOF
  chmod 755 docker-entrypoint.sh
  cat >nginx.conf <<'EOF'
user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log /var/log/nginx/access.log;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
EOF
  cat >default.conf <<'EOF'
server {
    listen 80;
    location / { root /usr/share/nginx/html; index index.html index.htm; }
}
EOF
  cat >Dockerfile <<EOF
FROM $debian_image
RUN apt-get update -qq && apt-get install -qq --no-install-recommends nginx-light gettext-base curl \\
 && rm -rf /var/lib/apt/lists/* /etc/nginx/sites-enabled \\
 && useradd --system --home-dir /nonexistent --shell /bin/false nginx && mkdir -p /docker-entrypoint.d \\
 && ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
COPY nginx.conf /etc/nginx/
COPY default.conf /etc/nginx/conf.d/
COPY docker-entrypoint.sh /
EXPOSE 80
STOPSIGNAL SIGQUIT
ENTRYPOINT ["/docker-entrypoint.sh"]
CMD ["nginx", "-g", "daemon off;"]
EOF
}

# One static program under many names, as the official image: the smallest container, for tests.
recipe_busybox() {
  apt-get download -qq busybox-static 2>/dev/null || { as_root apt-get update -qq && apt-get download -qq busybox-static; }
  dpkg-deb -x busybox-static_*.deb .
  cat >Dockerfile <<'EOF'
FROM scratch
COPY bin/busybox /bin/
RUN ["/bin/busybox", "--install", "/bin"]
RUN mkdir -m 1777 /tmp && mkdir /root && echo root:x:0:0:root:/root:/bin/sh >/etc/passwd && echo root:x:0: >/etc/group
CMD ["sh"]
EOF
}

# ---- 3. the lock files -------------------------------------------------------------------------------------------

make_sure_of_locks() {
  local project
  for project in "$examples"/*/pyproject.toml "$examples"/*/{src,backend}/pyproject.toml; do
    [ ! -e "$project" ] || lock_project "$(dirname "$project")"
  done
}

# lock_project DIR writes DIR/uv.lock with uv in the Python image; a lock file that is there stays as it is.
lock_project() {
  local dir=$1
  [ -e "$dir/pyproject.toml" ] || fail 2 "there is no $dir/pyproject.toml" "name the folder that holds it"
  if [ ! -e "$dir/uv.lock" ]; then
    uv_lock "$dir" || fail 1 "uv could not lock $dir/pyproject.toml" "what uv said stands above"
    say "wrote $dir/uv.lock"
  elif [ "$dir/pyproject.toml" -nt "$dir/uv.lock" ] && ! uv_lock "$dir" --check 2>/dev/null; then
    say "$dir/uv.lock does not match pyproject.toml any more; delete it and run this again to make a new one"
  fi
}

# uv_lock DIR OPTION... runs uv in a container that the files of DIR are copied to and uv.lock is copied from: so a
# remote engine will do, and what appears in DIR is not root's.
uv_lock() {
  local dir=$1 uv python status=0 files=(pyproject.toml)
  shift
  [ ! -e "$dir/uv.lock" ] || files+=(uv.lock)
  uv=$(docker create "$uv_image") || return
  python=$(docker create --workdir /project "$python_image" /uv lock --quiet --no-python-downloads "$@") || {
    docker rm -f "$uv" >/dev/null
    return 1
  }
  { docker cp "$uv:/uv" - | docker cp - "$python:/" &&
    tar -C "$dir" -cf - "${files[@]}" | docker cp - "$python:/project" &&
    docker start --attach "$python" &&
    { [ -e "$dir/uv.lock" ] || take_lock "$python" "$dir"; }; } || status=$?
  docker rm -f "$uv" "$python" >/dev/null
  return $status
}

# take_lock CONTAINER DIR: uv.lock appears whole, and belongs to DIR's owner.
take_lock() {
  local new=$2/.uv.lock.new
  docker cp "$1:/project/uv.lock" - | tar -xOf - >"$new" || return
  ! is_root || chown "$(stat -c %u:%g "$2" 2>/dev/null || stat -f %u:%g "$2")" "$new"
  mv "$new" "$2/uv.lock"
}

main "$@"

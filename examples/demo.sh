#!/usr/bin/env bash
# A tour of devenv on examples/fastapi and examples/django: `make demo` has made sure of an engine, of the images and of bin/devenv.
# Each step prints its command and its time. The tour ends with status 0 only if every step did what it should, and
# leaves no container, network or devenv process behind.
set -euo pipefail

devenv=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
(cd "$(dirname "$0")" && go build -o "$work/demo" ./demo) # stands in for an editor
cp -R "$(dirname "$0")/fastapi" "$(dirname "$0")/django" "$work/" # copies, so that nothing of yours is touched
cd "$work/fastapi"
project='devenv-demo'
export XDG_STATE_HOME=$work/state # and your list of projects neither
printf 'name: %s\n' "$project" | cat - docker-compose.yml >named.yml && mv named.yml docker-compose.yml
unset COMPOSE_PROJECT_NAME # the name is the compose file's, as it would be in a project of yours
git init -q . && git add . && git add -f src/uv.lock
git -c user.name=demo -c user.email=demo@example.org -c commit.gpgsign=false commit -qm 'the example'

TIMEFORMAT='  -- %3R s'

# step COMMAND... prints and runs it, and prints its time.
step() {
	printf '\n$ %s\n' "$*"
	time "$@"
}

# expect WHAT TEXT COMMAND... is a step whose output must contain TEXT.
expect() {
	local what=$1 text=$2
	shift 2
	step "$@" | tee "$output"
	grep -qF -- "$text" "$output" || {
		printf 'demo: %s: expected %s\n' "$what" "$text" >&2
		exit 1
	}
}

devenv() { "$devenv" "$@"; }

output=$work/output

cleanup() {
	for tree in "$work/login" "$work/fastapi"; do
		cd "$tree" 2>/dev/null && devenv down -v >/dev/null 2>&1 || true
	done
	cd / && rm -rf "$work"
}
trap cleanup EXIT

# compare: nothing of a developer's tools is in the image of production.
compare() {
	expect 'prod keeps its promises' 'kept   no debugger' devenv compare prod --check
}

items=http://localhost:8000/items
post() { curl -sS -f -H 'content-type: application/json' -d "$1" "$items"; }
get() { curl -sS -f "$items"; }

# profiles shows two developers on the same files: each has another environment and mode, and both the same data.
profiles() {
	step devenv profile create alice --extends debug --description 'works on the code'
	printf 'services: {api: {env: {ENVIRONMENT: alice}}}\n' >>.devenv/profiles/alice.local.yaml
	step devenv profile create bob --extends prod-like --description 'looks at production'
	printf 'services: {api: {env: {ENVIRONMENT: bob}}}\n' >>.devenv/profiles/bob.local.yaml
	expect 'what alice changes' 'local -> alice' devenv profile use alice
	step answered '"environment":"alice"'
	expect 'what bob changes' 'alice -> bob' devenv profile use bob
	step answered '"environment":"bob"'
	expect 'the same data for both' '"title":"from the demo"' get
	step devenv profile use none
}

step devenv up -d
expect 'the app writes through the database' '"title":"from the demo"' post '{"title": "from the demo", "price": 5}'
expect 'the app is healthy' 'api       local   local    devenv-demo-api        yes       running, healthy' devenv status
sed -i.bak 's/"status": "ok"/"status": "reloaded"/' src/app/routers/health.py
answered() { until curl -sS -f http://localhost:8000/health | grep "$1"; do sleep 0.02; done; }
step answered reloaded
expect 'the save and its rule' 'Python code' devenv why src/app/routers/health.py
step devenv debug vscode
expect 'one session, two versions of the code' 'the same session stops at src/app/main.py' "$work/demo" src/app/main.py 'return {"service"' http://localhost:8000/
cp src/app/routers/health.py "$work/health.py"
step devenv add humanize
{ echo 'from humanize import intword' && sed 's/"reloaded"/intword(1200)/' "$work/health.py"; } >src/app/routers/health.py
step answered '1.2 thousand'
cp "$work/health.py" src/app/routers/health.py
step answered reloaded
step devenv remove humanize
expect 'the stage of production' 'local -> prod' devenv mode prod
expect 'the same data in the other mode' '"title":"from the demo"' get
compare
step devenv mode local
expect 'the same data back in local' '"title":"from the demo"' get
profiles

printf '\nA second worktree of the same repository, at the same time:\n'
step git worktree add -q -b feature/login ../login
cd ../login
step devenv up -d
expect 'the worktree has its own port' 'auto: ' devenv ports
there=$(devenv ports --format json | grep -o 'http://localhost:[0-9]*')
sed -i.bak 's/"status": "ok"/"status": "of the worktree"/' src/app/routers/health.py
other() { until curl -sS -f "$there/health" | grep 'of the worktree'; do sleep 0.02; done; }
step other
step answered reloaded
expect 'both are listed' 'feature/login' devenv list
step devenv down
cd ../fastapi
step git worktree remove --force ../login
expect 'what is left of it' 'db-data' devenv prune --yes
step devenv down -v

# The same on Django, where the environment lies in the mounted folder, the image has no uv, and Nginx is the door.
django() {
	local page=http://localhost:8000/
	cd "$work/django"
	export COMPOSE_PROJECT_NAME=$project-django
	step devenv up -d
	step devenv exec -T backend python manage.py loaddata traditional
	sed -i.bak 's/<h1>Songs/<h1>All songs/' backend/songs/templates/songs/index.html
	step shown 'All songs' "$page"
	step devenv run backend python manage.py test
	devenv debug vscode 2>/dev/null
	expect 'one session behind the proxy' 'the same session stops at backend/songs/chords.py' "$work/demo" backend/songs/chords.py 'return NOTE.sub' "${page}songs/1/"
	step devenv mode prod
	expect 'the same songs in the other mode' 'Scarborough Fair' curl -sS -f "$page"
	expect 'four workers' 4 devenv exec -T backend sh -c 'cat /proc/[0-9]*/cmdline | tr "\0" "\n" | grep -c [s]pawn_main'
	expect 'Nginx has what was collected' 'Cache-Control: public, max-age=31536000, immutable' \
		curl -sS -f -I "$page$(curl -sS -f "$page" | grep -o 'static/songs/style[^"]*')"
	step devenv down -v
}
shown() { until curl -sS -f "$2" | grep "$1"; do sleep 0.02; done; }
django

! pgrep -f "^$devenv " >/dev/null || { echo 'demo: a devenv process was left behind' >&2; exit 1; }
left=$({ docker ps -a --format '{{.Names}}'; docker network ls --format '{{.Name}}'; } | grep "^$project" || true)
[ -z "$left" ] || { printf 'demo: something was left behind: %s\n' "$left" >&2; exit 1; }
printf '\ndemo: every step did what it should; nothing is left running.\n'

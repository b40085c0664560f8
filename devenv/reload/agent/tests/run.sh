#!/usr/bin/env bash
# The agent's own tests, on real servers and without a container: `make agent-test`. As root, for unshare and nsenter.
# The packages come into a cache folder, once.
set -euo pipefail
cd "$(dirname "$0")"

venv=${XDG_CACHE_HOME:-$HOME/.cache}/devenv-agent-test
if [ ! -x "$venv/bin/pytest" ]; then
	python3 -m venv "$venv"
	"$venv/bin/pip" install --quiet pytest 'uvicorn[standard]' uvicorn-worker 'fastapi[standard]' gunicorn hypercorn django flask celery debugpy numpy pandas
fi
exec "$venv/bin/pytest" -q -p no:cacheprovider "$@" .

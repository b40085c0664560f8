#!/usr/bin/env bash
# The agent's own tests, on real servers and without a container: `make agent-test`. As root, for unshare and nsenter.
# The packages come into a cache folder, once for each Python; AGENT_TEST_PYTHON is another one than python3. The tests run
# in several processes, which mostly wait: each has ports and mount namespaces of its own.
set -euo pipefail
cd "$(dirname "$0")"

python=${AGENT_TEST_PYTHON:-python3}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
venv=${XDG_CACHE_HOME:-$HOME/.cache}/devenv-agent-test/$version
packages=(pytest pytest-xdist 'uvicorn[standard]' uvicorn-worker 'fastapi[standard]' gunicorn hypercorn django flask celery debugpy uv)
known=$venv/packages
if [ "$(cat "$known" 2>/dev/null)" != "${packages[*]}" ]; then
	rm -rf "$venv"
	"$python" -m venv "$venv"
	"$venv/bin/pip" install --quiet "${packages[@]}"
	echo "${packages[*]}" >"$known"
fi
exec "$venv/bin/pytest" -q -p no:cacheprovider -n "${AGENT_TEST_PROCESSES:-4}" --dist worksteal "$@" .

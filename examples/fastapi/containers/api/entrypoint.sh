#!/bin/sh
# Brings the database up to date before the server starts, once a container and not once a reload; other commands
# (a shell, uv, pytest) run at once.
set -e
case "$*" in
*uvicorn*) alembic upgrade head ;;
esac
exec "$@"

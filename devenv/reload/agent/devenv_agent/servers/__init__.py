"""What has to be known about each server: when it accepts, how it retires, how its own reloader is switched off.

Every adapter is installed in every child, whatever the program is: a script may call `uvicorn.run` itself. An adapter
costs nothing until its server is imported.
"""

from __future__ import annotations

from . import celery, django, fastapi, gunicorn, hypercorn, script, socketserver, uvicorn, werkzeug

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..child import Child


def install(child: Child) -> None:
    """Prepares this process for whichever server it is going to run."""
    for adapter in (uvicorn, fastapi, hypercorn, gunicorn, socketserver, django, werkzeug, celery):
        adapter.install(child)
    if child.go["program"] in ("script", "package"):
        script.begin(child)
    else:
        child.pause_collection()

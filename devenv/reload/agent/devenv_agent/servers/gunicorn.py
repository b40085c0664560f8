"""gunicorn: the arbiter and its workers are one child; it is ready when every worker has loaded the application.

Its reloader and its control socket (a thread in a process that forks) are switched off. A debugger, which sees one
process, gets a child with one worker. Retiring is gunicorn's own graceful shutdown, SIGTERM. Under its uvicorn worker class, uvicorn.py does the rest.
"""

from __future__ import annotations

import array
import fcntl
import os
import termios

from ..hooks import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..child import Child

OFF = {"reload": False, "control_socket_disable": True}
_ready: tuple[int, int] = (-1, -1)


def install(child: Child) -> None:
    """Waits for gunicorn's modules."""
    when_imported("gunicorn.app.base", lambda module: _configuration(child, module.Application))
    when_imported("gunicorn.workers.base", lambda module: _worker(child, module.Worker))
    when_imported("gunicorn.sock", _keep_paths)
    when_imported("gunicorn.pidfile", lambda module: setattr(module.Pidfile, "validate", lambda self: None))


def _configuration(child: Child, application: Any) -> None:
    load = application.load_config

    def load_config(self: Any) -> None:
        global _ready
        load(self)
        for name, value in OFF.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)
        if child.go["single"]:
            self.cfg.set("workers", 1)
        if _ready == (-1, -1):
            _ready = os.pipe()

    application.load_config = load_config


def _worker(child: Child, worker: Any) -> None:
    load = worker.load_wsgi

    def load_wsgi(self: Any) -> None:
        load(self)
        child.mark("imported")
        self.cfg.devenv_workers = self.cfg.workers
        child.workers, child.pooled = self.cfg.workers, self.cfg.workers > 1
        if not any(base.__name__ == "UvicornWorker" for base in type(self).__mro__):
            child.shared = True
            child.pump_when_woken()
            worker_ready(child)

    worker.load_wsgi = load_wsgi


def worker_ready(child: Child) -> None:
    """Called in each worker when it accepts; the last of the first ones says that the child is ready."""
    os.write(_ready[1], b".")
    count = array.array("i", [0])
    fcntl.ioctl(_ready[0], termios.FIONREAD, count)
    if count[0] == child.workers:
        child.ready(serves=True, retire="TERM")


def _keep_paths(module: Any) -> None:
    """A retiring arbiter does not remove the Unix socket that its successor listens on."""
    close = module.close_sockets
    module.close_sockets = lambda listeners, unlink=True: close(listeners, False)

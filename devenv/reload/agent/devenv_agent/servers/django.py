"""`manage.py runserver`, its reloader switched off. socketserver.py does the rest."""

from __future__ import annotations

import os
import signal
import sys

from ..hooks import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..child import Child


def install(child: Child) -> None:
    """Waits for the command."""
    if child.go["program"] == "django" and "--noreload" not in child.go["arguments"]:
        os.environ["RUN_MAIN"] = "true"  # projects ask for it, to do things once in the process that serves
    when_imported("django.core.management.commands.runserver", lambda module: _command(child, module.Command))


def _command(child: Child, command: Any) -> None:
    run, known = command.run, command.inner_run

    def run_here(self: Any, **options: Any) -> None:
        if options.get("use_reloader"):
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as with its reloader
        if type(self).inner_run is not known:  # daphne's, which does not stand on socketserver
            child.take_turn()
        run(self, **{**options, "use_reloader": False})

    command.run = run_here

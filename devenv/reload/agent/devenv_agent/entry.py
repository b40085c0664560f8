"""The decision, in every Python of the container: become a supervisor, or leave this process alone."""

from __future__ import annotations

import os
import sys

from . import ancestry, program
from .settings import DEBUG, Settings, forget


def enter() -> None:
    """Returns in a process that is left alone, and in each child of a supervisor; a supervisor never returns."""
    settings = Settings(dict(os.environ))
    main = program.parse(program.command_line())
    if main is None or settings.reload in ("native", "off"):
        return
    if not ancestry.belongs_to_the_service():
        return
    debugged = program.without_debugpy(main)
    what = program.supported(debugged[0] if debugged else main, settings.sources)
    if not what:
        return
    if debugged:
        os.environ[DEBUG] = program.debug_note(debugged[1])
        os.execv(sys.executable, [sys.executable, *debugged[0].command()])

    from . import control

    listener = control.claim()
    if listener is None:
        return
    from .supervisor import Supervisor
    from .zygote import Forked

    forget()
    try:
        Supervisor(settings, main, what, listener).run()
    except Forked as forked:
        channel, memory, standby = forked.channel, forked.memory, forked.standby
    from .child import Child

    Child(channel, settings, memory).wait(standby)

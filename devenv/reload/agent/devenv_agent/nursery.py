"""Where children come from: the zygote and its standby, or a bare fork of the supervisor.

A zygote is made once a child has told which modules it needed, and made anew when a child needed more. The standby is
forked in a quiet moment after a reload, not in the same one in which the first answers are computed; a reload that comes
before has the zygote fork at once. One that comes while there is only a zygote that still preloads waits for that, which
has begun with what a bare process would have to begin now; so it is when the packages changed.
"""

from __future__ import annotations

import os
import time

from . import processes, zygote
from .channel import Channel
from .code import Memory
from .preload import impossible
from .process import Process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .settings import Settings

    Handler = Callable[[Process], None]

QUIET = 0.1  # seconds after a reload until its first requests are answered, as a rule
STEADY = 0.5  # seconds that a script has to run before it is worth a zygote
ATTEMPTS = 8  # preloads that may turn out unclean
PRELOADING = 30.0  # seconds after which a preload is given up: what it imports waits for something


class Host:
    """What the supervisor does for the nursery."""

    def __init__(self, hear: Callable[[Process, Handler], None], close: Handler, let_go: Callable[[], None]) -> None:
        self.hear = hear  # reads a process's messages, from now on, with this function
        self.close = close  # hears it no more
        self.let_go = let_go  # in a fork: closes everything that belongs to the supervisor


class Nursery:
    """Makes processes, and remembers what is worth having in them before they are needed."""

    def __init__(self, settings: Settings, late: bool, host: Host, heard: Handler, changed: Callable[[], None]) -> None:
        """late: whether a standby may start threads; heard: reads a child's messages; changed: the status is another."""
        self._settings, self._late, self._host, self._heard, self._changed = settings, late, host, heard, changed
        self.standby: Process | None = None
        self.zygote: Process | None = None
        self.next_zygote: Process | None = None
        self.left_out: dict[str, str] = {}
        self.preload_ms = 0
        self.debugger: str | None = None  # of the child that serves
        self._names: list[str] = []
        self._files: list[str] = []
        self._attempts = 0
        self._zygote_due = 0.0
        self._standby_due = 0.0
        self._preloaded_by = 0.0
        self._can_fork = processes.adopt_orphans() and settings.reload == "fork"
        self.bare_because = "the setting" if settings.reload == "restart" else "not yet preloaded"
        if settings.reload == "fork" and not self._can_fork:
            self.bare_because = "no prctl"

    # Time.

    def times(self) -> list[float]:
        """When overdue has something to do."""
        return [due for due in (self._zygote_due, self._standby_due, self._preloaded_by) if due]

    def overdue(self, now: float) -> None:
        """Does what is due."""
        if self._zygote_due and self._zygote_due <= now:
            self._zygote_due = 0.0
            self._make_zygote()
        if self._standby_due and self._standby_due <= now:
            self._standby_due = 0.0
            self._stand_by()
        if self._preloaded_by and self._preloaded_by <= now:
            self.bare_because = f"preloading took more than {PRELOADING:.0f} s"
            self._end_preload()

    def soon(self) -> None:
        """A child has come up: makes sure of the next one, in a quiet moment."""
        due = time.monotonic() + QUIET
        self._standby_due = due
        if self.zygote is None and self.next_zygote is None and self._names and self._can_fork:
            self._zygote_due = due

    # Children.

    def take(self) -> Process:
        """A process that waits to be told to go."""
        self._stand_by()
        child, self.standby = self.standby, None
        if child is None and self.next_zygote is not None and self._attempts == 1:
            child = self._forked(self.next_zygote)
        return child or self._bare()

    def _bare(self) -> Process:
        ours, theirs = Channel.pair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._host.let_go()
            raise zygote.Forked(theirs, Memory())
        theirs.close()
        child = Process(ours, "restart")
        child.pid = pid
        self._host.hear(child, self._heard)
        return child

    def _stand_by(self) -> None:
        """Asks the zygote for the next standby."""
        if self.zygote is not None and self.standby is None:
            self._standby_due = 0.0
            self.standby = self._forked(self.zygote)

    def _forked(self, parent: Process) -> Process:
        """A process that a zygote forks as soon as it can. If it ends before that, so does the process's channel."""
        ours, theirs = Channel.pair()
        child = Process(ours, "fork")
        asked = {"files": self._files, "late": self._late, "debugger": self.debugger}
        parent.channel.send({"fork": asked}, [theirs.fileno()])
        theirs.close()
        self._host.hear(child, self._heard)
        return child

    # Zygotes.

    def learn(self, names: list[str], files: list[str], serves: bool) -> None:
        """Modules that a child had to import itself: the next zygote has them. And its project files, to be compiled."""
        known, kept = set(self._names), set(self._files)
        fresh = [name for name in names if name not in known and name not in self.left_out]
        self._names += fresh
        self._files += [file for file in files if file not in kept]
        if fresh and self._can_fork:
            self._attempts = 0 if self.zygote is not None else self._attempts
            self._zygote_due = time.monotonic() + (QUIET if serves else STEADY)

    def forget(self) -> None:
        """The packages changed: nothing that was preloaded may be used again. What is known of it spares another attempt,
        but where something was missing, which may be there now."""
        self._attempts = 0
        if any(why.startswith("failed") for why in self.left_out.values()):
            self.left_out = {}
        self.bare_because = "not yet preloaded"
        self.standby, self.zygote = map(self.without, (self.standby, self.zygote))
        self._end_preload()
        if self._names:
            self._make_zygote()

    def _end_preload(self) -> None:
        self.without(self.next_zygote)
        self.next_zygote, self._preloaded_by = None, 0.0

    def without(self, process: Process | None) -> None:
        """Kills a process that never served; one that has not said its number yet ends at the end of its channel."""
        if process is not None:
            processes.end(processes.family(process.pid), process.pid)
            self._host.close(process)

    def _make_zygote(self) -> None:
        why = impossible(self._names)
        if not self._can_fork or why or self._attempts >= ATTEMPTS:
            self.bare_because = why or self._first_left_out() or self.bare_because
            self._changed()
            return
        self._end_preload()
        self._zygote_due = 0.0
        self._attempts += 1
        supervisor = os.getpid()
        ours, theirs = Channel.pair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._host.let_go()
            processes.die_with(supervisor)
            zygote.run(theirs, self._settings, self._names, self.left_out)
        theirs.close()
        self.next_zygote = Process(ours, "zygote")
        self.next_zygote.pid = pid
        self._preloaded_by = time.monotonic() + PRELOADING
        self._host.hear(self.next_zygote, self._heard_zygote)

    def _first_left_out(self) -> str:
        return next((f"{name} {why}" for name, why in self.left_out.items()), "")

    def _heard_zygote(self, made: Process) -> None:
        try:
            message: dict[str, Any] | None = made.channel.receive()[0]
        except BlockingIOError:
            return
        except OSError:
            message = None
        if message is None:
            self._host.close(made)
        elif "left_out" in message:
            self.left_out = message["left_out"]
            self._host.close(made)
            self.next_zygote = None
            self._make_zygote()
        elif "preloaded" in message:
            self.preload_ms = message["preloaded"]["ms"]
            self.without(self.standby)
            self.without(self.zygote)
            self.standby, self.zygote, self.next_zygote, self._preloaded_by = None, made, None, 0.0
            self._standby_due = time.monotonic() + QUIET

    # Ends.

    def processes(self) -> list[Process]:
        """Every process of this nursery."""
        return [one for one in (self.standby, self.zygote, self.next_zygote) if one is not None]

    def hear_last(self, process: Process) -> None:
        """Hears what a process that ended said before."""
        (self._heard_zygote if process.mode == "zygote" else self._heard)(process)

    def lost(self, process: Process) -> bool:
        """A process ended; whether it was one of these."""
        if process is self.standby:
            self.standby = None
        elif process is self.zygote:
            self.zygote = None
        elif process is self.next_zygote:
            self.next_zygote, self._preloaded_by, self._can_fork, self.bare_because = None, 0.0, False, "preload died"
        else:
            return False
        return True

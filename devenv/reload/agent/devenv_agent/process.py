"""A child as the supervisor sees it."""

from __future__ import annotations

import os

from .signals import WAKE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .channel import Channel
    from .control import Connection

    Asked = tuple[Connection, int]  # who, and the number of the request


class Process:
    """One process of the supervisor's: a child, a standby or a zygote."""

    def __init__(self, channel: Channel, mode: str) -> None:
        self.channel = channel
        self.mode = mode
        self.pid = 0
        self.generation = 0
        self.asked: list[Asked] = []
        self.began = 0.0
        self.retire = "TERM"
        self.failure: dict[str, Any] | None = None
        self.deadline = 0.0
        self.family: set[tuple[int, str]] = set()
        self.ready: dict[str, Any] = {}
        self.began_serving = 0.0
        self.before: Process | None = None  # the child that it replaces, until that one has stopped accepting
        self.waits_for_its_turn = False
        self.wakes = 0  # the process that looks at the channel only when it gets a signal
        self.single = False  # it was told to do its work in the process in which the debugger listens
        self.pooled = False  # it has others for that
        self.debugger: str | None = None  # the folder of debugpy, in a child that was asked to listen
        self.leash = -1  # of its debugger

    def signal(self, number: int) -> None:
        """Sends a signal, if the process has said its number and is still there."""
        _kill(self.pid, number)

    def wake(self) -> None:
        """Makes a child look at its channel that does not do so by itself."""
        _kill(self.wakes, WAKE)

    def let_go(self) -> None:
        """Ends its debugger: see debugger.py."""
        if self.leash >= 0:
            os.close(self.leash)
            self.leash = -1


def _kill(pid: int, number: int) -> None:
    if pid <= 0:
        return
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def parts(began: float, marks: dict[str, float]) -> dict[str, float]:
    """The parts of a reload in milliseconds, from the request to the new child's readiness."""
    go, imported, ready = marks["go"], marks["imported"], marks["ready"]
    bound = marks.get("bound", ready)
    ends = {"fork": (began, go), "import": (go, imported), "bind": (imported, bound), "accept": (bound, ready)}
    found = {name: round(1000 * (end - start), 1) for name, (start, end) in ends.items()}
    found["total"] = round(1000 * (ready - began), 1)
    found["cpu"] = round(1000 * marks["cpu"], 1)
    return found

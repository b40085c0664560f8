"""Requests for a debugger, as the supervisor keeps them: until the child that serves has answered.

Asked before a child serves, they wait for it. A child that is replaced before it answered leaves them to the next one;
one that replaces another listens only if it is asked again.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .control import Connection
    from .process import Process


class _Request:
    def __init__(self, connection: Connection, number: int, folder: str, release: bool) -> None:
        self.connection, self.number, self.folder, self.release = connection, number, folder, release
        self.child: Process | None = None  # whom it was passed to


class Attaching:
    """Every request that is not answered yet."""

    def __init__(self) -> None:
        self._open: dict[int, _Request] = {}
        self._next = 0

    def ask(self, connection: Connection, body: dict[str, Any]) -> None:
        """Takes a request."""
        self._next += 1
        self._open[self._next] = _Request(connection, body.get("id", 0), str(body.get("path") or ""), bool(body.get("release")))

    def wanted(self, child: Process | None) -> bool:
        """Whether a debugger is asked for that this child has not been told of."""
        return any(not request.release and request.child is not child for request in self._open.values())

    def pass_to(self, child: Process | None) -> None:
        """Asks the child that serves from now on."""
        for key, request in self._open.items():
            if child is not None and request.child is not child:
                request.child = child
                child.debugger = None if request.release else request.folder
                self._pass(child, key, request)

    def _pass(self, child: Process, key: int, request: _Request) -> None:
        files = []
        if child.leash < 0:
            theirs, child.leash = os.pipe()
            files = [theirs]
        child.channel.send({"debug": {"key": key, "path": request.folder, "release": request.release}}, files)
        for fd in files:
            os.close(fd)
        child.wake()

    def answered(self, answer: dict[str, Any]) -> None:
        """Passes an answer of a child to whoever asked."""
        request = self._open.pop(answer.pop("key"), None)
        if request is not None and request.child is not None:
            # The child's number, which the status has too: a gunicorn worker has another one.
            request.connection.say("debugging", {"id": request.number, "pid": request.child.pid, **answer})

    def forget(self, connection: Connection) -> None:
        """Nobody waits for the answers to this connection any more."""
        self._open = {key: request for key, request in self._open.items() if request.connection is not connection}

"""Listening sockets outlive the child that opened them: the supervisor holds a copy and gives it to the next child.

A child that binds an address which the supervisor holds gets that very socket in place of its own, so connections that
wait in its queue are never refused and never lost, whichever child accepts them. This works below every server that
uses Python's socket module, also one that the agent does not know.
"""

from __future__ import annotations

import contextlib
import os
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .channel import Channel

    Key = tuple[int, str]

FAMILIES = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)


def key(family: int, address: Any) -> Key:
    """An address as text; what the program asked for, so port 0 stays the port that was found for it."""
    return int(family), repr(tuple(address[:2]) if isinstance(address, tuple) else address)


class Listeners:
    """The hooks in this process's socket module."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._held: dict[Key, int] = {}
        self._asked: dict[int, Key] = {}
        self._bind, self._listen = socket.socket.bind, socket.socket.listen
        self._alone = False

    def hold(self, held: dict[Key, int]) -> None:
        """Takes in sockets that the supervisor holds."""
        self._held.update(held)

    def install(self) -> None:
        """Makes bind() give out the sockets that are held, and listen() tell the supervisor of new ones."""

        def bind(sock: socket.socket, address: Any) -> None:
            self._bound(sock, address)

        def listen(sock: socket.socket, *backlog: int) -> None:
            self._listen(sock, *backlog)
            wanted = self._asked.pop(sock.fileno(), None)
            if wanted is not None:
                self._held[wanted] = os.dup(sock.fileno())
                self._channel.send({"listener": list(wanted)}, [sock.fileno()])

        socket.socket.bind = bind  # type: ignore[method-assign, assignment]
        socket.socket.listen = listen  # type: ignore[method-assign, assignment]

    def _bound(self, sock: socket.socket, address: Any) -> None:
        if self._alone or sock.type != socket.SOCK_STREAM or sock.family not in FAMILIES:
            return self._bind(sock, address)
        wanted = key(sock.family, address)
        if sock.family == socket.AF_UNIX and os.fsencode(address)[:1] != b"\0" and not os.path.exists(address):
            self._held.pop(wanted, None)  # somebody removed it: a new one is meant
        if wanted in self._held:
            os.dup2(self._held[wanted], sock.fileno(), inheritable=os.get_inheritable(sock.fileno()))
            return None
        self._bind(sock, address)
        self._asked[sock.fileno()] = wanted
        return None

    @contextlib.contextmanager
    def left_alone(self) -> Iterator[None]:
        """For a listener that belongs to this process and not to the service."""
        self._alone = True
        try:
            yield
        finally:
            self._alone = False

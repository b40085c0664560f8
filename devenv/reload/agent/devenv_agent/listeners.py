"""Listening sockets outlive the child that opened them: the supervisor holds a copy and gives it to the next child.

A child that binds an address which the supervisor holds gets that very socket in place of its own, so connections that
wait in its queue are never refused and never lost, whichever child accepts them. This works below every server that
uses Python's socket module, also one that the agent does not know.
"""

from __future__ import annotations

import os
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .channel import Channel

    Key = tuple[int, str]


def key(family: int, address: Any) -> Key:
    """An address as text; what the program asked for, so port 0 stays the port that was found for it."""
    return int(family), repr(tuple(address[:2]) if isinstance(address, tuple) else address)


def install(channel: Channel, held: dict[Key, int]) -> None:
    """Makes bind() give out the sockets in held, and listen() tell the supervisor of new ones."""
    asked: dict[int, Key] = {}
    real_bind, real_listen = socket.socket.bind, socket.socket.listen

    def bind(self: socket.socket, address: Any) -> None:
        if self.type != socket.SOCK_STREAM or self.family not in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
            return real_bind(self, address)
        wanted = key(self.family, address)
        if self.family == socket.AF_UNIX and os.fsencode(address)[:1] != b"\0" and not os.path.exists(address):
            held.pop(wanted, None)  # somebody removed it: a new one is meant
        if wanted in held:
            os.dup2(held[wanted], self.fileno(), inheritable=os.get_inheritable(self.fileno()))
            return None
        real_bind(self, address)
        asked[self.fileno()] = wanted
        return None

    def listen(self: socket.socket, *backlog: int) -> None:
        real_listen(self, *backlog)
        wanted = asked.pop(self.fileno(), None)
        if wanted is not None:
            held[wanted] = os.dup(self.fileno())
            channel.send({"listener": list(wanted)}, [self.fileno()])

    socket.socket.bind = bind  # type: ignore[method-assign, assignment]
    socket.socket.listen = listen  # type: ignore[method-assign, assignment]

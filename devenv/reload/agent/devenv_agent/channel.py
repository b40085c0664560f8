"""The line between the supervisor and one of its processes: JSON messages, each whole, with open files attached.

A SOCK_SEQPACKET pair, so several processes (the workers of one child) can write to the same end without mixing.
"""

from __future__ import annotations

import json
import select
import socket
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGEST = 1 << 18
MOST_FILES = 200


class Channel:
    """One end of the line."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    @staticmethod
    def pair() -> tuple[Channel, Channel]:
        """Two ends, of which the first belongs to the supervisor and never blocks."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                end.setsockopt(socket.SOL_SOCKET, buffer, LARGEST)
        ours.setblocking(False)
        return Channel(ours), Channel(theirs)

    def fileno(self) -> int:
        """For selectors."""
        return self.sock.fileno()

    def send(self, message: dict[str, Any], files: tuple[int, ...] | list[int] = ()) -> bool:
        """Sends one message; False if nobody is there or the line is full."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", files))] if files else []
        try:
            self.sock.sendmsg([json.dumps(message).encode()], rights)
        except OSError:
            return False
        return True

    def receive(self, flags: int = 0) -> tuple[dict[str, Any] | None, list[int]]:
        """The next message and its files, which the caller owns; None at the end of the line."""
        room = socket.CMSG_SPACE(MOST_FILES * array("i").itemsize)
        data, ancillary, _, _ = self.sock.recvmsg(LARGEST, room, socket.MSG_CMSG_CLOEXEC | flags)
        files = array("i")
        for level, kind, rights in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                files.frombytes(rights[: len(rights) - len(rights) % files.itemsize])
        return (json.loads(data) if data else None), list(files)

    def readable(self) -> bool:
        """Whether a message, or the end of the line, is here; False at a closed end."""
        return self.fileno() >= 0 and bool(select.select([self], [], [], 0)[0])

    def close(self) -> None:
        """Closes this end."""
        self.sock.close()

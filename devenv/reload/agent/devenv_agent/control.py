"""The control socket: who may connect, and lines in and out. protocol.py says what the lines mean."""

from __future__ import annotations

import json
import os
import selectors
import socket
import struct

from . import protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Request = tuple[str, dict[str, Any]]

LONGEST = 1 << 22  # bytes of a request


def claim() -> socket.socket | None:
    """The listening socket; None if another agent of this container has it."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(protocol.address())
    except OSError:
        listener.close()
        return None
    listener.listen(8)
    listener.setblocking(False)
    return listener


class Connection:
    """One devenv."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._in = b""

    @staticmethod
    def accept(listener: socket.socket) -> Connection | None:
        """The next connection, if its other end may talk to us."""
        sock, _ = listener.accept()
        if _may_talk(sock):
            return Connection(sock)
        sock.close()
        return None

    def fileno(self) -> int:
        """For selectors."""
        return self.sock.fileno()

    def requests(self) -> list[Request] | None:
        """The whole lines that have arrived; None at the end of the connection."""
        try:
            data = self.sock.recv(1 << 16)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not data or len(self._in) > LONGEST:
            return None
        *lines, self._in = (self._in + data).split(b"\n")
        return [_parse(line) for line in lines if line.strip()]

    def say(self, kind: str, body: dict[str, Any]) -> None:
        """Sends one line; a devenv that does not read loses it rather than holding up the service."""
        try:
            self.sock.sendall(json.dumps({kind: body}).encode() + b"\n")
        except OSError:
            pass

    def close(self) -> None:
        """Closes this end."""
        self.sock.close()


class Clients:
    """Every devenv that is connected."""

    def __init__(
        self,
        listener: socket.socket,
        selector: selectors.BaseSelector,
        requested: Callable[[Connection, str, dict[str, Any]], None],
        status: Callable[[], dict[str, Any]],
    ) -> None:
        """requested: is called with each request; status: what a new connection is told first."""
        self._listener, self._selector, self._requested, self._status = listener, selector, requested, status
        self._connections: list[Connection] = []
        self.gone: Callable[[Connection], None] = lambda _: None  # is called when a connection has ended

    def listen(self) -> None:
        """Accepts from now on."""
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        connection = Connection.accept(self._listener)
        if connection is not None:
            self._connections.append(connection)
            self._selector.register(connection, selectors.EVENT_READ, lambda: self._read(connection))
            connection.say("status", self._status())

    def _read(self, connection: Connection) -> None:
        requests = connection.requests()
        if requests is None:
            self._selector.unregister(connection)
            self._connections.remove(connection)
            self.gone(connection)
            connection.close()
            return
        for kind, body in requests:
            self._requested(connection, kind, body)

    def say(self, kind: str, body: dict[str, Any]) -> None:
        """Sends one line to everybody."""
        for connection in self._connections:
            connection.say(kind, body)

    def nobody(self) -> bool:
        """Whether no devenv is connected."""
        return not self._connections


def _parse(line: bytes) -> Request:
    try:
        message = json.loads(line)
        kind, body = next(iter(message.items()))
        return (str(kind), body) if isinstance(body, dict) else ("", {})
    except (ValueError, AttributeError, StopIteration):
        return "", {}


def _may_talk(sock: socket.socket) -> bool:
    """Same container, and root or our own user: see protocol.py."""
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, user, _ = struct.unpack("3i", credentials)
    if pid == 0 or user not in (0, os.geteuid()):
        return False
    try:
        return os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt")
    except PermissionError:
        return bool(user == 0)  # root's namespaces are hidden from us; root needs no socket to do us harm
    except OSError:
        return False

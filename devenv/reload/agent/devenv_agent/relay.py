"""Joins standard input and output to the agent's socket: run by devenv through `docker exec -i`, kept open.

With the arguments `connect PORT` it joins them to that port of the container's loopback device, where a debugger listens. Without
PORT the first line of its input says which, so that it can be started before that is known.
Run with -I -S, so that nothing of the container's Python set-up is imported: it starts in about 10 ms.
"""

from __future__ import annotations

import os
import select
import socket
import sys

PAUSE = 0.05  # between two looks for an agent that is not there yet: an abstract socket cannot be waited for
SETTLED = 10.0  # a Python program that has run for so many seconds without an agent is one that the agent leaves alone


def agent() -> tuple[socket.socket, bytes]:
    """Connects to the agent, waiting for it for as long as devenv is there; and what devenv said meanwhile.

    To what devenv says it answers as soon as it is known what runs in the agent's place: a program that the agent leaves
    alone, or none.
    """
    address = "\0devenv-agent-" + os.readlink("/proc/self/ns/mnt")
    early, answered = b"", True
    while True:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(address)
            return sock, early
        except OSError:
            sock.close()
        if not answered:
            answered = tell_absent()
        if select.select([0], [], [], PAUSE)[0]:
            data = os.read(0, 65536)
            if not data:
                sys.exit(0)
            early += data
            answered = False


def tell_absent() -> bool:
    """Says what runs in the agent's place; False if a program has begun so lately that it may still become the agent.

    A task, such as a migration, is none: it runs to its end, and what starts after it loads the new code.
    """
    from .ancestry import programs
    from .program import ends

    age, program = max((found for found in programs() if not ends(found[1])), default=(SETTLED, []))
    if age < SETTLED:
        return False
    import json

    write(json.dumps({"relay": {"state": "absent", "program": " ".join(program)}}).encode() + b"\n")
    return True


def join(sock: socket.socket, early: bytes) -> None:
    """Copies both ways until either side ends."""
    sock.sendall(early)
    while True:
        for ready in select.select([0, sock.fileno()], [], [])[0]:
            data = os.read(0, 65536) if ready == 0 else sock.recv(65536)
            if not data:
                return
            if ready == 0:
                sock.sendall(data)
            else:
                write(data)


def tunnel(sock: socket.socket) -> None:
    """Copies both ways, neither waiting for the other. The end of input is passed on; the end of the other side ends this."""
    import _thread

    def inward() -> None:
        try:
            for data in iter(lambda: os.read(0, 65536), b""):
                sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other side is gone, which the other direction sees too

    _thread.start_new_thread(inward, ())
    for data in iter(lambda: sock.recv(65536), b""):
        write(data)


def write(data: bytes) -> None:
    """Writes all of it to standard output."""
    while data:
        data = data[os.write(1, data) :]


def first_line() -> bytes:
    """The first line of the input, and nothing more of it."""
    line = b""
    while not line.endswith(b"\n"):
        read = os.read(0, 1)
        if not read:
            sys.exit(0)
        line += read
    return line


def main(arguments: list[str]) -> None:
    """The relay, as one of the two."""
    if not arguments:
        return join(*agent())
    port = int(arguments[1] if len(arguments) > 1 else first_line())
    try:
        sock = socket.create_connection(("127.0.0.1", port))
    except OSError as error:
        sys.exit(f"127.0.0.1:{port}: {error.strerror}")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return tunnel(sock)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (KeyboardInterrupt, BrokenPipeError, ConnectionError):
        pass

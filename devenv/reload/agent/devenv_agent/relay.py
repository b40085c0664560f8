"""Joins standard input and output to the agent's socket: run by devenv through `docker exec -i`, kept open.

Run with -I -S, so that nothing of the container's Python set-up is imported: it starts in about 10 ms.
"""

from __future__ import annotations

import os
import select
import socket
import sys

PAUSE = 0.05  # between two looks for an agent that is not there yet: an abstract socket cannot be waited for


def connect() -> tuple[socket.socket, bytes]:
    """Connects to the agent, waiting for it for as long as devenv is there; and what devenv said meanwhile."""
    address = "\0devenv-agent-" + os.readlink("/proc/self/ns/mnt")
    said, early = False, b""
    while True:
        agent = socket.socket(socket.AF_UNIX)
        try:
            agent.connect(address)
            return agent, early
        except OSError:
            agent.close()
        if not said:
            os.write(1, b'{"relay": {"state": "waiting"}}\n')
            said = True
        if select.select([0], [], [], PAUSE)[0]:
            data = os.read(0, 65536)
            if not data:
                sys.exit(0)
            early += data


def join(agent: socket.socket, early: bytes) -> None:
    """Copies both ways until either side ends."""
    agent.sendall(early)
    while True:
        for ready in select.select([0, agent.fileno()], [], [])[0]:
            data = os.read(0, 65536) if ready == 0 else agent.recv(65536)
            if not data:
                return
            if ready == 0:
                agent.sendall(data)
            else:
                os.write(1, data)


if __name__ == "__main__":
    try:
        join(*connect())
    except (KeyboardInterrupt, BrokenPipeError, ConnectionError):
        pass

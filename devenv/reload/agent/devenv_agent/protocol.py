"""The protocol between devenv and the agent: one JSON object with one key a line, both ways.

devenv asks:
    {"reload":  {"id": 1, "files": ["/src/app/main.py"]}}   these files changed (container paths); files null: unknown which
    {"refresh": {"id": 2}}                                  packages changed (uv sync): forget what is preloaded, reload
    {"status":  {"id": 3}}                                  say where things are
    {"debug":   {"id": 4, "path": "/devenv/debugpy"}}       let the serving child listen for a debugger; path: a folder
                                                            where debugpy is if the program's environment has none, or "";
                                                            with "release": true, end the tracing: its client is gone;
                                                            with "proceed": true, the child that is "holding" may go on

The agent says, first to every connection and again whenever it changes:
    {"status": {"agent": 1, "mode": "fork"|"restart", "why": "", "python": "3.13.5", "program": "uvicorn", "state":
                "starting"|"serving"|"waiting", "pid": 1, "child": 12, "generation": 3, "left_out": {"grpc": "started threads"},
                "preload_ms": 240, "debug": {"listen": "0.0.0.0:5678", "wait": false} | null, "holding": 0, "waits": false}}
        mode: what the next reload will be. "restart" says why: "the setting", "not yet preloaded", "gevent patches
        modules", "preload died", "no prctl".
        "holding": the pid of a child that has loaded the new code, or with "waits" nothing yet, and gives the debugger the
        time to come to it; it goes on when it is told to, or after five seconds, with "waits" only then. "debug" then means it.
        state "waiting": there is no good version; the agent waits for the next reload.
The agent answers each id once:
    {"reloaded": {"id": 1, "mode": "fork", "pid": 12, "generation": 3, "ms": {"fork": 1, "import": 20, "bind": 5, "accept": 2,
                  "total": 28, "cpu": 30}}}   from now on new requests are answered by the new code. total: from the
        request to the new child's readiness; cpu: what that took of a processor, to tell a slow start from a busy machine.
    {"failed":   {"id": 1, "error": "SyntaxError: ...", "file": "/src/app/main.py", "line": 3, "traceback": "...",
                  "serving": true}}  serving: the last good version still answers
    {"debugging": {"id": 4, "pid": 12, "port": 41234}}  debugpy listens at this port of the container's loopback device, in
        the child of this pid, until that is replaced; asked again it says the same port, and a child that replaces another
        listens only if it is asked again. Asked before a child serves, the answer comes when one does.
        "error" in place of "port": "no debugpy", or what debugpy said.
    {"refused":  {"id": 1, "why": "unknown request"}}
A failed first start, which nobody asked for, is a "failed" with id 0. Unknown keys in an answer are to be ignored.

How devenv reaches it: `docker exec -i CONTAINER python3 -I -S /devenv/agent-HASH.zip`, kept open. The relay
connects to an abstract Unix socket of the container, which needs no mount, no writable folder, no port and no particular
user, and vanishes with the supervisor. It says {"relay": {"state": "waiting"}} while no agent is there yet. With the
arguments `connect PORT` it is joined with that port of the loopback device instead, raw bytes both ways.

Who may talk: the socket is not reachable from outside the network namespace. Where that is shared (network_mode: host
or service:x) the kernel tells the peer's process: it must be visible in this process namespace, live in the same mount
namespace (this container), and be root or the user of the agent.
"""

from __future__ import annotations

import os

ASKED = ("reload", "refresh", "status", "debug")


def address() -> str:
    """The abstract socket's name. The mount namespace is the container's own, also where the network is shared."""
    return "\0devenv-agent-" + os.readlink("/proc/self/ns/mnt")

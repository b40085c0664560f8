"""The zygote: preloads, then forks a standby whenever the supervisor asks for one.

Messages from the supervisor: fork (with the standby's end of its channel, and the project files to keep compiled).
To it, once: preloaded, or left_out (this process is not clean; make another one without these).
"""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import sys
import time

from .channel import Channel
from .code import Memory
from .preload import Preload
from .project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from .settings import Settings


class Standby:
    """What is done while nobody waits for it."""

    def __init__(self, late: list[str], debugger: str | None) -> None:
        self.late = late  # modules that start threads: only a process that never forks again imports them
        self.debugger = debugger  # as Process.debugger of the child that this one is going to replace


class Forked(BaseException):
    """Unwinds a forked process out of its parent's loop, up to entry.enter. standby: what to do while it waits, if it does."""

    def __init__(self, channel: Channel, memory: Memory, standby: Standby | None = None) -> None:
        super().__init__()
        self.channel = channel
        self.memory = memory
        self.standby = standby


def run(channel: Channel, settings: Settings, names: list[str], left_out: dict[str, str]) -> NoReturn:
    """Never returns: the zygote ends here, and each standby leaves by Forked."""
    began = time.monotonic()
    preload = Preload(Project(settings.sources), left_out)
    quiet = _Quiet()
    preload.run(names)
    if preload.dirty:
        channel.send({"left_out": preload.left_out})
        os._exit(0)
    from . import chain, child, servers  # noqa: F401 - compiled once here, not in every child

    with contextlib.suppress(ImportError):
        from . import pages  # noqa: F401
    gc.collect()
    gc.freeze()
    channel.send({"preloaded": {"ms": round(1000 * (time.monotonic() - began)), "modules": len(sys.modules)}})
    late = [name for name in names if left_out.get(name) == "started threads"]
    memory = Memory()
    while True:
        message, files = channel.receive()
        if message is None:
            os._exit(0)
        memory.learn(message["fork"]["files"])
        if _forked_twice():
            channel.close()
            quiet.end()
            standby = Standby(late if message["fork"]["late"] else [], message["fork"]["debugger"])
            raise Forked(Channel(socket.socket(fileno=files[0])), memory, standby)
        os.close(files[0])


def _forked_twice() -> bool:
    """Forks a grandchild whose parent ends at once, so that the supervisor becomes its parent. True in it."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return False
    if os.fork():
        os._exit(0)
    return True


class _Quiet:
    """Keeps what modules print while they are imported out of the log: the first child printed it already."""

    def __init__(self) -> None:
        self._kept = (os.dup(1), os.dup(2))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.close(nowhere)

    def end(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        for number, kept in zip((1, 2), self._kept):
            os.dup2(kept, number)
            os.close(kept)

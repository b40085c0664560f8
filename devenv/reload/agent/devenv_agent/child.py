"""A child: waits to be told "go", then becomes the program, and tells the supervisor how far it is.

Messages from the supervisor: go (with the held listeners), run (the old child is gone), retire, adopt (with
connections of the old child), debug (with the leash), proceed (the debugger is there). To it: pid, holding, listener, prepared, ready, wake, retired, adopt,
failure, modules, debugging.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time

from . import code, debugger, failure, listeners, processes
from .channel import Channel
from .project import Project
from .settings import agent_folder
from .signals import WAKE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .settings import Settings
    from .zygote import Standby

MOST_WAIT = 5.0  # seconds for a debugger to move from the old child to this one
MOST_NAMES = 500  # module names a message


class Child:
    """This process, as seen by the adapters in servers/."""

    def __init__(self, channel: Channel, settings: Settings, memory: code.Memory) -> None:
        self.channel = channel
        self.settings = settings
        self.memory = memory
        self.project = Project(settings.sources)
        self.go: dict[str, Any] = {}
        self.is_ready = False
        self.retiring = False
        self.workers = 1
        self.pooled = False  # the work is done in several processes, or in another than this one
        self.shared = False
        self.listeners = listeners.Listeners(channel)
        self.handlers: dict[str, Callable[[dict[str, Any], list[int]], None]] = {"debug": self._debug, "proceed": self._proceed}
        self._may_proceed = False
        self._debugger = debugger.Debugger(self)
        self._marks: dict[str, float] = {}
        self._waited = 0.0  # processor seconds before go
        self._known: set[str] = set()
        self._collecting = gc.isenabled()

    def wait(self, standby: Standby | None) -> None:
        """Waits for go; the process ends here if the supervisor does."""
        os.setpgid(0, 0)
        self.channel.send({"pid": os.getpid()})
        if standby is not None:
            self._prepare(standby)
        message, files = self.channel.receive()
        if message is None:
            os._exit(0)
        self.go = message["go"]
        processes.die_with(self.go["supervisor"])
        self._marks["go"], self._waited = time.monotonic(), time.process_time()
        self._begin(files)

    def _prepare(self, standby: Standby) -> None:
        """Does what costs time and needs nothing of the project."""
        for name in standby.late:
            with contextlib.suppress(Exception):  # the program imports it again and shows its own error
                importlib.import_module(name)
        with contextlib.suppress(Exception):
            if standby.debugger is not None:
                debugger.load(standby.debugger)  # the one before was debugged: this one is likely to be
        with contextlib.suppress(ImportError, OSError):
            from . import pages

            pages.take(self.channel.readable)

    def _begin(self, files: list[int]) -> None:
        from . import servers

        for number in (signal.SIGTTOU, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL if number != signal.SIGPIPE else signal.SIG_IGN)
        self._look_again()
        self._known = set(sys.modules)
        self._hold(self.go["listeners"], files)
        self.listeners.install()
        code.install(self.memory, self.project, set(self.go["changed"]), self.go["everything"])
        failure.install(self.project, self.failed)
        if "numpy.random" in sys.modules:  # forks share the seed of their parent
            sys.modules["numpy.random"].seed()
        servers.install(self)
        if self.go["hold"]:
            self._await_debugger(None)

    def _hold(self, addresses: list[tuple[int, str]], files: list[int]) -> None:
        """Takes in the sockets that the supervisor holds."""
        self.listeners.hold({(family, address): fd for (family, address), fd in zip(addresses, files)})

    def _look_again(self) -> None:
        """Forgets what lies in the folders of the project. Those of packages are known from their own time stamps."""
        for folder, finder in list(sys.path_importer_cache.items()):
            if self.project.preloadable(folder + "/") or folder == agent_folder():
                continue
            if finder is None:
                del sys.path_importer_cache[folder]
            elif hasattr(finder, "invalidate_caches"):
                finder.invalidate_caches()

    def mark(self, name: str) -> None:
        """Remembers when a part of the start was done."""
        if name in self._marks:
            return
        self._marks[name] = time.monotonic()
        if name == "imported" and self.go["debugged"]:
            self._await_debugger(MOST_WAIT)

    def _await_debugger(self, seconds: float | None) -> None:
        """Gives a debugger the time to come here before the first request does. seconds: None waits for as long as it takes."""
        self._may_proceed = False
        self.channel.send({"holding": {}})
        end = None if seconds is None else time.monotonic() + seconds
        while not self._may_proceed:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return
            if select.select([self.channel], [], [], left)[0]:
                self.pump()

    def _proceed(self, _: dict[str, Any], __: list[int]) -> None:
        self._may_proceed = True

    def pause_collection(self) -> None:
        """No garbage collection until ready: nothing that an import makes is garbage."""
        if self._collecting:
            gc.disable()

    def failed(self, report: dict[str, Any]) -> None:
        """Tells why this process is about to end."""
        self.channel.send({"failure": report})

    def ready(self, serves: bool, retire: str) -> None:
        """This child accepts. retire: "message", or the name of the signal that makes it finish and go."""
        self.mark("imported")
        self.is_ready = True
        self._marks["ready"] = time.monotonic()
        self._marks["cpu"] = time.process_time() - self._waited
        self.channel.send({"ready": {"serves": serves, "retire": retire, "pooled": self.pooled, "marks": self._marks}})
        if self._collecting:
            gc.enable()
        self.tell_modules()

    def tell_modules(self) -> None:
        """Sends what was imported since the last time, so that the next child finds it preloaded."""
        loaded = [(name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items())]
        fresh = [(name, file) for name, file in loaded if name not in self._known and isinstance(file, str)]
        self._known.update(name for name, _ in fresh)
        real = [(name, file, os.path.realpath(file)) for name, file in fresh]
        files = [file for _, file, path in real if file.endswith(".py") and self.project.owns(path)]
        names = [name for name, _, path in real if _worth(name, path) and self.project.preloadable(path)]
        for start in range(0, max(len(names), len(files)), MOST_NAMES):
            end = start + MOST_NAMES
            self.channel.send({"modules": {"names": names[start:end], "files": files[start:end]}})

    def gate(self) -> None:
        """Says that everything is imported, and goes on when the old child is gone."""
        self.mark("imported")
        self.channel.send({"prepared": {}})
        message, files = self.channel.receive()
        if message is None:
            os._exit(0)
        self._hold(message["run"]["listeners"], files)

    def take_turn(self) -> None:
        """For a program that must not run twice at once: waits for the old child to be gone, and is ready then."""
        if self.go["generation"] > 1:
            self.gate()
        self.pump_when_woken()
        self.ready(serves=False, retire="TERM")

    def pump(self) -> bool:
        """Handles one message; for an event loop that found the channel readable, or a thread. False if there was none."""
        try:
            message, files = self.channel.receive(socket.MSG_DONTWAIT if self.shared else 0)
        except BlockingIOError:
            return False
        if message is None:
            return False
        for name, value in message.items():
            handler = self.handlers.get(name)
            if handler is not None:
                handler(value, files)
        return True

    def pump_in_thread(self) -> None:
        """Handles messages in a thread, for servers that have no event loop."""
        self.mark("imported")  # the wait for a debugger reads the messages itself

        def forever() -> None:
            while not self.retiring:
                self.pump()

        debugger.start_thread(forever)

    def pump_when_woken(self) -> None:
        """Handles messages when the supervisor sends a signal, for programs that have neither loop nor thread to spare."""
        self.shared = True  # the signal may come twice for one message, and once for two

        def all_there_is() -> None:
            while self.pump():
                pass

        signal.signal(WAKE, lambda *_: debugger.start_thread(all_there_is))
        self.channel.send({"wake": os.getpid()})

    def _debug(self, request: dict[str, Any], files: list[int]) -> None:
        self.tell_modules()
        self._debugger.asked(request, files)
        self._known.update(sys.modules)  # what a debugger imports is not worth preloading


def _worth(name: str, path: str) -> bool:
    """Whether a module is to be preloaded: not the program itself, not the agent, and not the debugger."""
    parts = name.split(".")
    return (
        "/debugpy/" not in path
        and parts[-1] != "__main__"
        and parts[0] not in ("__main__", "__mp_main__", "devenv_agent", "sitecustomize")
    )

"""The supervisor: one loop that owns every decision about the children of this service.

At most one child is *serving*, one is *loading* (told to go, not ready yet), some are *draining* (retired, finishing
their requests) and one is *standing by* (forked from the zygote, not told to go). A child becomes serving when it says
that it accepts; only then the one before it is retired. A child that ends before that was a failed reload, and nothing
else changes.

Nothing here blocks, and no thread runs: every fork of this process must be clean.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time

from . import VERSION, processes, protocol, terminal
from .attaching import Attaching
from .control import Clients
from .nursery import Host, Nursery
from .process import Process, parts
from .signals import Signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from .control import Connection
    from .process import Asked
    from .program import Program
    from .settings import Settings

PATIENCE = 1.0  # seconds that a loading child has to come up before a newer save may replace it
RETIRING = 3.0  # seconds that an old child has to say that it accepts no more; one that is blocked accepts nothing anyway


class Supervisor:
    """Runs the service until it ends."""

    def __init__(self, settings: Settings, program: Program, name: str, listener: socket.socket) -> None:
        self.settings, self.program, self.name = settings, program, name
        self.selector = selectors.DefaultSelector()
        self.clients = Clients(listener, self.selector, self._requested, self._status)
        self.signals = Signals()
        self.terminal = terminal.Terminal()
        self.serving: Process | None = None
        self.loading: Process | None = None
        self.draining: list[Process] = []
        self.generation = 0
        self.pending: dict[str, Any] | None = None
        self.stopping = False
        self.serves = False
        self.held: dict[tuple[int, str], int] = {}
        self.changed: set[str] = set()
        self.everything = False
        self.attaching = Attaching()
        self.holding: Process | None = None  # the loading child, while it waits for the debugger
        self.debugged = False
        self.waited = False
        self.clients.gone = self.attaching.forget
        host = Host(self._hear, self._close, self._let_go)
        late = name not in ("gunicorn", "celery")
        self.nursery = Nursery(settings, late, host, self._heard, lambda: self.clients.say("status", self._status()))

    # The loop.

    def run(self) -> NoReturn:
        """Returns only by ending the process, or by Forked in a child."""
        self.clients.listen()
        self.selector.register(self.signals.reader, selectors.EVENT_READ, self._signalled)
        self._start([])
        while True:
            for key, _ in self.selector.select(self._timeout()):
                key.data()
            self._overdue()

    def _timeout(self) -> float | None:
        times = [child.deadline for child in self.draining if child.deadline] + self.nursery.times()
        if self.serving is not None and self.serving.ready:
            times.append(self.serving.began_serving + RETIRING)
        if self.pending is not None and self.loading is not None:
            times.append(self.loading.began + PATIENCE)
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _overdue(self) -> None:
        now = time.monotonic()
        for child in self.draining:
            if child.deadline and child.deadline <= now:
                child.deadline = 0.0
                processes.end(child.family | processes.family(child.pid), child.pid)
        if self.serving is not None and self.serving.ready and self.serving.began_serving + RETIRING <= now:
            self._answer()
        self.nursery.overdue(now)
        self._next_reload()

    # Requests of devenv.

    def _requested(self, connection: Connection, kind: str, body: dict[str, Any]) -> None:
        if kind == "status":
            connection.say("status", {"id": body.get("id", 0), **self._status()})
        elif kind not in protocol.ASKED or self.stopping:
            why = "stopping" if self.stopping else "unknown request"
            connection.say("refused", {"id": body.get("id", 0), "why": why})
        elif kind == "debug" and body.get("proceed"):
            self._let_proceed()
            connection.say("debugging", {"id": body.get("id", 0), "port": 0})
        elif kind == "debug":
            self.attaching.ask(connection, body)
            self._let_debug(self.holding or self.serving)
        else:
            self._ask(connection, kind, body)

    def _let_debug(self, child: Process | None) -> None:
        """Passes requests for a debugger on. It sees one process: a child that has a pool is replaced by one without."""
        if child is None or child.single or not child.pooled or not self.attaching.wanted(child):
            self.attaching.pass_to(child)
        elif self.loading is None or not self.loading.single:
            self.pending = self.pending or {"asked": [], "fresh": False}
            self._next_reload()

    def _let_proceed(self) -> None:
        """The debugger is where it wanted to be: the child that waits for it goes on."""
        self.waited = True
        if self.holding is not None:
            self.holding.channel.send({"proceed": {}})
            self.holding = None

    def _ask(self, connection: Connection, kind: str, body: dict[str, Any]) -> None:
        """Merges a request into the one that is to be done next."""
        pending = self.pending or {"asked": [], "fresh": False}
        pending["asked"].append((connection, body.get("id", 0)))
        pending["fresh"] = pending["fresh"] or kind == "refresh"
        files = body.get("files")
        if isinstance(files, list):
            self.changed.update(str(file) for file in files)
        else:
            self.everything = True
        self.pending = pending
        self._next_reload()

    def _next_reload(self) -> None:
        if self.pending is None or self.stopping:
            return
        if self.loading is not None:
            if self.loading.began + PATIENCE > time.monotonic() or self.loading.waits_for_its_turn:
                return
            self.pending["asked"] = self.loading.asked + self.pending["asked"]
            self.nursery.without(self.loading)
            self.loading = None
        pending, self.pending = self.pending, None
        if pending["fresh"]:
            self.nursery.forget()
        self._start(pending["asked"])

    def _status(self) -> dict[str, Any]:
        forks = self.nursery.zygote is not None
        return {
            "agent": VERSION,
            "mode": "fork" if forks else "restart",
            "why": "" if forks else self.nursery.bare_because,
            "python": ".".join(map(str, sys.version_info[:3])),
            "program": self.name,
            "state": "serving" if self.serving else "starting" if self.loading else "waiting",
            "pid": os.getpid(),
            "child": self.serving.pid if self.serving else 0,
            "generation": self.generation,
            "left_out": self.nursery.left_out,
            "preload_ms": self.nursery.preload_ms,
            "debug": self.settings.debug,
            "holding": self.holding.pid if self.holding is not None else 0,
            "waits": self._waits(),
        }

    def _waits(self) -> bool:
        """Whether nothing of the program is to run before a debugger was there."""
        return self.settings.wait and not self.waited

    # Making children.

    def _start(self, asked: list[Asked]) -> None:
        """Tells a new child to go."""
        child = self.nursery.take()
        self.generation += 1
        child.generation, child.asked, child.began = self.generation, asked, time.monotonic()
        self.loading = child
        if self.serving is not None:
            self.debugged = self.serving.debugger is not None
        child.single = self.debugged or self._waits() or self.attaching.wanted(child)
        go = {
            "generation": self.generation,
            "program": self.name,
            "arguments": self.program.arguments,
            "target": self.program.target,
            "module": self.program.module,
            "listeners": list(self.held),
            "changed": sorted(self.changed),
            "everything": self.everything,
            "serves": self.serves,
            "supervisor": os.getpid(),
            "debugged": self.debugged,
            "hold": self._waits(),
            "single": child.single,
        }
        child.channel.send({"go": go}, list(self.held.values()))

    def _let_go(self) -> None:
        """In a fork: closes everything that belongs to the supervisor.

        Its sockets forget their numbers: collected some time, they would close files of the program that got the same ones.
        """
        self.signals.forget()
        self.terminal.forget()
        for key in list(self.selector.get_map().values()):
            os.close(key.fd)
            getattr(key.fileobj, "sock", key.fileobj).detach()
        self.selector.close()
        for fd in self.held.values():
            os.close(fd)
        for child in (self.serving, self.loading, *self.draining):
            if child is not None:
                child.let_go()

    def _hear(self, child: Process, handle: Any) -> None:
        self.selector.register(child.channel, selectors.EVENT_READ, lambda: handle(child))

    def _close(self, child: Process) -> None:
        child.let_go()
        if child is self.holding:
            self.holding = None
        if child.channel.fileno() >= 0:
            self.selector.unregister(child.channel)
            child.channel.close()

    # Messages of children.

    def _heard(self, child: Process) -> None:
        try:
            message, files = child.channel.receive()
        except BlockingIOError:
            return
        except OSError:
            message, files = None, []
        if message is None:
            self._close(child)
            if child.pid == 0 and not self.nursery.lost(child) and child is self.loading:
                self.loading = None  # the zygote ended before it forked this one
                self._start(child.asked)
            return
        for name, value in message.items():
            if name == "pid":
                child.pid = value
                self.clients.say("status", self._status())
            elif name == "listener":
                self._hold((value[0], value[1]), files.pop())
            elif name == "failure":
                if child.failure is None or not child.failure["importing"]:
                    child.failure = value
            elif name == "prepared":
                self._prepared(child)
            elif name == "ready":
                self._ready(child, value)
            elif name == "modules":
                self.nursery.learn(value["names"], value["files"], self.serves)
            elif name == "retired":
                self._stopped_accepting(child)
            elif name == "wake":
                child.wakes = value
            elif name == "holding" and child is self.loading:
                self._holds(child)
            elif name == "debugging":
                self.attaching.answered(value)
            elif name == "adopt" and self.serving is not None and self.serving is not child:
                self.serving.channel.send({"adopt": {}}, files)
        for fd in files:
            os.close(fd)

    def _holds(self, child: Process) -> None:
        """A child has loaded the new code and waits for the debugger of the old one, or for the first one at all."""
        self.holding = child
        self.attaching.pass_to(child)
        self.clients.say("status", self._status())
        if self.clients.nobody() and not self._waits():
            self._let_proceed()

    def _hold(self, address: tuple[int, str], fd: int) -> None:
        """Keeps a listening socket for the children to come."""
        if address in self.held:
            os.close(self.held[address])
        self.held[address] = fd

    def _prepared(self, child: Process) -> None:
        """A program that cannot overlap with itself has imported: the old one goes first."""
        child.waits_for_its_turn = True
        if self.serving is None:
            self._take_turn()
        else:
            self._retire(self.serving)

    def _take_turn(self) -> None:
        if self.loading is not None and self.loading.waits_for_its_turn and self.serving is None:
            if not any(old.deadline or old.pid for old in self.draining):
                self.loading.waits_for_its_turn = False
                # The old one may have opened sockets only after this one was told to go.
                self.loading.channel.send({"run": {"listeners": list(self.held)}}, list(self.held.values()))

    def _ready(self, child: Process, ready: dict[str, Any]) -> None:
        child.retire, child.pooled = ready["retire"], ready["pooled"]
        self.serves = self.serves or ready["serves"]
        if child is not self.loading:
            return
        child.ready, child.began_serving = ready, time.monotonic()
        old, self.serving, self.loading, self.holding = self.serving, child, None, None
        self.terminal.give_to(child.pid)
        child.before = old
        if old is not None:
            if old.ready:  # whoever asked for it has not been answered
                child.asked = old.asked + child.asked
            self._retire(old)
        else:
            self._answer()
        self._let_debug(child)
        self.nursery.debugger = child.debugger
        self.nursery.soon()

    def _stopped_accepting(self, old: Process) -> None:
        """Only the end of the child before this one matters: one that was replaced earlier may come to its own at any time."""
        if self.serving is not None and self.serving.before is old:
            self._answer()

    def _answer(self) -> None:
        """Says that the serving child is the new code: at once, or when the old one has stopped accepting."""
        new = self.serving
        if new is None or not new.ready:
            return
        ready, new.ready, new.before = new.ready, {}, None
        self.clients.say("status", self._status())
        took = parts(new.began, ready["marks"])
        for connection, number in new.asked:
            body = {"id": number, "mode": new.mode, "pid": new.pid, "generation": new.generation, "ms": took}
            connection.say("reloaded", body)

    def _retire(self, old: Process) -> None:
        if old is self.serving:
            self.serving = None
        self.draining.append(old)
        old.deadline = time.monotonic() + self.settings.drain
        if old.retire == "message":
            old.channel.send({"retire": {"seconds": max(0.5, self.settings.drain - 1)}})
        else:
            old.signal(getattr(signal, "SIG" + old.retire))
        old.let_go()
        old.family = processes.family(old.pid)

    # Signals and ends.

    def _signalled(self) -> None:
        for number in self.signals.arrived():
            if number == signal.SIGCHLD:
                self._reap()
            else:
                self._forward(number)

    def _forward(self, number: int) -> None:
        self.stopping = self.stopping or number == signal.SIGTERM
        children = [child for child in (self.serving, self.loading, *self.draining) if child is not None and child.pid]
        for child in children:
            child.signal(number)
        if not children and number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            self._leave(-number)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._ended(pid, os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status))

    def _ended(self, pid: int, code: int) -> None:
        for child in self._processes():
            if child.pid == pid:
                break
        else:
            return
        while child.channel.readable():
            self.nursery.hear_last(child)
        self._close(child)
        child.pid = 0
        if self.nursery.lost(child):
            return
        if child in self.draining:
            self.draining.remove(child)
            self._stopped_accepting(child)
            processes.end(child.family, pid)
            self._take_turn()
        elif child is self.loading:
            self.loading = None
            self._failed(child, pid, code)
        elif child is self.serving:
            self.serving = None
            self._served(child, code)

    def _processes(self) -> list[Process]:
        """Every process of ours that has said its number."""
        everyone = (self.serving, self.loading, *self.draining, *self.nursery.processes())
        return [child for child in everyone if child is not None and child.pid]

    def _failed(self, child: Process, pid: int, code: int) -> None:
        """A child ended before it was ready."""
        processes.end(set(), pid)
        first = child.generation == 1 and not child.asked
        wait = not first or self.program.reloads_itself(self.name) or bool(child.failure and child.failure["importing"])
        if self.stopping or not wait:
            self._leave(code)
        self._report(child, code)
        self.nursery.soon()

    def _served(self, child: Process, code: int) -> None:
        """The child that served ended by itself: so does the service, except for a script that a save broke."""
        if self.loading is not None and not self.stopping:
            return
        broken = child.failure is not None and not self.serves
        if broken and child.failure and (child.generation > 1 or child.failure["importing"]) and not self.stopping:
            child.asked = child.asked if child.ready else []
            self._report(child, code)
            return
        self._leave(code)

    def _report(self, child: Process, code: int) -> None:
        ended = f"exited with code {code}" if code >= 0 else f"killed by signal {-code}"
        failure = child.failure or {"error": ended, "file": "", "line": 0, "traceback": ""}
        body = {name: failure[name] for name in ("error", "file", "line", "traceback")}
        body["serving"] = self.serving is not None
        for connection, number in child.asked:
            connection.say("failed", {"id": number, **body})
        if not child.asked:
            self.clients.say("failed", {"id": 0, **body})
        self.clients.say("status", self._status())

    def _leave(self, code: int) -> NoReturn:
        """Ends the service as the program ended."""
        for child in self._processes():
            if child is not self.serving:
                processes.end(processes.family(child.pid) | child.family, child.pid)
        if code < 0 and os.getpid() != 1:
            if -code not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(-code, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [-code])
            os.kill(os.getpid(), -code)
        os._exit(code if code >= 0 else 128 - code)

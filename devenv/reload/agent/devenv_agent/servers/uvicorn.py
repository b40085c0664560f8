"""uvicorn, also under `fastapi dev`, under gunicorn's worker class and called from a script.

Its reloader and its process manager are switched off. It accepts on a socket made with Python's socket module (with
uvloop it would make its own, which could not be kept). When it retires it stops accepting, and hands every idle
connection to the new child, so that a client which keeps its connection open is answered by the new code and never
sees it close. A busy connection is handed over after its response.
"""

from __future__ import annotations

import os
import socket

from ..hooks import when_imported
from . import gunicorn
from .accepting import stop_accepting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..child import Child

SETTLE = 0.02  # seconds after which what was accepted last is a connection


def install(child: Child) -> None:
    """Waits for uvicorn's modules."""
    when_imported("uvicorn.config", lambda module: _config(child, module.Config))
    when_imported("uvicorn.server", lambda module: _Adapter(child).take(module.Server))
    when_imported("uvicorn.lifespan.on", lambda module: _lifespan(child, module.LifespanOn))
    when_imported("uvicorn.protocols.http.httptools_impl", lambda module: _httptools(module.HttpToolsProtocol))


def _config(child: Child, config: Any) -> None:
    import inspect

    configure, load = config.__init__, config.load

    def without_reload(self: Any, *args: Any, **kwargs: Any) -> None:
        bound = inspect.signature(configure).bind(self, *args, **kwargs)
        bound.arguments.update(reload=False)
        if child.go["program"] != "gunicorn":
            bound.arguments.update(workers=1)
        configure(*bound.args, **bound.kwargs)

    def load_and_mark(self: Any) -> None:
        load(self)
        child.mark("imported")

    config.__init__, config.load = without_reload, load_and_mark


def _lifespan(child: Child, lifespan: Any) -> None:
    from .. import failure

    send = lifespan.send

    async def send_and_tell(self: Any, message: dict[str, Any]) -> None:
        if message["type"] == "lifespan.startup.failed":
            child.failed(failure.describe_text(message.get("message", ""), child.project))
        await send(self, message)

    lifespan.send = send_and_tell


def _httptools(protocol: Any) -> None:
    """Remembers whether a request has been received in part, which its parser does not tell."""
    begin, complete = protocol.on_message_begin, protocol.on_message_complete

    def on_message_begin(self: Any) -> None:
        self.devenv_partial = True
        begin(self)

    def on_message_complete(self: Any) -> None:
        self.devenv_partial = False
        complete(self)

    protocol.on_message_begin, protocol.on_message_complete = on_message_begin, on_message_complete


class _Adapter:
    def __init__(self, child: Child) -> None:
        import asyncio  # only now that uvicorn is here: not every program needs it

        self.asyncio = asyncio
        self.child = child
        self.server: Any = None

    def take(self, server: Any) -> None:
        startup, serve, shutdown = server.startup, getattr(server, "_serve", None), server.shutdown

        async def startup_here(instance: Any, sockets: list[socket.socket] | None = None) -> None:
            self.server = instance
            made = None
            if sockets is None and instance.config.fd is None:
                made = _bind(instance.config)
                self.child.mark("bound")
            await startup(instance, sockets=sockets if made is None else made)
            if made is not None and instance.started:
                for sock in made:
                    sock.listen(instance.config.backlog)  # uvloop did, unseen; now the supervisor knows
                instance._log_started_message(made)
            if instance.started:
                self._started(instance)

        async def shutdown_here(instance: Any, sockets: list[socket.socket] | None = None) -> None:
            if _under_gunicorn(self.child):
                self.child.retiring = True
                for server in instance.servers:
                    stop_accepting(server)
                await self.asyncio.sleep(SETTLE)
            self._hand_over()
            await shutdown(instance, sockets=sockets)

        async def serve_here(instance: Any, sockets: list[socket.socket] | None = None) -> None:
            assert serve is not None
            await serve(instance, sockets)
            if self.child.go["supervisor"] == 1 or self.child.retiring:
                # As process 1 uvicorn survives the signal that it raises again in the end, and exits with 0.
                instance._captured_signals.clear()

        server.startup, server.shutdown = startup_here, shutdown_here
        if serve is not None:
            server._serve = serve_here

    def _started(self, instance: Any) -> None:
        if _under_gunicorn(self.child):
            self.child.shared = True  # the channel, with the other workers
            limit = instance.config.timeout_graceful_shutdown
            instance.config.timeout_graceful_shutdown = min(limit or 4, 4)
            gunicorn.worker_ready(self.child)
        else:
            self.child.handlers["retire"] = self._retire
            self.child.ready(serves=True, retire="message")
        self.child.handlers["adopt"] = self._adopt
        self.asyncio.get_running_loop().add_reader(self.child.channel.fileno(), self.child.pump)

    def _retire(self, how: dict[str, Any], _: list[int]) -> None:
        """The new child accepts: stop accepting, hand over what is idle, finish the rest, go."""
        self.child.retiring = True
        instance = self.server
        self.asyncio.get_running_loop().remove_reader(self.child.channel.fileno())
        for server in instance.servers:
            stop_accepting(server)
        self._hand_over()
        self.child.channel.send({"retired": {}})
        self.child.tell_modules()
        limit = instance.config.timeout_graceful_shutdown
        instance.config.timeout_graceful_shutdown = min(limit or how["seconds"], how["seconds"])
        instance.should_exit = True

    def _hand_over(self) -> None:
        for protocol in list(self.server.server_state.connections):
            if self._give(protocol) or not hasattr(protocol, "cycle"):
                continue
            cycle = protocol.cycle
            if self.child.retiring and cycle is not None and not cycle.response_complete:
                self._give_later(protocol, cycle)

    def _give_later(self, protocol: Any, cycle: Any) -> None:
        """Hands a busy connection over as soon as its response is complete."""
        done = cycle.on_response

        def on_response() -> None:
            done()
            self._give(protocol)

        cycle.on_response = on_response
        protocol.shutdown = lambda: None  # instead of closing it under a client that was told to keep it

    def _give(self, protocol: Any) -> bool:
        """Passes an idle connection to the new child; False if it is not idle or cannot be passed."""
        transport = getattr(protocol, "transport", None)
        if transport is None or transport.is_closing() or not _idle(protocol):
            return False
        transport.pause_reading()
        if not self.child.channel.send({"adopt": {}}, [transport.get_extra_info("socket").fileno()]):
            transport.resume_reading()
            return False
        protocol._unset_keepalive_if_required()
        transport.close()
        return True

    def _adopt(self, _: dict[str, Any], files: list[int]) -> None:
        """Goes on with connections of the old child."""
        import inspect

        loop, instance = self.asyncio.get_running_loop(), self.server
        known = {
            "config": instance.config,
            "server_state": instance.server_state,
            "app_state": getattr(getattr(instance, "lifespan", None), "state", {}),
        }
        protocol = instance.config.http_protocol_class
        wanted = inspect.signature(protocol).parameters
        arguments = {name: value for name, value in known.items() if name in wanted}
        for fd in files:
            sock = socket.socket(fileno=fd)
            sock.setblocking(False)
            task = loop.create_task(loop.connect_accepted_socket(lambda: protocol(**arguments), sock))
            instance.server_state.tasks.add(task)
            task.add_done_callback(instance.server_state.tasks.discard)


def _under_gunicorn(child: Child) -> bool:
    return bool(child.go["program"] == "gunicorn")


def _bind(config: Any) -> list[socket.socket] | None:
    """What asyncio would bind for this configuration; None where it must say itself why that does not work."""
    made: list[socket.socket] = []
    try:
        if config.uds is not None:
            permissions = os.stat(config.uds).st_mode if os.path.exists(config.uds) else 0o666
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.append(sock)
            sock.bind(config.uds)
            os.chmod(config.uds, permissions)
            return made
        found = socket.getaddrinfo(config.host or None, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, number, _, address in dict.fromkeys(found):
            sock = socket.socket(family, kind, number)
            made.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(address)
        return made
    except OSError:
        for sock in made:
            sock.close()
        return None


def _idle(protocol: Any) -> bool:
    """Whether nothing of a request is in this process: neither running, nor queued, nor received in part."""
    if protocol.transport.get_extra_info("ssl_object") is not None or not hasattr(protocol, "cycle"):
        return False
    cycle = protocol.cycle
    if cycle is not None and not cycle.response_complete:
        return False
    if getattr(protocol, "pipeline", None) or protocol.transport.get_write_buffer_size():
        return False
    if hasattr(protocol, "conn"):  # h11
        import h11

        state, partial = protocol.conn.their_state, protocol.conn.trailing_data[0]
        return bool(state is h11.IDLE and not partial)
    return hasattr(type(protocol), "on_message_begin") and not bool(getattr(protocol, "devenv_partial", False))

"""The standard library's socketserver, on which Django's runserver, Flask's and every http.server stand.

Ready when the main thread enters serve_forever. Retiring: accept no more, finish the requests that run in threads. A
connection that is kept open and idle goes to the new child, file descriptor and all, so its client never sees it close.
"""

from __future__ import annotations

import os
import select
import socket
import time

from ..hooks import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..child import Child

POLL = 0.1  # seconds between two looks of serve_forever whether it shall end


def install(child: Child) -> None:
    """Changes the classes that everybody inherits from, once somebody needs them."""
    when_imported("socketserver", lambda module: _Adapter(child, module).take())


class _Adapter:
    def __init__(self, child: Child, module: Any) -> None:
        self.child = child
        self.module = module
        self.alive: set[Any] = set()
        self.over: tuple[int, int] = (-1, -1)
        self.deadline = 0.0

    def take(self) -> None:
        import threading

        base, handling = self.module.BaseServer, self.module.BaseRequestHandler
        serve, handle = base.serve_forever, handling.__init__
        threads = self.module.ThreadingMixIn
        process = threads.process_request

        def serve_forever(server: Any, poll_interval: float = 0.5) -> None:
            mine = threading.current_thread() is threading.main_thread() and self.over == (-1, -1)
            if mine and isinstance(server, self.module.TCPServer):
                self._started(server)
                serve(server, min(poll_interval, POLL))
                self._drain()
            else:
                serve(server, poll_interval)

        def handler(instance: Any, request: Any, client: Any, server: Any) -> None:
            self.alive.add(instance)
            self.alive.discard(request)
            try:
                if hasattr(instance, "handle_one_request") and self.over != (-1, -1):
                    one = instance.handle_one_request
                    instance.handle_one_request = lambda: self._next(instance, one)
                handle(instance, request, client, server)
            finally:
                self.alive.discard(instance)

        def process_request(server: Any, request: Any, client: Any) -> None:
            self.alive.add(request)  # until its thread runs, which may be later than the end of this process
            process(server, request, client)

        base.serve_forever, handling.__init__, threads.process_request = serve_forever, handler, process_request

    def _started(self, server: Any) -> None:
        def retire(how: dict[str, Any], _: list[int]) -> None:
            self.child.retiring = True
            self.deadline = time.monotonic() + how["seconds"]
            server._BaseServer__shutdown_request = True
            os.close(self.over[1])
            self.child.channel.send({"retired": {}})
            self.child.tell_modules()

        def adopt(_: dict[str, Any], files: list[int]) -> None:
            for fd in files:
                sock = socket.socket(fileno=fd)
                server.process_request(sock, sock.getpeername())

        # Two children share the listener for a moment: the one that comes second to a connection must not wait.
        server.socket.setblocking(False)
        self.over = os.pipe()
        self.child.handlers["retire"] = retire
        if isinstance(server, self.module.ThreadingMixIn):
            self.child.handlers["adopt"] = adopt
        self.child.pump_in_thread()
        self.child.ready(serves=True, retire="message")

    def _drain(self) -> None:
        """Waits for the requests of the other threads, which die with this one."""
        if self.child.retiring:
            while self.alive and time.monotonic() < self.deadline:
                time.sleep(0.01)

    def _next(self, handler: Any, one: Any) -> None:
        """Waits for the next request of a connection; hands the connection over if this child retires before."""
        connection = handler.connection
        if type(connection) is not socket.socket or not isinstance(handler.server, self.module.ThreadingMixIn):
            one()
            return
        if not _begun(handler):
            if self.over[0] in select.select([connection.fileno(), self.over[0]], [], [], handler.timeout)[0]:
                if not _begun(handler) and self.child.channel.send({"adopt": {}}, [connection.fileno()]):
                    handler.close_connection = True
                    _let_go(connection)
                    return
        one()


def _begun(handler: Any) -> bool:
    """Whether a byte of the next request is here."""
    timeout = handler.connection.gettimeout()
    handler.connection.setblocking(False)
    try:
        return bool(handler.rfile.peek(1))
    except OSError:
        return True  # broken: whoever reads it sees that
    finally:
        handler.connection.settimeout(timeout)


def _let_go(connection: socket.socket) -> None:
    """Puts another socket in this one's place: what is done to it from now on is not done to the connection."""
    ours, other = socket.socketpair()
    with ours, other:
        os.dup2(ours.fileno(), connection.fileno(), inheritable=False)

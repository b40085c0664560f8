"""A small fork server, as devenv's agent is a large one: forks a child that serves HTTP on an inherited socket.

The test speaks to it over stdin, a line a command, and reads what happened from stdout:

    fork                 ready PID       the child has imported the application and does not accept yet
    accept PID           accepting PID
    listen PID           listening PID PORT
    release PID          released PID    the debugger is gone from the child
    retire PID           retired PID     it accepts no more; exited PID STATUS follows when it has answered, after 5 seconds at most

With --adapter, debugpy's adapter is a process of its own.
"""

import importlib
import os
import queue
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DRAIN_SECONDS = 5


def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Worker(threading.Thread):
    """A thread that lives as long as the child, unlike those of the requests."""

    def __init__(self):
        super().__init__(name="worker", daemon=True)
        self.jobs = queue.Queue()

    def run(self):
        while True:
            job, result = self.jobs.get()
            result.put(job())

    def do(self, job):
        result = queue.Queue()
        self.jobs.put((job, result))
        return result.get()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    traced_main = None

    def service_actions(self):
        self.traced_main = sys.gettrace()

    def tracing(self):
        found = []
        for name, trace in [
            ("request", sys.gettrace()),
            ("worker", self.worker.do(sys.gettrace)),
            ("main", self.traced_main),
            ("new", threading._trace_hook),
        ]:
            if trace is not None:
                found.append(name)
        if hasattr(sys, "monitoring") and sys.monitoring.get_tool(sys.monitoring.DEBUGGER_ID):
            found.append("monitoring")
        return " ".join(found) or "off"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        self.server.busy += 1
        try:
            if self.path == "/tracing":
                text = self.server.tracing()
            elif self.path == "/pid":
                text = str(os.getpid())
            else:
                text = str(self.server.app.handle(self.path))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())
            self.wfile.flush()
        finally:
            self.server.busy -= 1

    def log_message(self, *_):
        pass


def listen():
    import debugpy
    from debugpy.server import api
    import pydevd

    if "--adapter" in sys.argv:
        return debugpy.listen(("127.0.0.1", 0))[1]
    if not api.listen.called:
        debugpy.listen(("127.0.0.1", 0), in_process_debug_adapter=True)  # it returns the address, but only since 1.8.22
    debugger = pydevd.get_global_debugger()
    debugger.wait_for_server_socket_ready()
    # An answer is written in two pieces; without this, which a connection inherits, the second one waits 40 ms for an acknowledgement.
    listener = debugger._waiting_for_connection_thread._server_socket
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return debugger._server_socket_name[1]


def release():
    """Takes the debugger out of this process; it can listen again afterwards."""
    from debugpy.server import api
    import pydevd
    import pydevd_tracing

    if not api.listen.called:
        return
    threads = [thread for thread in threading.enumerate() if not getattr(thread, "pydev_do_not_trace", False)]
    # A thread that is on its way out of a breakpoint would turn its tracing on again.
    for _ in range(1000):
        if not any(getattr(getattr(thread, "additional_info", None), "is_tracing", False) for thread in threads):
            break
        threading.Event().wait(0.001)
    # To close a socket does not end an accept() that waits on it: it would take one more connection, and stoptrace() would wait for it.
    listening = pydevd.get_global_debugger()._waiting_for_connection_thread
    with listening._server_socket.dup() as listener:
        listening.do_kill_pydev_thread()
        listener.shutdown(socket.SHUT_RDWR)
    pydevd.stoptrace()
    if not hasattr(sys, "monitoring"):
        # Until 3.11, each thread turns its own tracing off with the next function that it calls.
        settrace = sys.settrace
        pydevd_tracing.set_trace_to_threads(lambda *_: settrace(None), thread_idents=[t.ident for t in threads], create_dummy_thread=False)
    api.listen.called = False


def child(listener, control):
    app = importlib.import_module("app")
    server = Server(listener.getsockname(), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket, server.app, server.busy, server.worker = listener, app, 0, Worker()
    server.worker.start()
    accept = threading.Event()
    me = os.getpid()

    def obey():
        try:
            for line in control:
                obey_one(line.strip())
        finally:
            os._exit(0)

    def obey_one(word):
        if word == "accept":
            accept.set()
            say("accepting", me)
        elif word == "listen":
            say("listening", me, listen())
        elif word == "release":
            release()
            say("released", me)
        elif word == "retire":
            threading.Timer(DRAIN_SECONDS, os._exit, [1]).start()
            server.shutdown()
            say("retired", me)
            while server.busy:
                threading.Event().wait(0.005)
            os._exit(0)

    obeying = threading.Thread(target=obey, name="control", daemon=True)
    # A breakpoint stops every thread that pydevd knows; this one has to hear "retire".
    obeying.pydev_do_not_trace = obeying.is_pydev_daemon_thread = True
    obeying.start()
    say("ready", me)
    accept.wait()
    server.serve_forever(poll_interval=0.01)
    threading.Event().wait()


def preload():
    """Once a debugger has come, the next children need not import it: listen() takes 25 ms instead of 200. Nothing listens here, no thread starts."""
    importlib.import_module("debugpy.server.api")
    importlib.import_module("pydevd")


def fork(listener, children):
    theirs, mine = os.pipe()
    pid = os.fork()
    if pid == 0:
        for pipe in [mine, *children.values()]:
            os.close(pipe)
        child(listener, os.fdopen(theirs))
    os.close(theirs)
    children[pid] = mine
    threading.Thread(target=lambda: say("exited", pid, os.waitpid(pid, 0)[1]), daemon=True).start()


def main():
    sys.path.insert(0, sys.argv[1])
    sys.dont_write_bytecode = True
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    listener.setblocking(False)
    say("serving", listener.getsockname()[1])
    children = {}
    for line in sys.stdin:
        command, *pid = line.split()
        if command == "fork":
            fork(listener, children)
        else:
            try:
                os.write(children[int(pid[0])], (command + "\n").encode())
            except BrokenPipeError:
                pass
            if command == "listen":
                preload()
    for pid in children:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


main()

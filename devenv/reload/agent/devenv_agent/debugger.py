"""debugpy in a child: not imported, not listening and no cost until devenv asks, because an editor connects.

It listens on a port of the container's own loopback device that nobody else knows, and devenv comes there by
`relay.py connect`. Together with the request comes one end of a pipe, the leash: when the supervisor closes the other end,
because another child has taken over, the debugger lets go of whatever it holds, so that requests which stand at a
breakpoint are answered and this process can end.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .child import Child

LOOPBACK = "127.0.0.1"
QUIET = "PYDEVD_DISABLE_FILE_VALIDATION"  # else debugpy warns on standard error of modules that are frozen into Python


class Debugger:
    """The debugger of this process, before and after somebody wants it."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._port = 0
        self._leash = -1
        self._watched = False

    def asked(self, request: dict[str, Any], files: list[int]) -> None:
        """Answers a request for the port on which debugpy listens. With the first one comes the leash."""
        if files:
            self._leash = files[0]
        answer: dict[str, Any] = {"key": request["key"]}
        try:
            if request["release"]:
                self._release()
            elif not self._port:
                self._port = self._listen(request["path"])
                self._watch_leash()
            answer["port"] = self._port
        except ModuleNotFoundError as error:
            answer["error"] = "no debugpy" if error.name == "debugpy" else f"debugpy: {error}"
        except Exception as error:
            answer["error"] = f"debugpy: {error}"
        self._child.channel.send({"debugging": answer})

    def _listen(self, folder: str) -> int:
        debugpy = load(folder)
        with self._child.listeners.left_alone():
            told = debugpy.listen((LOOPBACK, 0), in_process_debug_adapter=True)
            port = (told[1] if told else 0) or _bound()
            _answer_at_once()
            if not _traces_other_threads():
                _in_main_thread(debugpy.debug_this_thread)
            return port

    def _watch_leash(self) -> None:
        if not self._watched:
            self._watched = True
            start_thread(lambda: _let_go_at_the_end_of(self._leash))

    def _release(self) -> None:
        """Takes the debugger, whose client is gone, out of this process: no function is traced any more."""
        if not self._port:
            return
        self._port = 0
        _stop_tracing()
        from debugpy.server import api

        api.listen.called = False  # debugpy refuses to listen twice, and its listener ends with a second client


def load(folder: str) -> Any:
    """Imports debugpy whole; folder is searched last, "" is none."""
    if folder and folder not in sys.path:
        sys.path.append(folder)
    sys.path_importer_cache.pop(folder, None)  # Python remembers that it was not there
    unset = QUIET not in os.environ
    os.environ.setdefault(QUIET, "1")
    try:
        import debugpy
        import debugpy.server.api  # imported by the first call otherwise

        return debugpy
    finally:
        if unset:
            os.environ.pop(QUIET, None)


def _answer_at_once() -> None:
    """debugpy writes an answer in two pieces; without this the second one waits 40 ms for the first to be acknowledged."""
    import socket

    from _pydevd_bundle.pydevd_constants import get_global_debugger

    waiting = getattr(get_global_debugger(), "_waiting_for_connection_thread", None)
    listener = getattr(waiting, "_server_socket", None)
    if isinstance(listener, socket.socket):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it


def _traces_other_threads() -> bool:
    """Whether debugpy can trace threads that ran before it did. Before Python 3.12 that takes a library which it has not for
    every machine: not for ARM, musl or an older C library. Without it such a thread is traced from the next reload on; but
    for the main thread, in which most programs do their work."""
    if hasattr(sys, "monitoring"):
        return True
    import pydevd_tracing

    return pydevd_tracing._load_python_helper_lib() is not None


def _in_main_thread(call: Callable[[], object]) -> None:
    """Has the main thread call something before the next function that it calls itself."""
    import ctypes
    import threading

    if threading.current_thread() is threading.main_thread():
        call()
        return

    def called(_: object) -> int:
        call()
        return 0

    _pending.append(ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(called))
    ctypes.pythonapi.Py_AddPendingCall(_pending[-1], None)


_pending: list[object] = []  # what Python calls must live on


def _stop_tracing() -> None:
    import threading
    import time

    import pydevd

    threads = [thread for thread in threading.enumerate() if not getattr(thread, "pydev_do_not_trace", False)]
    end = time.monotonic() + 1
    while time.monotonic() < end:  # one that leaves a breakpoint would turn its tracing on again
        if not any(getattr(getattr(thread, "additional_info", None), "is_tracing", False) for thread in threads):
            break
        time.sleep(0.001)
    pydevd.stoptrace()
    if not hasattr(sys, "monitoring"):  # before 3.12 each thread ends its own tracing, with the next function it calls
        import pydevd_tracing

        settrace = sys.settrace
        if not _traces_other_threads():
            return _in_main_thread(lambda: settrace(None))
        numbers = [thread.ident for thread in threads]
        pydevd_tracing.set_trace_to_threads(lambda *_: settrace(None), thread_idents=numbers, create_dummy_thread=False)


def _bound() -> int:
    """The port that the system chose: debugpy before 1.8.22 does not tell."""
    import time

    from _pydevd_bundle.pydevd_constants import get_global_debugger

    end = time.monotonic() + 5
    while time.monotonic() < end:
        name = getattr(get_global_debugger(), "_server_socket_name", None)  # set by the thread that binds
        if name and name[1]:
            return int(name[1])
        time.sleep(0.002)
    raise OSError("it does not say where it listens")


def start_thread(run: Callable[[], None]) -> None:
    """Runs a thread of the agent, which a debugger neither shows nor stops."""
    import threading

    thread = threading.Thread(target=run, name="devenv", daemon=True)
    thread.is_pydev_daemon_thread = True  # type: ignore[attr-defined]
    thread.start()


def _let_go_at_the_end_of(leash: int) -> None:
    """From then on no breakpoint stops anything, and what is stopped goes on."""
    os.read(leash, 1)
    import socket

    import pydevd
    from _pydevd_bundle.pydevd_api import PyDevdAPI
    from _pydevd_bundle.pydevd_constants import get_global_debugger

    debugger = get_global_debugger()
    if debugger is None:
        return
    connection = getattr(getattr(debugger, "reader", None), "sock", None)
    PyDevdAPI().request_disconnect(debugger, resume_threads=True)
    pydevd.stoptrace()
    if connection is not None:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

"""Signals as something to read from: the loop of the supervisor sees them in order, with everything else."""

from __future__ import annotations

import os
import signal
import socket

FORWARDED = ("HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "WINCH", "TTIN", "TTOU", "CONT")
WAKE = signal.SIGRTMAX - 7  # to a child that has neither an event loop nor a thread to spare: look at your channel


class Signals:
    """Catches every signal that concerns the service, and its children's ends."""

    def __init__(self) -> None:
        self.reader, self._writer = socket.socketpair()
        for end in (self.reader, self._writer):
            end.setblocking(False)
        self._before = {}
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in [signal.SIGCHLD, *(getattr(signal, "SIG" + name) for name in FORWARDED)]:
            self._before[number] = signal.signal(number, lambda *_: None)

    def arrived(self) -> list[int]:
        """The numbers of the signals that came since the last time, in order."""
        try:
            return list(self.reader.recv(4096))
        except BlockingIOError:
            return []

    def forget(self) -> None:
        """In a fork: as if this had never been. The reader is closed by whoever selects on it."""
        signal.set_wakeup_fd(-1)
        for number, before in self._before.items():
            signal.signal(number, before)
        os.close(self._writer.detach())
        self.reader.detach()

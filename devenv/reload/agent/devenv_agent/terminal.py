"""The terminal, where the service has one: it belongs to the serving child, so that Ctrl-C and a prompt reach it once."""

from __future__ import annotations

import os
import signal


class Terminal:
    """Standard input, if it is a terminal and ours."""

    def __init__(self) -> None:
        try:
            self._ours = os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp()
        except OSError:
            self._ours = False

    def give_to(self, group: int) -> None:
        """Makes the child's process group the one that reads and is interrupted."""
        if not self._ours:
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
        try:
            os.tcsetpgrp(0, group)
        except OSError:
            pass
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def forget(self) -> None:
        """In a fork: the terminal is the supervisor's to give."""
        self._ours = False

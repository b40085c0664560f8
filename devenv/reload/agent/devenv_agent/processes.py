"""Families of processes: who descends from whom, and how a family ends. Linux's prctl and /proc."""

from __future__ import annotations

import os
import signal
import time

SET_PDEATHSIG, SET_CHILD_SUBREAPER = 1, 36


def prctl(option: int, value: int) -> bool:
    """One prctl call; False where this Python has no ctypes or the kernel refuses."""
    try:
        import ctypes

        return bool(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def adopt_orphans() -> bool:
    """Makes this process the parent of every descendant whose own parent ends, as process 1 always is."""
    return os.getpid() == 1 or prctl(SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """Ends this process as soon as its parent ends, however that ends.

    A grandchild of the zygote gets the supervisor as its parent when the process between them is gone, which may still
    be about to happen: asking for the signal too early would end this process instead.
    """
    end = time.monotonic() + 1
    while os.getppid() != parent:
        if time.monotonic() > end:
            os._exit(0)
        os.sched_yield()
    prctl(SET_PDEATHSIG, signal.SIGKILL)


def threads() -> int:
    """How many threads this process has, native ones too."""
    return len(os.listdir("/proc/self/task"))


def family(pid: int) -> set[tuple[int, str]]:
    """A process and its descendants, each with the moment it was born, so that a reused number is told apart."""
    if pid <= 1:  # 0 is nobody, and stands for the caller's own group in kill(2)
        return set()
    children: dict[int, list[int]] = {}
    born: dict[int, str] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        fields = _stat(int(name))
        if fields:
            children.setdefault(int(fields[1]), []).append(int(name))
            born[int(name)] = fields[19]
    found, left = set(), [pid]
    while left:
        one = left.pop()
        if one in born:
            found.add((one, born[one]))
        left += children.get(one, [])
    return found


def end(members: set[tuple[int, str]], group: int) -> None:
    """Kills what is left of a family and of its process group."""
    if group > 1:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            pass
    for pid, born in members:
        fields = _stat(pid)
        if fields and fields[19] == born:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state first, then the parent."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].decode().split()
    except OSError:
        return []

"""Pages of a fork are copied when they are first written, a fault each: a standby takes all of them before it is told to go.

Objects of the preloaded modules lie on pages that the standby shares with the zygote, and every use of an object writes
its reference count. For FastAPI and SQLAlchemy that is 4,000 faults, 20 of 55 ms of a reload (Python 3.13, a virtual machine
of two processors). Linux 5.14 and later takes whole ranges at once, which costs the same but while nobody waits.
"""

from __future__ import annotations

import ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

POPULATE_WRITE = 23  # MADV_POPULATE_WRITE; where it is not known, pages are copied one by one as ever
STEP = 1 << 20  # bytes between two looks whether somebody waits
MOST = 1 << 28  # bytes of one standby


def take(wanted: Callable[[], bool]) -> None:
    """Copies what this process shares with its parent and may write, until wanted says to stop."""
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    left = MOST
    for start, end in _writable():
        for address in range(start, end, STEP):
            size = min(STEP, end - address)
            left -= size
            if left < 0 or wanted() or advise(address, size, POPULATE_WRITE) != 0:
                return


def _writable() -> list[tuple[int, int]]:
    """The private memory of this process that is in use: the heap, Python's arenas, the data of libraries."""
    found = []
    with open("/proc/self/smaps") as maps:
        for line in maps:
            words = line.split()
            if not words[0].endswith(":"):
                start, end = (int(part, 16) for part in words[0].split("-"))
                private = words[1] == "rw-p" and (len(words) < 6 or words[5] == "[heap]" or words[5].startswith("/"))
            elif words[0] == "Rss:" and private and int(words[1]) * 2048 >= end - start:
                found.append((start, end))  # a stack or a reserve that is hardly used is left alone
    return found

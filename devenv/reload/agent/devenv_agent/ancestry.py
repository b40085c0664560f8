"""Is this process the service's own, or was it brought in by `docker exec` (`devenv exec`, a health check)?

The engine gives the processes of `exec` the same environment, so variables cannot tell. Their place can: whatever the
container started descends from its process 1, and what `exec` brings in has a parent outside of the container, which
the kernel shows as 0.
"""

from __future__ import annotations

import os


def belongs_to_the_service() -> bool:
    """Whether process 1 of this container is this process or one of its ancestors."""
    pid = os.getpid()
    while pid > 1:
        pid = parent(pid)
    return pid == 1


def parent(pid: int) -> int:
    """The parent of a process, 0 where it has none in this container or is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return int(stat.read().rpartition(b")")[2].split()[1])
    except OSError:
        return 0

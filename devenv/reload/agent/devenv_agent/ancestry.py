"""Is this process the service's own, or was it brought in by `docker exec` (`devenv exec`, a health check)?

The engine gives the processes of `exec` the same environment, so variables cannot tell. Their place can: whatever the
container started descends from its process 1, and what `exec` brings in has a parent outside of the container, which
the kernel shows as 0.
"""

from __future__ import annotations

import os


def belongs_to_the_service() -> bool:
    """Whether process 1 of this container is this process or one of its ancestors."""
    return descends(os.getpid())


def descends(pid: int) -> bool:
    """Whether process 1 of this container is a process or one of its ancestors."""
    while pid > 1:
        pid = parent(pid)
    return pid == 1


def parent(pid: int) -> int:
    """The parent of a process, 0 where it has none in this container or is gone."""
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def programs() -> list[tuple[float, list[str]]]:
    """The service's own Python processes: for how many seconds each has run, and its command line."""
    with open("/proc/uptime", "rb") as uptime:
        now = float(uptime.read().split()[0])
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        command, fields = _command(pid), _stat(int(pid))
        if fields and os.path.basename(command[0]).startswith("python") and descends(int(pid)):
            found.append((now - int(fields[19]) / os.sysconf("SC_CLK_TCK"), command))
    return found


def _stat(pid: int) -> list[bytes]:
    """The fields of proc(5)'s stat from the third on; none for a process that is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()
    except OSError:
        return []


def _command(pid: str) -> list[str]:
    """The words of a process's command line, at least one."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
            return os.fsdecode(cmdline.read()).rstrip("\0").split("\0")
    except OSError:
        return [""]

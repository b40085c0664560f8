"""Project code is never run from stale bytecode, and rarely compiled twice.

Python trusts a .pyc whose source has the same second and the same size: two saves within a second can run old code.
In a supervised child project files are therefore loaded by their content: the zygote keeps compiled code in memory
with the exact bytes it came from; a file with other bytes is compiled. Where memory knows nothing (the first child of
a large project) a .pyc is used if it was written well after the last change of its source, and its source has not
changed since the supervisor started.
"""

from __future__ import annotations

import importlib.util
import os
from importlib.machinery import SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

    from .project import Project

DISTRUST = 2.0  # seconds between a save and its bytecode within which the file's time proves nothing


class Memory:
    """Compiled project files: path to (stat, bytes, code)."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, ...], bytes, CodeType]] = {}

    def learn(self, paths: list[str]) -> None:
        """Compiles what is new or changed; what does not compile is left for a child to complain about."""
        for path in paths:
            try:
                stat = os.stat(path)
                mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_ctime_ns)
                known = self._known.get(path)
                if known is not None and known[0] == mark:
                    continue
                with open(path, "rb") as stream:
                    source = stream.read()
                self._known[path] = (mark, source, compile(source, path, "exec", dont_inherit=True))
            except Exception:  # unreadable, or half a save: a child says so if it matters
                self._known.pop(path, None)

    def recall(self, path: str, source: bytes) -> CodeType | None:
        """The code of exactly these bytes, if it is known."""
        known = self._known.get(path)
        return known[2] if known is not None and known[1] == source else None


def install(memory: Memory, project: Project, changed: set[str], everything: bool) -> None:
    """Loads project files as described above. changed: saved since the start; everything: nobody knows what was."""
    real = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        path = self.path
        if not project.owns(os.path.realpath(path)):
            return real(self, fullname)
        source = self.get_data(path)
        code = memory.recall(path, source)
        if code is not None:
            return code
        if not everything and path not in changed and _trustworthy(path):
            return real(self, fullname)
        return self.source_to_code(source, path)

    # Under importlib's own name, so that Python leaves this step out of tracebacks as it does with the real one.
    get_code.__code__ = get_code.__code__.replace(co_filename=real.__code__.co_filename)
    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]


def _trustworthy(path: str) -> bool:
    try:
        return os.stat(importlib.util.cache_from_source(path)).st_mtime - os.stat(path).st_mtime > DISTRUST
    except (OSError, NotImplementedError):
        return False

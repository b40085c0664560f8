"""Why did a child not come up? The exception behind it, with the project's own file and line.

The program prints its traceback itself, once, as it always did; this only tells the supervisor.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    from .project import Project

    Report = dict[str, Any]

LONGEST = 30_000  # characters of a traceback that travel


def install(project: Project, tell: Callable[[Report], None]) -> None:
    """Calls tell with every exception that ends this process: uncaught, or behind a sys.exit()."""
    real_hook, real_exit = sys.excepthook, sys.exit

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            tell(describe(error, project))
        real_hook(kind, error, trace)

    def leave(status: Any = None, /) -> None:
        error = sys.exc_info()[1]
        if status and error is not None and not isinstance(error, (SystemExit, KeyboardInterrupt)):
            tell(describe(error, project))
        real_exit(status)

    sys.excepthook = hook
    sys.exit = leave  # type: ignore[assignment]


def describe(error: BaseException, project: Project) -> Report:
    """What is sent: error, file, line, traceback, and whether it happened while project code was being imported."""
    import traceback

    error = _cause(error, project)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if project.owns(frame.filename)]
    at = ours[-1] if ours else frames[-1] if frames else None
    file, line = (at.filename, at.lineno) if at is not None else ("", 0)
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno
    return {
        "error": "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1],
        "file": file or "",
        "line": line or 0,
        "traceback": "".join(traceback.format_exception(type(error), error, error.__traceback__))[-LONGEST:],
        "importing": isinstance(error, (SyntaxError, ImportError))
        or type(error).__name__ == "ImportFromStringError"
        or any(frame.name == "<module>" for frame in ours),
    }


def _cause(error: BaseException, project: Project) -> BaseException:
    """The first exception of a chain that has to do with the project; the last one where none has."""
    import traceback

    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__ or one.__context__
    for one in reversed(chain):
        if isinstance(one, SyntaxError) and project.owns(one.filename or ""):
            return one
        if any(project.owns(frame.filename) for frame in traceback.extract_tb(one.__traceback__)):
            return one
    return error


def describe_text(text: str, project: Project) -> Report:
    """The same from a traceback that only exists as text (a failed lifespan start-up)."""
    import re

    places = re.findall(r'File "([^"]+)", line (\d+)', text)
    ours = [place for place in places if project.owns(place[0])] or places or [("", "0")]
    return {
        "error": (text.strip().splitlines() or [""])[-1],
        "file": ours[-1][0],
        "line": int(ours[-1][1]),
        "traceback": text[-LONGEST:],
        "importing": False,
    }

"""`fastapi dev` and `fastapi run`: uvicorn.py does the work; typer's way of showing errors is told apart here."""

from __future__ import annotations

from .. import failure
from ..hooks import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from ..child import Child


def install(child: Child) -> None:
    """Waits for typer, which shows uncaught exceptions in its own way, past sys.excepthook."""
    when_imported("typer.main", lambda module: _errors(child, module))


def _errors(child: Child, module: Any) -> None:
    show = module.except_hook

    def except_hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        child.failed(failure.describe(error, child.project))
        show(kind, error, trace)

    module.except_hook = except_hook

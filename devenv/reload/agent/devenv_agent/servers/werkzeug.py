"""`flask run` and `app.run`, which stand on werkzeug, its reloader switched off. socketserver.py does the rest."""

from __future__ import annotations

import signal
import sys

from ..hooks import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..child import Child


def install(child: Child) -> None:
    """Waits for werkzeug's reloader, which run_simple imports only when it is asked for."""
    when_imported("werkzeug._reloader", _reloader)


def _reloader(module: Any) -> None:
    def run_with_reloader(main: Callable[[], None], *_: Any, **__: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as with its reloader
        main()

    module.run_with_reloader = run_with_reloader

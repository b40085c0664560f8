"""celery worker and beat: two at once would do work twice, so the old one finishes and goes before the new one starts.

The new one has imported everything by then; if that fails, the old one was never asked to go.
"""

from __future__ import annotations

from ..hooks import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..child import Child


def install(child: Child) -> None:
    """Waits for celery's worker and scheduler."""
    when_imported("celery.worker.worker", lambda module: _start_in_turn(child, module.WorkController))
    when_imported("celery.beat", lambda module: _start_in_turn(child, module.Service))


def _start_in_turn(child: Child, service: Any) -> None:
    start = service.start

    def start_in_turn(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not child.is_ready:
            child.take_turn()
        return start(self, *args, **kwargs)

    service.start = start_in_turn

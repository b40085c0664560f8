"""celery worker and beat: two at once would do work twice, so the old one finishes and goes before the new one starts.

The new one has imported everything by then; if that fails, the old one was never asked to go. A debugger sees one process:
for it a worker does its tasks itself, as with `--pool solo`, and not in the processes of its pool.
"""

from __future__ import annotations

from ..hooks import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..child import Child


def install(child: Child) -> None:
    """Waits for celery's worker and scheduler."""
    when_imported("celery.worker.worker", lambda module: _worker(child, module.WorkController))
    when_imported("celery.beat", lambda module: _start_in_turn(child, module.Service))


def _worker(child: Child, worker: Any) -> None:
    _start_in_turn(child, worker)
    choose = worker.setup_defaults

    from celery.concurrency import get_implementation

    def choose_pool(self: Any, *args: Any, **kwargs: Any) -> None:
        choose(self, *args, **kwargs)
        if get_implementation(self.pool_cls).__module__ == "celery.concurrency.prefork":
            child.pooled = not child.go["single"]
            self.pool_cls = "prefork" if child.pooled else "solo"

    worker.setup_defaults = choose_pool


def _start_in_turn(child: Child, service: Any) -> None:
    start = service.start

    def start_in_turn(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not child.is_ready:
            child.take_turn()
        return start(self, *args, **kwargs)

    service.start = start_in_turn

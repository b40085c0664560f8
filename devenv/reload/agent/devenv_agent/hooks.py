"""`when_imported(name, change)`: changes a module right after it was imported, or now if it already is."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType
    from typing import Any

    Change = Callable[[Any], None]

_waiting: dict[str, list[Change]] = {}


def when_imported(name: str, change: Change) -> None:
    """Calls change(module) as soon as the module is there. What change raises, the import raises."""
    module = sys.modules.get(name)
    if module is not None:
        change(module)
        return
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    _waiting.setdefault(name, []).append(change)


class _Finder:
    """Finds as PathFinder does and wraps the loader, for the modules that somebody waits for."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        changes = _waiting.pop(name, None)
        if changes is None:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            _waiting[name] = changes
            return None
        run = spec.loader.exec_module

        def run_and_change(module: ModuleType) -> None:
            run(module)
            for change in changes:
                change(module)

        spec.loader.exec_module = run_and_change  # type: ignore[method-assign]
        return spec

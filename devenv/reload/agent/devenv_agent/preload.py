"""Imports third-party modules and makes sure that forking afterwards is safe.

Left out: a module that starts a thread which does not end at fork (a library with its own fork handler, such as
OpenBLAS in numpy, ends its threads before every fork and so is safe), one that would run project code, one that fails,
and every module that cannot be imported without one of these. A process that met any of them is no longer clean: it
reports what to leave out and is thrown away, and the next one tries without.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader

from . import processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

    from .project import Project

IMPOSSIBLE = {"gevent": "gevent patches modules", "eventlet": "eventlet patches modules"}


class Blocked(ImportError):
    """Raised in place of importing what must not be imported here."""


class Preload:
    """One attempt. left_out maps a module's name to the reason, and grows."""

    def __init__(self, project: Project, left_out: dict[str, str]) -> None:
        self.project = project
        self.left_out = dict(left_out)
        self.dirty = False
        self._latest = ""

    def run(self, names: list[str]) -> None:
        """Imports the names in order. Afterwards this process is clean only if dirty is false."""
        real = SourceFileLoader.get_code
        SourceFileLoader.get_code = self._guarded(real)  # type: ignore[method-assign]
        sys.meta_path.insert(0, self)
        try:
            for name in names:
                if name not in sys.modules and name not in self.left_out:
                    self._import(name)
        finally:
            sys.meta_path.remove(self)
            SourceFileLoader.get_code = real  # type: ignore[method-assign]

    def _import(self, name: str) -> None:
        try:
            importlib.import_module(name)
        except Blocked:
            self._leave_out(name, "imports what is left out")
        except ModuleNotFoundError as error:
            if not f"{name}.".startswith(f"{error.name}."):  # else its package was removed, and nothing of it ran
                self._leave_out(name, f"failed: {type(error).__name__}")
        except BaseException as error:
            self._leave_out(name, f"failed: {type(error).__name__}")
        if processes.threads() > 1 and not ends_at_fork():
            self._leave_out(self._latest or name, "started threads")
            self._leave_out(name, "started threads")

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Sees every module on its way in; finds none."""
        if name in self.left_out:
            self._blame_importers(self.left_out[name])
            raise Blocked(f"{name} is left out of the preload", name=name)
        if processes.threads() == 1:
            self._latest = name
        return None

    def _guarded(self, real: Any) -> Any:
        def get_code(loader: SourceFileLoader, name: str) -> Any:
            path = os.path.realpath(loader.path)
            if not self.project.preloadable(path) and "/devenv_agent/" not in path:
                self._blame_importers("imports project code")
                raise Blocked(f"{name} is project code", name=name)
            return real(loader, name)

        return get_code

    def _blame_importers(self, why: str) -> None:
        for name, module in list(sys.modules.items()):
            spec = getattr(module, "__spec__", None)
            if getattr(spec, "_initializing", False) and name not in ("site", "sitecustomize"):
                self._leave_out(name, why)

    def _leave_out(self, name: str, why: str) -> None:
        if not name.startswith("devenv_agent"):
            self.left_out.setdefault(name, why)
        self.dirty = True


def ends_at_fork() -> bool:
    """Whether the threads of this process are gone after a fork: their library has a fork handler."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return processes.threads() == 1


def impossible(names: list[str]) -> str:
    """Why preloading cannot be made safe for these modules at all; "" if it can."""
    return next((IMPOSSIBLE[name] for name in names if name in IMPOSSIBLE), "")

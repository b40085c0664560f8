"""The user's own `sitecustomize`, which ours hides because it stands first on PYTHONPATH."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import PathFinder


def chain(own_folder: str) -> None:
    """Runs the next `sitecustomize` of the search path, if there is one, in place of ours."""
    others = [entry for entry in sys.path if entry != own_folder]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)

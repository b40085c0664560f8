"""Which files are project code? What is in a source folder, unless it is installed there.

A virtual environment inside of a source folder is told apart by its `site-packages` (or `dist-packages`) folder. An
editable install points into a source folder and so is project code, as it should be: the developer edits it. Code that
lies neither in a source folder nor in an environment is treated as project code too (never preloaded), because nobody
said what it is.
"""

from __future__ import annotations

import os
import sysconfig

INSTALLED = ("/site-packages/", "/dist-packages/")


class Project:
    """The answer for one set of source folders."""

    def __init__(self, sources: list[str]) -> None:
        self.sources = [folder.rstrip("/") + "/" for folder in sources]
        paths = sysconfig.get_paths()
        self.library = tuple({os.path.realpath(paths[kind]) + "/" for kind in ("stdlib", "platstdlib")})

    def owns(self, path: str) -> bool:
        """Whether this is a file of the project."""
        if any(part in path for part in INSTALLED):
            return False
        return any(path.startswith(folder) for folder in self.sources)

    def preloadable(self, path: str) -> bool:
        """Whether this is a file of the standard library or of an installed package."""
        if any(part in path for part in INSTALLED):
            return True
        return path.startswith(self.library) and not self.owns(path)

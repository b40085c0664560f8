"""What devenv tells the agent, through environment variables of the container.

    DEVENV_AGENT          1: on
    DEVENV_AGENT_SOURCES  folders of project code in the container, separated by ":"; default: the working directory
    DEVENV_AGENT_RELOAD   fork (default) | restart | native | off
    DEVENV_AGENT_WAIT     1: nothing of the program runs before a debugger has attached (devenv up --debug-wait)
    DEVENV_AGENT_DRAIN    seconds that a replaced child may take to finish its requests; default 5

A supervised program sees none of them, nor the agent's folder on PYTHONPATH: its environment, and that of every
process which it starts, is the one that the user wrote.
"""

from __future__ import annotations

import json
import os
import sys

PREFIX = "DEVENV_AGENT"
DEBUG = PREFIX + "_DEBUG"  # the agent's own note to itself across an exec: see program.without_debugpy
MODES = ("fork", "restart", "native", "off")


class Settings:
    """The settings of one container."""

    def __init__(self, environ: dict[str, str]) -> None:
        listed = [os.path.realpath(folder) for folder in environ.get(PREFIX + "_SOURCES", "").split(":") if folder]
        self.sources: list[str] = listed or [os.getcwd()]
        asked = environ.get(PREFIX + "_RELOAD", "fork")
        self.reload: str = asked if asked in MODES else "fork"
        self.drain: float = float(environ.get(PREFIX + "_DRAIN", "5"))
        self.debug: dict[str, object] | None = json.loads(environ.get(DEBUG, "null"))
        self.wait: bool = environ.get(PREFIX + "_WAIT") == "1" or bool(self.debug and self.debug.get("wait"))


def agent_folder() -> str:
    """The folder on PYTHONPATH that holds sitecustomize.py and this package."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def forget() -> None:
    """Takes every trace of the agent out of the environment and the search path of this process."""
    for name in [name for name in os.environ if name == PREFIX or name.startswith(PREFIX + "_")]:
        del os.environ[name]
    folder = agent_folder()
    kept = [entry for entry in os.environ.get("PYTHONPATH", "").split(":") if entry and entry.rstrip("/") != folder]
    os.environ.pop("PYTHONPATH", None)
    if kept:
        os.environ["PYTHONPATH"] = ":".join(kept)
    sys.path[:] = [entry for entry in sys.path if entry != folder]

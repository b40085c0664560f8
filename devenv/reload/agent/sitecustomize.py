"""The door: Python itself imports this file at start-up, before the program of the process.

The folder of this file stands on PYTHONPATH of a service, together with DEVENV_AGENT=1. Every Python of the container
comes by here, so the door is cheap: one look at the environment, and nothing is imported for a process that is not ours.
`devenv_agent/__init__.py` says how the whole fits together.
"""

import os

if os.environ.get("DEVENV_AGENT") == "1":
    from devenv_agent.entry import enter

    enter()

from devenv_agent.chain import chain  # noqa: E402 - in every process, and in a child only after it was told to go

chain(os.path.dirname(os.path.abspath(__file__)))

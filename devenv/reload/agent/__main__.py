"""Run as `python3 -I -S ARCHIVE`: the relay between devenv and the agent of this container."""

import runpy

runpy.run_module("devenv_agent.relay", run_name="__main__")

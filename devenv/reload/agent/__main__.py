"""Run as `python3 -I -S ARCHIVE [connect PORT]`: the relay between devenv and this container's agent, or a port of it."""

import runpy

runpy.run_module("devenv_agent.relay", run_name="__main__")

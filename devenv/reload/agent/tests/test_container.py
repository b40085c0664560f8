"""The agent where it lives: as process 1 of a real container, as a user without rights, behind the example's entrypoint.

Needs a Docker Engine with the image python:3.13-slim-bookworm, and a virtual environment of Python 3.13 on this machine
(AGENT_TEST_SITE: its site-packages); skipped elsewhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from service import AGENT, Service, eventually, free_port
from test_uvicorn import APP

IMAGE = "python:3.13-slim-bookworm"
SITE = Path(os.environ.get("AGENT_TEST_SITE", "/tmp/agent-venv313/lib/python3.13/site-packages"))
ENTRYPOINT = """#!/bin/sh
set -e
case "$*" in
*uvicorn*) python -c "print('migrated')" ;;
esac
exec "$@"
"""


def _available() -> bool:
    found = subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False)
    return found.returncode == 0 and SITE.exists()


pytestmark = pytest.mark.skipif(not _available(), reason="no engine, image or packages")


class Container(Service):
    """A service in a container; the relay comes in through `docker exec`, as devenv's does."""

    def __init__(self, folder: Path, command: list[str], port: int, *options: str) -> None:
        self.folder, self.port, self.name = folder, port, f"devenv-agent-{uuid.uuid4().hex[:8]}"
        self.log_path = folder.parent / "container.log"
        self.relay, self.heard, self._in, self._number = None, [], b"", 0
        entry = folder.parent / "entrypoint.sh"
        entry.write_text(ENTRYPOINT)
        entry.chmod(0o755)
        (folder.parent).chmod(0o755)
        mounts = {folder: "/src", AGENT: "/devenv/agent:ro", SITE: "/opt/site-packages:ro", entry: "/entrypoint:ro"}
        env = {
            "DEVENV_AGENT": "1",
            "DEVENV_AGENT_SOURCES": "/src",
            "PYTHONPATH": "/devenv/agent:/opt/site-packages",
            "PYTHONUNBUFFERED": "1",
        }
        run = ["docker", "run", "--rm", "--name", self.name, "--user", "1000:1000", "--read-only", "--workdir", "/src"]
        run += ["-p", f"127.0.0.1:{port}:8000", "--entrypoint", "/entrypoint", *options]
        run += [word for host, inside in mounts.items() for word in ("-v", f"{host}:{inside}")]
        run += [word for name, value in env.items() for word in ("-e", f"{name}={value}")]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([*run, IMAGE, *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def connect(self) -> dict[str, object]:
        self.relay = subprocess.Popen(
            ["docker", "exec", "-i", self.name, "python3", "-I", "-S", "/devenv/agent/devenv_agent/relay.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self.expect("status")

    def stop(self, number: int = 15) -> int:
        subprocess.run(["docker", "kill", "-s", str(number), self.name], check=True, capture_output=True)
        return self.process.wait(20)

    def inside(self, *command: str) -> str:
        return subprocess.run(["docker", "exec", self.name, *command], capture_output=True, text=True, check=True).stdout

    def __exit__(self, *_: object) -> None:
        subprocess.run(["docker", "rm", "-f", self.name], capture_output=True, check=False)
        super().__exit__()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    (folder / "shop").mkdir(parents=True)
    (folder / "shop" / "__init__.py").write_text("")
    (folder / "shop" / "value.py").write_text('V = "one"\n')
    (folder / "shop" / "main.py").write_text(APP)
    for parent in list(tmp_path.parents)[:2]:
        parent.chmod(0o755)
    return folder


SEED = "python -m debugpy --listen 0.0.0.0:5678 -m uvicorn shop.main:app --host 0.0.0.0 --port 8000 --reload --log-level debug"


def test_the_seeds_command_as_process_1(shop: Path) -> None:
    with Container(shop, SEED.split(), free_port()) as service:
        service.up("one")
        service.forks()
        status = service.status()
        assert status["pid"] == 1
        assert status["debug"] == {"listen": "0.0.0.0:5678", "wait": False}
        times = []
        for number in range(10):
            service.save("shop/value.py", f'V = "{number}"\n')
            began = time.perf_counter()
            service.ask("reload", files=["/src/shop/value.py"])
            service.answers(str(number))
            times.append(1000 * (time.perf_counter() - began))
            service.expect("reloaded")
        print("save to answer in ms:", [round(one) for one in times])
        service.save("shop/value.py", "V = \n")
        service.ask("reload", files=["/src/shop/value.py"])
        failed = service.expect("failed")
        assert (failed["file"], failed["line"]) == ("/src/shop/value.py", 1)
        assert service.get() == "9"
        began = time.monotonic()
        subprocess.run(["docker", "stop", "-t", "8", service.name], check=True, capture_output=True)
        assert service.process.wait(10) == 0, service.log()
        assert time.monotonic() - began < 6
        assert "shutdown 9" in service.log()


def test_exec_and_health_checks_are_left_alone(shop: Path) -> None:
    """`docker exec` gets the container's variables; its processes are not supervised, whatever they run."""
    with Container(shop, ["python", "-m", "uvicorn", "shop.main:app", "--host", "0.0.0.0"], free_port()) as service:
        service.up("one")
        code = "import os; print(os.environ['DEVENV_AGENT'])"
        assert service.inside("python", "-c", code) == "1\n"
        port = "import sys, socketserver; print('devenv_agent.supervisor' in sys.modules)"
        service.save("probe.py", port + "\n")
        assert service.inside("python", "probe.py") == "False\n"


def test_zombies_are_reaped_and_a_crash_gives_its_code(shop: Path) -> None:
    (shop / "worker.py").write_text(
        "import subprocess, sys, time\nsubprocess.run(['sh', '-c', 'sleep 0.3 &'])\nprint('up', flush=True)\n"
        "import os\nwhile not os.path.exists('/src/end'): time.sleep(0.05)\nsys.exit(9)\n"
    )
    with Container(shop, ["python", "worker.py"], free_port()) as service:
        eventually(lambda: "up" in service.log(), "the script runs")
        states = 'for p in /proc/[0-9]*; do cut -d" " -f2,3 $p/stat; done'
        eventually(lambda: "sleep" not in service.inside("sh", "-c", states), "the orphan ends and is reaped by process 1")
        assert "Z" not in [line.split()[-1] for line in service.inside("sh", "-c", states).splitlines()]
        (shop / "end").write_text("")
        assert service.process.wait(20) == 9


def test_restart_policy_sees_the_exit_code(shop: Path) -> None:
    (shop / "worker.py").write_text("import sys\nprint('run', flush=True)\nsys.exit(3)\n")
    with Container(shop, ["python", "worker.py"], free_port()) as service:
        assert service.process.wait(30) == 3
        assert json.dumps(service.log().count("run")) == "1"

"""A service under the agent, as a test sees it: its files, its HTTP answers, its log, and devenv's end of the protocol.

Each service lives in a mount namespace of its own, as in a container, so that several can run side by side; the relay
is brought in from outside, as `docker exec` does.
"""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

AGENT = Path(__file__).resolve().parent.parent
BIN = Path(os.environ.get("AGENT_TEST_BIN", Path(sys.executable).parent))
LIMIT = 20.0


def eventually(check: Callable[[], Any], because: str | Callable[[], str], limit: float = LIMIT) -> Any:
    """The first true value of check; the reason why there must be one is the failure's message."""
    end = time.monotonic() + limit
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < end, f"never came true: {because() if callable(because) else because}"
        select.select([], [], [], 0.01)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


class Service:
    def __init__(self, folder: Path, command: list[str], port: int = 0, env: dict[str, str] | None = None, **popen: Any) -> None:
        self.folder, self.port = folder, port
        self.log_path = folder.parent / f"{folder.name}.log"
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("DEVENV", "PYTHON"))}
        environ.update(
            PATH=f"{BIN}:{environ['PATH']}",
            PYTHONPATH=str(AGENT),
            DEVENV_AGENT="1",
            DEVENV_AGENT_SOURCES=str(folder),
            PYTHONUNBUFFERED="1",
        )
        environ.update(env or {})
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "-m", *command],
                cwd=folder,
                env=environ,
                stdout=log,
                stderr=log,
                **{"stdin": subprocess.DEVNULL, "start_new_session": True, **popen},
            )
        self.relay: subprocess.Popen[bytes] | None = None
        self.heard: list[dict[str, Any]] = []
        self._in = b""
        self._number = 0

    # devenv's end of the protocol.

    def up(self, text: str) -> Service:
        """Waits for the first answer, then connects; ends the service where that fails."""
        try:
            self.answers(text)
            self.connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def connect(self) -> dict[str, Any]:
        """Starts the relay once the service is in its own namespace; returns the first status."""
        mine = os.readlink("/proc/self/ns/mnt")
        pid = self.process.pid
        eventually(lambda: os.readlink(f"/proc/{pid}/ns/mnt") != mine, "unshare gives the service its namespace")
        self.relay = subprocess.Popen(
            ["nsenter", "-m", "-t", str(pid), sys.executable, "-I", "-S", str(AGENT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self.expect("status")

    def ask(self, kind: str, **body: Any) -> int:
        assert self.relay and self.relay.stdin
        self._number += 1
        self.relay.stdin.write(json.dumps({kind: {"id": self._number, **body}}).encode() + b"\n")
        self.relay.stdin.flush()
        return self._number

    def next_message(self, limit: float) -> dict[str, Any] | None:
        assert self.relay and self.relay.stdout
        end = time.monotonic() + limit
        while b"\n" not in self._in:
            if not select.select([self.relay.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                return None
            data = os.read(self.relay.stdout.fileno(), 65536)
            if not data:
                return None
            self._in += data
        line, _, self._in = self._in.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        self.heard.append(message)
        return message

    def expect(self, *kinds: str, limit: float = LIMIT, where: Callable[[Any], bool] = lambda _: True) -> dict[str, Any]:
        """The body of the next message of one of these kinds."""
        end = time.monotonic() + limit
        while True:
            message = self.next_message(max(0.0, end - time.monotonic()))
            assert message is not None, f"no {kinds} came; heard {self.heard[-4:]}; log:\n{self.log()[-3000:]}"
            for kind in kinds:
                if kind in message and where(message[kind]):
                    return {"kind": kind, **message[kind]}

    def reload(self, *names: str, limit: float = LIMIT) -> dict[str, Any]:
        """Says that these files changed, and returns the answer to exactly this request."""
        number = self.ask("reload", files=[str(self.folder / name) for name in names])
        return self.expect("reloaded", "failed", limit=limit, where=lambda body: body["id"] == number)

    def forks(self) -> None:
        """Waits until the next child is forked with everything preloaded."""
        if self.status()["mode"] != "fork":
            self.expect("status", where=lambda body: body["mode"] == "fork")

    def status(self) -> dict[str, Any]:
        number = self.ask("status")
        return self.expect("status", where=lambda body: body.get("id") == number)

    # The developer and the client.

    def save(self, name: str, text: str) -> None:
        """As editors do: a new file takes the place of the old one."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        new.write_text(text)
        os.replace(new, path)

    def get(self, path: str = "/", timeout: float = 10) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def answers(self, text: str, path: str = "/") -> None:
        def answer() -> bool:
            try:
                return self.get(path) == text
            except OSError:
                return False

        eventually(answer, lambda: f"{path} answers {text!r}; log:\n{self.log()[-3000:]}")

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(LIMIT)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(8)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # behind a shell that did not exec, the program outlives it
        except OSError:
            pass
        if self.relay is not None:
            self.relay.kill()
            self.relay.wait()
            for end in (self.relay.stdin, self.relay.stdout):
                if end:
                    end.close()

"""A small debugger's client: the Debug Adapter Protocol over the relay that devenv uses."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

AGENT = Path(__file__).resolve().parent.parent


class Client:
    """Attached and configured once made; breakpoints are lines of one file."""

    def __init__(self, relay: list[str], file: Path, lines: list[int]) -> None:
        self.process = subprocess.Popen(relay, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._in, self._number = b"", 0
        self._events: list[dict[str, Any]] = []
        self.ask("initialize", adapterID="test", pathFormat="path")
        self.send("attach", justMyCode=False)
        self.event("initialized")
        where = [{"line": line} for line in lines]
        self.ask("setBreakpoints", source={"path": str(file)}, breakpoints=where)
        self.ask("configurationDone")

    def send(self, command: str, **arguments: Any) -> int:
        self._number += 1
        body = json.dumps({"seq": self._number, "type": "request", "command": command, "arguments": arguments}).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()
        return self._number

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        number = self.send(command, **arguments)
        answer = self.next(lambda message: message.get("request_seq") == number)
        assert answer and answer["success"], answer
        body: dict[str, Any] = answer.get("body") or {}
        return body

    def event(self, name: str) -> dict[str, Any]:
        """The body of the next event of this name; it may have come before an answer that was waited for."""
        for event in self._events:
            if event["event"] == name:
                self._events.remove(event)
                return event.get("body") or {}
        message = self.next(lambda message: message.get("event") == name)
        assert message is not None, f"the connection ended before {name}"
        body: dict[str, Any] = message.get("body") or {}
        return body

    def next(self, wanted: Any, limit: float = 20) -> dict[str, Any] | None:
        """The next message that is wanted; None at the end of the connection."""
        end = time.monotonic() + limit
        while True:
            head, found, rest = self._in.partition(b"\r\n\r\n")
            length = int(head.rpartition(b":")[2]) if found else 0
            if found and len(rest) >= length:
                self._in = rest[length:]
                message: dict[str, Any] = json.loads(rest[:length])
                if wanted(message):
                    return message
                if message["type"] == "event":
                    self._events.append(message)
                continue
            assert self.process.stdout
            assert select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0], "no answer"
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return None
            self._in += data

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for end in (self.process.stdin, self.process.stdout):
            if end:
                end.close()


def relay(pid: int, port: int) -> list[str]:
    """The command that connects to a port of a service's container."""
    return ["nsenter", "-m", "-t", str(pid), sys.executable, "-I", "-S", str(AGENT), "connect", str(port)]

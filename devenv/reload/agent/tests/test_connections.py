"""What stays open during a reload, and the settings that leave a program's own reloader alone."""

from __future__ import annotations

import http.client
import os
import ssl
import subprocess
from pathlib import Path

import pytest
from service import Service, eventually, free_port
from test_servers import FILES, write

SOCKET = """
from fastapi import FastAPI, WebSocket
from fastapi.responses import PlainTextResponse
from value import V
app = FastAPI()
@app.get("/", response_class=PlainTextResponse)
async def root(): return V
@app.websocket("/ws")
async def ws(socket: WebSocket):
    await socket.accept()
    while True:
        await socket.send_text(V + await socket.receive_text())
"""


def test_an_open_websocket_does_not_block_a_reload(tmp_path: Path) -> None:
    """It is closed in order, with a code that tells clients to come back, and the next one meets the new code."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    port = free_port()
    folder = write(tmp_path / "src", {"main.py": SOCKET})
    with Service(folder, ["uvicorn", "main:app", "--port", str(port)], port).up("one") as service:
        service.forks()
        old = service.status()["child"]
        with connect(f"ws://127.0.0.1:{port}/ws") as client:
            client.send("!")
            assert client.recv() == "one!"
            service.save("value.py", 'V = "two"\n')
            assert service.reload("value.py")["kind"] == "reloaded"
            assert service.get() == "two"
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(timeout=10)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
        eventually(lambda: not os.path.exists(f"/proc/{old}"), "the old child goes within 5 s", 7)
        with connect(f"ws://127.0.0.1:{port}/ws") as client:
            client.send("!")
            assert client.recv() == "two!"


def test_tls(tmp_path: Path) -> None:
    """A connection under TLS cannot be handed over: it is closed between two requests, and the next one works."""
    folder, port = write(tmp_path / "src", FILES["fastapi"]), free_port()
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    subprocess.run(made, check=True, capture_output=True)

    def get() -> str:
        trusting = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=trusting)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read().decode()
        except OSError:
            return ""
        finally:
            connection.close()

    command = ["uvicorn", "main:app", "--port", str(port), "--ssl-keyfile", key, "--ssl-certfile", certificate]
    with Service(folder, command) as service:
        eventually(lambda: get() == "one", "it answers")
        service.connect()
        service.forks()
        for text in ("two", "three"):
            service.save("value.py", f'V = "{text}"\n')
            assert service.reload("value.py")["kind"] == "reloaded"
            assert get() == text


@pytest.mark.parametrize("setting", ["native", "off"])
def test_the_programs_own_reloader_is_left_alone(tmp_path: Path, setting: str) -> None:
    folder, port = write(tmp_path / "src", FILES["fastapi"]), free_port()
    command = ["uvicorn", "main:app", "--port", str(port), "--reload"]
    with Service(folder, command, port, {"DEVENV_AGENT_RELOAD": setting}) as service:
        service.answers("one")
        service.save("value.py", 'V = "two"\n')
        service.answers("two")

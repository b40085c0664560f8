"""debugpy: absent until asked for, in every kind of program, and gone with the child that it was in."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from dap import Client, relay
from service import Service, eventually, free_port
from test_servers import FILES, write

APP = """
import sys
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from value import V
app = FastAPI()
@app.get("/", response_class=PlainTextResponse)
async def root():
    here = V
    return here
@app.get("/modules", response_class=PlainTextResponse)
async def modules(): return repr([name for name in sys.modules if "debugpy" in name or "pydevd" in name])
"""
URLS = """
from django.http import HttpResponse
from django.urls import path
from value import V
def root(request):
    here = V
    return HttpResponse(here)
urlpatterns = [path("", root)]
"""
WSGI = """
from value import V
def app(environ, start):
    here = V.encode()
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(here)))])
    return [here]
"""
WORKER = """
import colorsys, time
from value import V
while True:
    here = V
    time.sleep(0.1)
"""
UVICORN = "uvicorn main:app --port {port}"
PROGRAMS = {
    "uvicorn": (UVICORN, {"main.py": APP}, "main.py", 9),
    "uvicorn asyncio": (UVICORN + " --loop asyncio", {"main.py": APP}, "main.py", 9),
    "hypercorn": ("hypercorn main:app --bind 127.0.0.1:{port}", {"main.py": APP}, "main.py", 9),
    "gunicorn uvicorn": ("gunicorn main:app -k uvicorn_worker.UvicornWorker -b 127.0.0.1:{port}", {"main.py": APP}, "main.py", 9),
    "gunicorn": ("gunicorn main:app -w 2 -b 127.0.0.1:{port}", {"main.py": WSGI}, "main.py", 4),
    "runserver": (
        "python manage.py runserver 127.0.0.1:{port}",
        {**FILES["django"], "site1/urls.py": URLS},
        "site1/urls.py",
        6,
    ),
    "script": ("python worker.py", {"worker.py": WORKER}, "worker.py", 5),
}


def start(tmp_path: Path, name: str, env: dict[str, str] | None = None) -> Service:
    command, files, _, _ = PROGRAMS[name]
    port = 0 if name == "script" else free_port()
    service = Service(write(tmp_path / "src", files), command.format(port=port).split(), port, env=env)
    if port:
        return service.up("one")
    service.connect()
    return service


def debug(service: Service, path: str = "") -> dict:
    number = service.ask("debug", path=path)
    return service.expect("debugging", "refused", where=lambda body: body["id"] == number)


def ask_in_thread(service: Service) -> tuple[threading.Thread, list[str]]:
    got: list[str] = []
    thread = threading.Thread(target=lambda: got.append(service.get(timeout=20) if service.port else ""))
    thread.start()
    return thread, got


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_breakpoint_is_hit_before_and_after_a_reload(tmp_path: Path, name: str) -> None:
    """A request that stands at the breakpoint when the child is replaced gets its answer, and the debugger's connection
    ends."""
    _, _, file, line = PROGRAMS[name]
    with start(tmp_path, name) as service:
        service.forks()
        for old, new in (("one", "two"), ("two", "three")):
            answer = debug(service)
            assert answer.get("port"), (answer, service.log())
            assert debug(service)["port"] == answer["port"], "the same port when it is asked again"
            with Client(relay(service.process.pid, answer["port"]), service.folder / file, [line]) as client:
                thread, got = ask_in_thread(service)
                stopped = client.event("stopped")
                frame = client.ask("stackTrace", threadId=stopped["threadId"])["stackFrames"][0]
                assert frame["line"] == line
                assert client.ask("evaluate", expression="V", frameId=frame["id"])["result"] == repr(old)
                service.save("value.py", f'V = "{new}"\n')
                assert service.reload("value.py")["kind"] == "reloaded", service.log()
                thread.join()
                assert got in ([old], [""]), got
                assert client.next(lambda _: False) is None, "the old child closed the connection"
            if service.port:
                service.answers(new)
        child, pid = service.status()["child"], service.process.pid
        assert service.stop() in (0, -15), service.log()
        eventually(lambda: not os.path.exists(f"/proc/{child}"), f"the child of {pid} is gone")


@pytest.mark.parametrize("name", ["uvicorn", "gunicorn", "script"])
def test_debugpy_need_not_have_a_library_for_this_machine(tmp_path: Path, name: str) -> None:
    """As on ARM before Python 3.12: the thread that runs already is traced, and not any more when the debugger goes."""
    _, _, file, line = PROGRAMS[name]
    with start(tmp_path, name, {"PYDEVD_LOAD_NATIVE_LIB": "0"}) as service:
        for _ in range(2):
            port = debug(service)["port"]
            with Client(relay(service.process.pid, port), service.folder / file, [line]) as client:
                thread, got = ask_in_thread(service)
                client.event("stopped")
                client.ask("disconnect")
            thread.join()
            assert got in (["one"], [""]), got
            number = service.ask("debug", release=True)
            service.expect("debugging", where=lambda body, number=number: body["id"] == number)


def test_nothing_of_debugpy_is_there_before(tmp_path: Path) -> None:
    """Nor after it was used in a child that was replaced and in one that nobody debugged."""
    with start(tmp_path, "uvicorn") as service:
        service.forks()
        assert service.get("/modules") == "[]"
        debug(service)
        assert "debugpy" in service.get("/modules")
        for text in ("two", "three", "four"):
            service.save("value.py", f'V = "{text}"\n')
            service.reload("value.py")
            service.forks()
        assert service.get("/modules") == "[]"


def test_asked_before_a_child_serves(tmp_path: Path) -> None:
    """The answer comes when one does."""
    folder = write(tmp_path / "src", {"main.py": APP, "value.py": "import nothing_of_that_name\n"})
    port = free_port()
    with Service(folder, UVICORN.format(port=port).split(), port) as service:
        service.connect()
        number = service.ask("debug")
        if service.status()["state"] != "waiting":
            service.expect("status", where=lambda body: body["state"] == "waiting")
        service.save("value.py", 'V = "two"\n')
        service.reload("value.py")
        heard = [message["debugging"] for message in service.heard if "debugging" in message]
        answer = heard[0] if heard else service.expect("debugging")
        assert answer["id"] == number and answer["port"]
        assert answer["pid"] == service.status()["child"]


def test_a_missing_debugpy_is_said_and_a_folder_brings_one(tmp_path: Path) -> None:
    import debugpy

    without = "import sys\nsys.path[:] = [p for p in sys.path if 'site-' not in p]\n"
    folder = write(tmp_path / "src", {"worker.py": without + WORKER})
    brought = tmp_path / "brought"
    brought.mkdir()
    (brought / "debugpy").symlink_to(Path(debugpy.__file__).parent)
    with Service(folder, ["python", "worker.py"]) as service:
        service.connect()
        answer = eventually(lambda: debug(service) if service.status()["state"] == "serving" else None, "the worker runs")
        assert answer["error"] == "no debugpy"
        assert debug(service, str(brought)).get("port"), service.log()


def test_the_next_client_may_come_when_one_went_without_a_word(tmp_path: Path) -> None:
    with start(tmp_path, "uvicorn") as service:
        port = debug(service)["port"]
        command = relay(service.process.pid, port)
        with Client(command, service.folder / "main.py", [9]) as client:
            thread, got = ask_in_thread(service)
            client.event("stopped")
        with Client(command, service.folder / "main.py", [9]) as client:
            assert client.ask("threads")["threads"]
            client.ask("disconnect")
        thread.join()
        assert got == ["one"]


def test_the_tunnel_passes_the_end_of_input_on(tmp_path: Path) -> None:
    """Bytes that no text has, more than any buffer holds, and an answer that comes after the end of what was asked."""
    import socket

    sent = bytes(range(256)) * 8000
    with socket.create_server(("127.0.0.1", 0)) as server:
        got: list[bytes] = []

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                received = b"".join(iter(lambda: connection.recv(65536), b""))
                got.append(received)
                connection.sendall(received)

        thread = threading.Thread(target=serve)
        thread.start()
        agent = Path(__file__).resolve().parent.parent
        command = [sys.executable, "-I", "-S", str(agent), "connect"]
        done = subprocess.run([*command, str(server.getsockname()[1])], input=sent, capture_output=True, check=True, timeout=20)
        thread.join()
        assert got == [sent] and done.stdout == sent
    refused = subprocess.run([*command, str(free_port())], input=b"", capture_output=True, timeout=20)
    assert refused.returncode == 1 and b"refused" in refused.stderr


TASKS = """
import os
import threading
import time
from celery import Celery
from celery.signals import worker_ready
from value import V
app, MAIN = Celery("main", broker="memory://"), os.getpid()
@app.task
def work():
    here = V
    where = "here" if os.getpid() == MAIN else "in the pool"
    os.write(1, f"did {here} {where}\\n".encode())
@worker_ready.connect
def always(**_):
    def again():
        while True:
            work.delay()
            time.sleep(0.2)
    threading.Thread(target=again, daemon=True).start()
"""


def test_a_debugger_sees_the_tasks_of_a_celery_pool(tmp_path: Path) -> None:
    """For it they are done in one process; without it they are in the pool again, from the next save on."""
    folder = write(tmp_path / "src", {"main.py": TASKS})
    with Service(folder, "celery -A main worker -l info --concurrency 2".split(), env={"C_FORCE_ROOT": "1"}) as service:
        service.connect()
        eventually(lambda: " ready." in service.log(), service.log)
        answer = debug(service)
        assert answer.get("port"), (answer, service.log())
        with Client(relay(service.process.pid, answer["port"]), folder / "main.py", [11]) as client:
            stopped = client.event("stopped")
            frame = client.ask("stackTrace", threadId=stopped["threadId"])["stackFrames"][0]
            assert frame["line"] == 11 and client.ask("evaluate", expression="V", frameId=frame["id"])["result"] == "'one'"
            service.save("value.py", 'V = "two"\n')
            assert service.reload("value.py")["kind"] == "reloaded", service.log()
        eventually(lambda: "did two here" in service.log(), service.log)
        number = service.ask("debug", release=True)
        service.expect("debugging", where=lambda body: body["id"] == number)
        service.save("value.py", 'V = "three"\n')
        assert service.reload("value.py")["kind"] == "reloaded", service.log()
        eventually(lambda: "did three in the pool" in service.log(), service.log)

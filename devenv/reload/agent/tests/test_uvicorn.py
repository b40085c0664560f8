"""uvicorn: the happy path, zero downtime, and everything that can go wrong with a save."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import pytest
from load import Load
from service import Service, eventually, free_port

APP = """
from contextlib import asynccontextmanager
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from shop import value
@asynccontextmanager
async def lifespan(_):
    print("startup", value.V, flush=True)
    yield
    print("shutdown", value.V, flush=True)
app = FastAPI(lifespan=lifespan)
@app.get("/", response_class=PlainTextResponse)
async def root(): return value.V
@app.get("/env", response_class=PlainTextResponse)
async def env():
    import os, sys
    ours = [name for name in os.environ if "DEVENV" in name]
    return repr(ours + [p for p in sys.path if "agent" in p and "venv" not in p])
@app.get("/slow", response_class=PlainTextResponse)
async def slow():
    import asyncio
    await asyncio.sleep(1)
    return value.V
@app.get("/sleeps")
async def sleeps(seconds: float):
    import asyncio
    await asyncio.sleep(seconds)
@app.get("/blocks")
async def blocks(seconds: float):
    import time
    print("blocks", flush=True)
    time.sleep(seconds)
@app.get("/stream")
async def stream():
    import asyncio
    from fastapi.responses import StreamingResponse
    async def forever():
        while True:
            yield b"data: x\\n\\n"
            await asyncio.sleep(0.1)
    return StreamingResponse(forever())
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    (folder / "shop").mkdir(parents=True)
    (folder / "shop" / "__init__.py").write_text("")
    (folder / "shop" / "value.py").write_text('V = "one"\n')
    (folder / "shop" / "main.py").write_text(APP)
    return folder


def start(folder: Path, *extra: str, env: dict[str, str] | None = None) -> Service:
    port = free_port()
    return Service(folder, ["uvicorn", "shop.main:app", "--port", str(port), *extra], port, env).up("one")


def test_a_save_is_answered_by_the_same_supervisor(shop: Path) -> None:
    """The first reload may still be a bare restart, later ones fork; the supervisor stays, its variables are hidden."""
    with start(shop, "--reload") as service:
        service.forks()
        for text in ("two", "three", "four"):
            service.save("shop/value.py", f'V = "{text}"\n')
            answer = service.reload("shop/value.py")
            assert answer["kind"] == "reloaded" and answer["mode"] == "fork", answer
            assert service.get() == text
        assert service.status()["pid"] == service.process.pid
        assert service.get("/env") == "[]"
        log = eventually(lambda: "shutdown three" in service.log() and service.log(), "the old child runs its shutdown")
        assert log.count("startup four") == 1


def test_the_answer_waits_for_the_child_before(shop: Path) -> None:
    """One that was replaced earlier, and ends meanwhile, says nothing of whether the old code still accepts."""
    with start(shop) as service:
        service.forks()
        first = threading.Thread(target=lambda: service.get("/sleeps?seconds=1"))
        first.start()
        service.reload("shop/value.py")
        service.forks()
        blocked = threading.Thread(target=lambda: service.get("/blocks?seconds=2.5"))
        blocked.start()
        eventually(lambda: "blocks" in service.log(), "the request is in the old child")
        assert service.reload("shop/value.py")["kind"] == "reloaded"
        blocked.join(0.5)
        assert not blocked.is_alive(), "reloaded, and the child before cannot have stopped accepting"
        first.join()


def test_no_request_is_dropped(shop: Path) -> None:
    """Clients that keep their connection and clients that open one each time see nothing but complete answers."""
    with start(shop, "--log-level", "warning") as service:
        service.forks()
        with Load(service.port) as load:
            for number in range(40):  # container_test.go has more patience
                service.save("shop/value.py", f'V = "{number}"\n')
                assert service.reload("shop/value.py")["kind"] == "reloaded"
                assert service.get() == str(number)
        assert load.wrong == []
        assert len(load.answers) > 20, load.answers
        assert set(load.answers) <= {"one", *map(str, range(40))}


def test_a_kept_connection_gets_the_new_code(shop: Path) -> None:
    import http.client

    with start(shop) as service:
        service.forks()
        client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=5)
        client.request("GET", "/")
        assert client.getresponse().read() == b"one"
        before = client.sock
        service.save("shop/value.py", 'V = "two"\n')
        service.reload("shop/value.py")
        client.request("GET", "/")
        assert client.getresponse().read() == b"two"
        assert client.sock is before, "the connection was handed over, not closed"
        client.close()


def test_a_typo_keeps_the_last_good_version(shop: Path) -> None:
    with start(shop) as service:
        service.forks()
        service.save("shop/value.py", "V = \n")
        answer = service.reload("shop/value.py")
        assert answer["kind"] == "failed" and answer["serving"], answer
        assert (answer["file"], answer["line"]) == (str(shop / "shop/value.py"), 1)
        assert answer["error"].startswith("SyntaxError")
        assert service.get() == "one"
        assert service.log().count("SyntaxError") == 1, service.log()
        service.save("shop/value.py", "V = undefined\n")
        answer = service.reload("shop/value.py")
        assert answer["error"] == "NameError: name 'undefined' is not defined"
        service.save("shop/value.py", 'V = "good"\n')
        assert service.reload("shop/value.py")["kind"] == "reloaded"
        assert service.get() == "good"


def test_a_start_up_that_fails_keeps_the_last_good_version(shop: Path) -> None:
    with start(shop) as service:
        service.forks()
        service.save("shop/main.py", APP.replace('print("startup", value.V, flush=True)', "1 / 0"))
        answer = service.reload("shop/main.py")
        assert answer["kind"] == "failed", answer
        assert (answer["error"], answer["file"], answer["line"]) == (
            "ZeroDivisionError: division by zero",
            str(shop / "shop/main.py"),
            8,
        )
        assert service.get() == "one"


def test_without_a_good_version_it_waits_for_one(shop: Path) -> None:
    (shop / "shop" / "value.py").write_text("import nothing_of_that_name\n")
    port = free_port()
    with Service(shop, ["uvicorn", "shop.main:app", "--port", str(port)], port) as service:
        service.connect()
        if service.status()["state"] != "waiting":
            service.expect("status", where=lambda body: body["state"] == "waiting")
        service.save("shop/value.py", 'V = "two"\n')
        assert service.reload("shop/value.py")["kind"] == "reloaded"
        assert service.get() == "two"


def test_two_saves_of_equal_size_within_a_second(shop: Path) -> None:
    """Bytecode is written (no PYTHONDONTWRITEBYTECODE) and its time stamp proves nothing."""
    with start(shop) as service:
        stamp = os.stat(shop / "shop/value.py")
        for text in ("aaa", "bbb", "ccc", "ddd"):
            service.save("shop/value.py", f'V = "{text}"\n')
            os.utime(shop / "shop/value.py", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
            assert service.reload("shop/value.py")["kind"] == "reloaded"
            assert service.get() == text


def test_a_running_request_is_finished_by_the_old_code(shop: Path) -> None:
    import threading

    with start(shop) as service:
        service.forks()
        answers: list[str] = []
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            client.settimeout(10)

            def read() -> None:
                answers.append(client.recv(65536).decode())
                while "\r\n\r\n" not in answers[0] or answers[0].endswith("\r\n\r\n"):
                    answers[0] += client.recv(65536).decode()

            thread = threading.Thread(target=read)
            thread.start()
            service.save("shop/value.py", 'V = "two"\n')
            service.reload("shop/value.py")
            assert service.get() == "two"
            thread.join()
        assert answers[0].endswith("one")


def test_an_open_stream_does_not_block_a_reload(shop: Path) -> None:
    """The stream is cut within the bound, after which the shutdown of the old child has run and it is gone."""
    with start(shop) as service, socket.create_connection(("127.0.0.1", service.port)) as client:
        service.forks()
        client.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100)
        old = service.status()["child"]
        service.save("shop/value.py", 'V = "two"\n')
        answer = service.reload("shop/value.py")
        assert answer["ms"]["total"] < 2000
        assert service.get() == "two"
        eventually(lambda: not os.path.exists(f"/proc/{old}"), "the old child goes within 5 s", 7)
        assert "shutdown one" in service.log()


def test_children_of_the_old_child_go_with_it(shop: Path) -> None:
    (shop / "shop" / "value.py").write_text(
        'import subprocess\nP = subprocess.Popen(["sleep", "1000"], start_new_session=True)\n'
        'V = "one"\nprint("pid", P.pid, flush=True)\n'
    )
    with start(shop) as service:
        service.forks()
        sleeper = service.log().split("pid ")[1].split()[0]
        service.save("shop/value.py", 'V = "two"\n')
        service.reload("shop/value.py")
        eventually(lambda: not os.path.exists(f"/proc/{sleeper}"), "the sleeper is killed and reaped")


def _parent(pid: str) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _children(pid: int) -> set[int]:
    return {int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(name) == pid}


@pytest.mark.parametrize("number, expected", [(signal.SIGTERM, -15), (signal.SIGINT, 0), (signal.SIGKILL, -9)])
def test_the_service_ends_as_its_program_ends(shop: Path, number: int, expected: int) -> None:
    with start(shop) as service:
        service.forks()
        pid = service.process.pid
        eventually(lambda: len(_children(pid)) >= 3, "there are a child, a zygote and a standby")
        family = _children(pid)
        assert service.stop(number) == expected
        eventually(lambda: not any(os.path.exists(f"/proc/{one}") for one in family), "nothing is left behind")
        if number != signal.SIGKILL:
            assert "shutdown one" in service.log()


def test_a_killed_child_ends_the_service_with_its_code(shop: Path) -> None:
    with start(shop) as service:
        os.kill(service.status()["child"], signal.SIGKILL)
        assert service.process.wait(10) == -9


def test_saves_during_a_reload_are_not_lost(shop: Path) -> None:
    with start(shop) as service:
        service.forks()
        for number in range(30):
            service.save("shop/value.py", f'V = "{number}"\n')
            last = service.ask("reload", files=[str(shop / "shop/value.py")])
        service.expect("reloaded", where=lambda body: body["id"] == last)
        assert service.get() == "29"
        ids = [message["reloaded"]["id"] for message in service.heard if "reloaded" in message]
        assert len(ids) == len(set(ids)) == 30, ids


def test_restart_by_setting_is_as_safe(shop: Path) -> None:
    service = start(shop, "--log-level", "warning", env={"DEVENV_AGENT_RELOAD": "restart"})
    with service, Load(service.port) as load:
        for number in range(5):
            service.save("shop/value.py", f'V = "{number}"\n')
            answer = service.reload("shop/value.py")
            assert answer["kind"] == "reloaded" and answer["mode"] == "restart"
            assert service.get() == str(number)
        assert load.wrong == []

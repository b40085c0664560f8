"""Every other supported program: a save is answered by the same supervisor, a typo keeps the last good version."""

from __future__ import annotations

import http.client
import os
import signal
from pathlib import Path

import pytest
from load import Load
from service import BIN, Service, eventually, free_port

FASTAPI = """
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from value import V
app = FastAPI()
@app.get("/", response_class=PlainTextResponse)
async def root(): return V
"""
WSGI = """
from value import V
def app(environ, start):
    body = V.encode()
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
FLASK = """
from flask import Flask
from value import V
app = Flask(__name__)
@app.get("/")
def root(): return V
"""
MANAGE = """
import os, sys
def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
if __name__ == "__main__":
    main()
"""
SETTINGS = """
SECRET_KEY = "x"
DEBUG = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "site1.urls"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
                  "django.contrib.messages", "django.contrib.staticfiles"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
STATIC_URL = "static/"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
    "context_processors": [
    "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages"]}}]
"""
URLS = """
from django.http import HttpResponse
from django.urls import path
from value import V
urlpatterns = [path("", lambda request: HttpResponse(V))]
"""
HTTP_SERVER = """
import http.server
import sys
from value import V
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(V.encode())
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
UVICORN_RUN = """
import sys
import uvicorn
if __name__ == "__main__":
    uvicorn.run("main:app", port=int(sys.argv[1]), reload=True)
"""
WORKER = """
import signal, sys, time
from value import V
def stop(*_):
    print("stopped", V, flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("working", V, sys.argv[1:], flush=True)
while True:
    time.sleep(60)
"""
CELERY = """
from celery import Celery
from value import V
app = Celery("main", broker="memory://")
@app.task
def work(): return V
print("loaded", V, flush=True)
"""

FILES = {
    "fastapi": {"main.py": FASTAPI},
    "wsgi": {"main.py": WSGI},
    "flask": {"main.py": FLASK},
    "django": {"manage.py": MANAGE, "site1/__init__.py": "", "site1/settings.py": SETTINGS, "site1/urls.py": URLS},
    "http": {"serve.py": HTTP_SERVER},
    "run": {"serve.py": UVICORN_RUN, "main.py": FASTAPI},
}
UVICORN = "main:app --host 127.0.0.1 --port {port} --reload"
SERVERS = {
    "debugpy uvicorn": ("fastapi", "python -m debugpy --listen 127.0.0.1:{other} -m uvicorn " + UVICORN),
    "python -m uvicorn": ("fastapi", "python -m uvicorn " + UVICORN),
    "uvicorn h11 asyncio": ("fastapi", "uvicorn --http h11 --loop asyncio " + UVICORN),
    "uvicorn workers": ("fastapi", "uvicorn main:app --port {port} --workers 2"),
    "fastapi dev": ("fastapi", "fastapi dev main.py --port {port}"),
    "gunicorn sync": ("wsgi", "gunicorn main:app -w 2 -b 127.0.0.1:{port} --reload"),
    "gunicorn gthread": ("wsgi", "gunicorn main:app -k gthread --threads 4 -b 127.0.0.1:{port}"),
    "gunicorn uvicorn": ("fastapi", "gunicorn main:app -w 2 -k uvicorn_worker.UvicornWorker -b 127.0.0.1:{port}"),
    "hypercorn": ("fastapi", "hypercorn main:app --bind 127.0.0.1:{port} --reload"),
    "hypercorn uvloop": ("fastapi", "hypercorn main:app -k uvloop --bind 127.0.0.1:{port}"),
    "runserver": ("django", "python manage.py runserver 127.0.0.1:{port}"),
    "flask run": ("flask", "flask --app main run --debug --port {port}"),
    "python -m flask": ("flask", "python -m flask --app main run --port {port}"),
    "http.server script": ("http", "python serve.py {port}"),
    "uvicorn.run script": ("run", "python serve.py {port}"),
    "sh, exec": ("fastapi", "sh entrypoint.sh exec uvicorn " + UVICORN),
    "sh, no exec": ("fastapi", "sh entrypoint.sh run uvicorn " + UVICORN),
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in {"value.py": 'V = "one"\n', **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def start(tmp_path: Path, name: str, **env: str) -> Service:
    kind, command = SERVERS[name]
    folder = write(tmp_path / "src", FILES[kind])
    if "entrypoint" in command:
        (folder / "migrate.py").write_text("print('migrated')\n")
        (folder / "entrypoint.sh").write_text(
            'set -e\npython -c "print(1)"\npython migrate.py\nif [ "$1" = exec ]; then shift; exec "$@"; fi\nshift\n"$@"\n'
        )
    port = free_port()
    service = Service(folder, command.format(port=port, other=free_port()).split(), port, env)
    return service.up("one")


@pytest.mark.parametrize("name", SERVERS)
def test_reload(tmp_path: Path, name: str) -> None:
    with start(tmp_path, name) as service:
        service.forks()
        supervisor = service.status()["pid"]
        for text in ("two", "three"):
            service.save("value.py", f'V = "{text}"\n')
            answer = service.reload("value.py")
            assert answer["kind"] == "reloaded" and answer["mode"] == "fork", (answer, service.log())
            service.answers(text)
        service.save("value.py", "V = (\n")
        answer = service.reload("value.py")
        assert answer["kind"] == "failed" and answer["serving"], answer
        assert answer["file"] == str(service.folder / "value.py") and "SyntaxError" in answer["error"], answer
        assert service.get() == "three"
        service.save("value.py", 'V = "four"\n')
        assert service.reload("value.py")["kind"] == "reloaded"
        service.answers("four")
        assert service.status()["pid"] == supervisor
        if "entrypoint" not in SERVERS[name][1]:
            assert supervisor == service.process.pid
        if "debugpy" in name:
            assert service.status()["debug"]["listen"].startswith("127.0.0.1:")


LOADED = ["gunicorn sync", "gunicorn gthread", "gunicorn uvicorn", "uvicorn h11 asyncio", "runserver", "flask run", "hypercorn"]


@pytest.mark.parametrize("name", LOADED)
def test_no_request_is_dropped(tmp_path: Path, name: str) -> None:
    """25 reloads for gunicorn, which has most processes, 10 for the others.

    hypercorn closes connections that are kept open, as on any shutdown."""
    rounds = 25 if name == "gunicorn sync" else 10
    with start(tmp_path, name) as service:
        service.forks()
        with Load(service.port, keeping=0 if name == "hypercorn" else 2) as load:
            for number in range(rounds):
                service.save("value.py", f'V = "{number}"\n')
                assert service.reload("value.py")["kind"] == "reloaded"
        assert load.wrong == []
        assert len(load.answers) > rounds // 2, load.answers


def test_a_kept_connection_to_runserver_gets_the_new_code(tmp_path: Path) -> None:
    with start(tmp_path, "runserver") as service:
        service.forks()
        client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=5)
        client.request("GET", "/")
        assert client.getresponse().read() == b"one"
        before = client.sock
        service.save("value.py", 'V = "two"\n')
        assert service.reload("value.py")["kind"] == "reloaded"
        client.request("GET", "/")
        assert client.getresponse().read() == b"two"
        assert client.sock is before
        client.close()


STOPS = {"gunicorn sync": 0, "gunicorn uvicorn": 0, "hypercorn": 0, "runserver": 0, "flask run": 0, "fastapi dev": -15}


@pytest.mark.parametrize("name", STOPS)
def test_sigterm_ends_it_as_without_devenv(tmp_path: Path, name: str) -> None:
    with start(tmp_path, name) as service:
        service.forks()
        assert service.stop() == STOPS[name], service.log()


@pytest.mark.parametrize("command", ["python worker.py --fast", "python -m pack --fast"])
def test_a_script_is_stopped_before_the_next_one_runs(tmp_path: Path, command: str) -> None:
    folder = write(tmp_path / "src", {"worker.py": WORKER, "pack/__init__.py": "", "pack/__main__.py": WORKER})
    with Service(folder, command.split()) as service:
        service.connect()
        eventually(lambda: "working one ['--fast']" in service.log(), "the script runs")
        service.save("value.py", 'V = "two"\n')
        assert service.reload("value.py")["kind"] == "reloaded"
        eventually(lambda: "working two" in service.log(), "the new script runs")
        assert service.log().index("stopped one") < service.log().index("working two")
        service.save("value.py", "V = nothing\n")
        answer = service.reload("value.py")
        assert answer["kind"] == "failed" and answer["serving"] and answer["line"] == 1, answer
        assert service.log().count("stopped one") == 1
        assert service.log().count("Traceback") == 1
        service.save("value.py", 'V = "three"\n')
        assert service.reload("value.py")["kind"] == "reloaded"
        eventually(lambda: "working three" in service.log(), "the good script runs")
        assert service.stop() == 0
        assert "stopped three" in service.log()


def test_a_script_gives_its_exit_code_and_its_standard_input(tmp_path: Path) -> None:
    import subprocess

    text = "import sys\nprint('first')\nprint(input(), file=sys.stderr)\nprint('last')\nsys.exit(7)\n"
    folder = write(tmp_path / "src", {"worker.py": text})
    with Service(folder, ["python", "worker.py"], stdin=subprocess.PIPE) as service:
        service.process.communicate(b"middle\n", timeout=20)
        assert service.process.returncode == 7
        assert service.log() == "first\nmiddle\nlast\n"


def test_a_script_that_a_save_broke_waits_for_the_next_save(tmp_path: Path) -> None:
    folder = write(tmp_path / "src", {"worker.py": WORKER})
    with Service(folder, ["python", "worker.py"]) as service:
        service.connect()
        eventually(lambda: "working one" in service.log(), "the script runs")
        service.save("worker.py", "import time\ndef main():\n    undefined()\nmain()\n")
        service.ask("reload", files=[str(folder / "worker.py")])
        failed = service.expect("failed")
        assert (failed["line"], failed["serving"]) == (3, False)
        service.save("worker.py", WORKER)
        assert service.reload("worker.py")["kind"] == "reloaded"
        eventually(lambda: service.log().count("working one") == 2, "the script runs again")


def test_celery(tmp_path: Path) -> None:
    folder = write(tmp_path / "src", {"main.py": CELERY})
    with Service(folder, "celery -A main worker -l info --concurrency 1".split(), env={"C_FORCE_ROOT": "1"}) as service:
        service.connect()
        eventually(lambda: " ready." in service.log(), "the worker is up")
        service.forks()
        service.save("value.py", 'V = "two"\n')
        answer = service.reload("value.py")
        assert answer["kind"] == "reloaded" and answer["mode"] == "fork", (answer, service.log())
        eventually(lambda: service.log().count(" ready.") == 2, "the new worker is up")
        assert "loaded two" in service.log()
        service.save("value.py", "V = (\n")
        answer = service.reload("value.py")
        assert answer["kind"] == "failed" and answer["serving"], answer
        assert service.stop() == 0, service.log()


@pytest.mark.parametrize(
    "command",
    ["python -c print(1)", "python manage.py check", "pytest --version", "uvicorn --version", "python -m json.tool --help"],
)
def test_other_programs_are_left_alone(tmp_path: Path, command: str) -> None:
    """They run to their end, and pass the variable on to whatever they start."""
    folder = write(tmp_path / "src", FILES["django"])
    with Service(folder, command.split()) as service:
        assert service.process.wait(20) == 0, service.log()
    with Service(folder, ["python", "-c", "import os; print(os.environ['DEVENV_AGENT'])"]) as service:
        assert service.process.wait(20) == 0
        assert service.log() == "1\n"


def test_the_users_own_sitecustomize_runs(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "src", {"worker.py": "import sys\nprint(sys.hello)\n", "sitecustomize.py": "import sys\nsys.hello = 'hi'\n"}
    )
    agent = Path(__file__).resolve().parent.parent
    for target in (["worker.py"], ["-c", "import sys; print(sys.hello)"]):
        with Service(folder, ["python", *target], env={"PYTHONPATH": f"{agent}:{folder}"}) as service:
            assert service.process.wait(20) == 0, service.log()
            assert service.log() == "hi\n"


def test_a_second_main_program_is_left_alone(tmp_path: Path) -> None:
    """One agent a container: the first supported program has it."""
    folder = write(tmp_path / "src", {"worker.py": WORKER, "start.sh": "python worker.py a & python worker.py b & wait\n"})
    with Service(folder, ["sh", "start.sh"], start_new_session=True) as service:
        eventually(lambda: service.log().count("working one") == 2, "both run")
        service.connect()
        assert service.status()["program"] == "script"
        os.killpg(service.process.pid, signal.SIGTERM)


def test_orphans_are_reaped(tmp_path: Path) -> None:
    text = (
        "import subprocess, time\nfrom value import V\nsubprocess.run(['sh', '-c', 'sleep 0.2 & echo pid $!'])\ntime.sleep(60)\n"
    )
    folder = write(tmp_path / "src", {"worker.py": text})
    with Service(folder, ["python", "worker.py"]) as service:
        orphan = eventually(lambda: "pid " in service.log() and service.log().split()[1], "the shell says whom it left")
        eventually(lambda: not os.path.exists(f"/proc/{orphan}"), "the supervisor reaps what the shell left")


def test_the_other_bin_exists() -> None:
    assert (BIN / "uvicorn").exists()

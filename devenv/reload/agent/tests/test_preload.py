"""What is preloaded and what is left out, with packages made for the purpose in a folder named site-packages."""

from __future__ import annotations

import sys
from pathlib import Path

from service import AGENT, Service, eventually, free_port

MAIN = """
import http.server, sys
import good, threaded, uses_threaded, pulls_project
from value import V
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(V.encode())
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
INSTALLED = {
    "good.py": "print('good imported', flush=True)\n",
    "threaded.py": "import threading, time\nthreading.Thread(target=time.sleep, args=(10**6,), daemon=True).start()\n",
    "uses_threaded.py": "import threaded\n",
    "pulls_project.py": "import value\n",
}


def test_what_cannot_be_forked_is_left_out_and_said(tmp_path: Path) -> None:
    """The .venv lies inside of the source folder, as a developer's often does, and is not taken for project code."""
    folder, installed = tmp_path / "src", tmp_path / "src" / ".venv" / "lib" / "python3" / "site-packages"
    installed.mkdir(parents=True)
    for name, text in INSTALLED.items():
        (installed / name).write_text(text)
    (folder / "serve.py").write_text(MAIN)
    (folder / "value.py").write_text('V = "one"\n')
    port = free_port()
    agent = Path(__file__).resolve().parent.parent
    service = Service(folder, ["python", "serve.py", str(port)], port, {"PYTHONPATH": f"{agent}:{installed}:{folder}"})
    with service.up("one"):
        service.forks()
        for text in ("two", "three"):
            service.save("value.py", f'V = "{text}"\n')
            answer = service.reload("value.py")
            assert answer["kind"] == "reloaded" and answer["mode"] == "fork", (answer, service.log())
            service.answers(text)
        left_out = service.status()["left_out"]
        assert left_out["threaded"] == "started threads"
        assert left_out["uses_threaded"] == "started threads"
        assert left_out["pulls_project"] == "imports project code"
        assert "good" not in left_out
        assert service.log().count("good imported") == 1, "imported by the first child, then preloaded, quietly"


COUNTED = """
import os, time
def note(text):
    with open(os.environ["NOTES"], "a") as notes: notes.write(text + "\\n")
note("begun")
time.sleep(1)
note("ended")
"""


class Counting(Service):
    """Serves value.V with a package that takes a second to import and notes that, and with one that can be taken away."""

    def __init__(self, folder: Path) -> None:
        self.installed, self.notes = folder.parent / "site-packages", folder.parent / "notes"
        for made in (folder, self.installed):
            made.mkdir()
        (self.installed / "counted.py").write_text(COUNTED)
        (self.installed / "leaving.py").write_text("")
        (folder / "serve.py").write_text(MAIN.replace("good, threaded, uses_threaded, pulls_project", "counted, extra"))
        (folder / "extra.py").write_text("import leaving\n")
        (folder / "value.py").write_text('V = "one"\n')
        env = {"PYTHONPATH": f"{AGENT}:{self.installed}:{folder}", "NOTES": str(self.notes)}
        port = free_port()
        super().__init__(folder, [sys.executable, "serve.py", str(port)], port, env)

    def noted(self, text: str) -> int:
        return self.notes.read_text().count(text)

    def saved(self, text: str) -> None:
        self.save("value.py", f'V = "{text}"\n')
        answer = self.reload("value.py")
        assert answer["kind"] == "reloaded" and answer["mode"] == "fork", (answer, self.log())
        self.answers(text)


def test_a_save_while_it_is_preloaded_waits_for_that(tmp_path: Path) -> None:
    with Counting(tmp_path / "src").up("one") as service:
        eventually(lambda: service.noted("begun") == 2, "after the first child the preload imports the package")
        assert service.noted("ended") == 1
        for text in ("two", "three", "four"):
            service.saved(text)
        assert service.noted("begun") == 2, "no save has begun the preload anew, or imported the package itself"


def test_changed_packages_are_imported_once(tmp_path: Path) -> None:
    """Nothing of before is used again, also when a package is gone; and what fails now may be right the next time."""
    with Counting(tmp_path / "src").up("one") as service:
        service.forks()
        for version, leaving in enumerate((None, "raise RuntimeError\n", "")):
            (service.installed / "leaving.py").unlink(missing_ok=True)
            if leaving is not None:
                (service.installed / "leaving.py").write_text(leaving)
            (service.installed / "counted.py").write_text(f"{COUNTED}V = 'package {version}'\n")
            service.save("extra.py", "import leaving\n" if leaving == "" else "")
            service.save("value.py", "from counted import V\n")
            before = service.noted("begun")
            number = service.ask("refresh")
            answer = service.expect("reloaded", "failed", where=lambda body: body["id"] == number)  # noqa: B023
            assert answer["kind"] == "reloaded", (answer, service.log())
            if leaving is None or leaving == "":
                assert answer["mode"] == "fork" and service.noted("begun") == before + 1, service.log()
            service.answers(f"package {version}")
            service.forks()
            service.saved(f"version {version}")
        assert service.status()["left_out"] == {}


def test_a_preload_that_does_not_end_is_given_up(tmp_path: Path) -> None:
    """A module that waits for something in the zygote alone: the save is answered by a bare process."""
    service = Counting(tmp_path / "src")
    (service.installed / "counted.py").write_text(
        COUNTED.replace("time.sleep(1)", "while open(os.environ['NOTES']).read().count('begun') == 2: time.sleep(0.01)")
    )
    with service.up("one"):
        eventually(lambda: service.noted("begun") == 2, "the preload hangs")
        service.save("value.py", 'V = "two"\n')
        answer = service.reload("value.py", limit=60)
        assert answer["kind"] == "reloaded" and answer["mode"] == "restart", (answer, service.log())
        service.answers("two")


def test_a_module_that_patches_others_means_restart(tmp_path: Path) -> None:
    folder, installed = tmp_path / "src", tmp_path / "site-packages"
    installed.mkdir()
    folder.mkdir()
    (installed / "gevent.py").write_text("")
    (folder / "worker.py").write_text("import gevent\nimport time\nprint('up', flush=True)\ntime.sleep(60)\n")
    agent = Path(__file__).resolve().parent.parent
    with Service(folder, [sys.executable, "worker.py"], env={"PYTHONPATH": f"{agent}:{installed}"}) as service:
        service.connect()
        eventually(lambda: service.status()["why"] == "gevent patches modules", "the status says why")
        assert service.status()["mode"] == "restart"
        answer = service.reload("worker.py")
        assert answer["kind"] == "reloaded" and answer["mode"] == "restart"

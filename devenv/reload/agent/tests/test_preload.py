"""What is preloaded and what is left out, with packages made for the purpose in a folder named site-packages."""

from __future__ import annotations

import sys
from pathlib import Path

from service import Service, eventually, free_port

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

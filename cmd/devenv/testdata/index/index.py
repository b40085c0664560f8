# A package index: good and also, slow (once it may go on), private (with credentials), vault (both), built and broken (as
# sources), native (a C extension, as source). large needs 16 MB, the connection breaks off in the middle of cut.
# /tmp/downloads says which files were asked for.
import base64
import io
import os
import ssl
import tarfile
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BACKEND = '''
import os, zipfile
def build_wheel(folder, settings=None, metadata=None):
    if "NAME" == "broken":
        raise SystemExit("no compiler here")
    name = "NAME-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("NAME.py", "")
        wheel.writestr("NAME-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: NAME\\nVersion: 1.0\\n")
        wheel.writestr("NAME-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("NAME-1.0.dist-info/RECORD", "".join(f"{file},,\\n" for file in wheel.namelist() + ["NAME-1.0.dist-info/RECORD"]))
    return name
'''
NATIVE = '''
import os, subprocess, zipfile
def build_wheel(folder, settings=None, metadata=None):
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-nostdlib", "-o", "NAME.so", "NAME.c"], check=True)
    name = "NAME-1.0-cp313-abi3-linux_" + os.uname().machine + ".whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.write("NAME.so")
        wheel.writestr("NAME-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: NAME\\nVersion: 1.0\\n")
        wheel.writestr("NAME-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: false\\nTag: " + name[9:-4] + "\\n")
        wheel.writestr("NAME-1.0.dist-info/RECORD", "".join(f"{file},,\\n" for file in wheel.namelist() + ["NAME-1.0.dist-info/RECORD"]))
    return name
'''
# What Python.h declares, as far as it is needed: so no package with headers is.
EXTENSION = '''
struct definition { long references; void *type, *init; long index; void *copy; const char *name, *doc; long size; void *rest[5]; };
extern void *PyModule_Create2(struct definition *, int);
extern int PyModule_AddIntConstant(void *, const char *, long);
static struct definition definition = { .references = 1, .name = "NAME", .size = -1 };
void *PyInit_NAME(void) { void *module = PyModule_Create2(&definition, 1013); PyModule_AddIntConstant(module, "ANSWER", 6 * 7); return module; }
'''
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "NAME"\nversion = "1.0"\n'


def wheel(name, code=""):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"{name}.py", code)
        file.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: own\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{name}-1.0.dist-info/RECORD", "".join(f"{path},,\n" for path in file.namelist() + [f"{name}-1.0.dist-info/RECORD"]))
    return content.getvalue()


def source(name, files):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for path, text in ({"pyproject.toml": PROJECT, "PKG-INFO": "Metadata-Version: 2.2\nName: NAME\nVersion: 1.0\n"} | files).items():
            data = text.replace("NAME", name).encode()
            info = tarfile.TarInfo(f"{name}-1.0/{path}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return content.getvalue()


FILES = {name: (f"{name}-1.0-py3-none-any.whl", wheel(name)) for name in ("good", "also", "slow", "private", "vault")}
FILES |= {name: (f"{name}-1.0-py3-none-any.whl", wheel(name, "#" * (1 << 24))) for name in ("large", "cut")}
FILES |= {name: (f"{name}-1.0.tar.gz", source(name, {"backend.py": BACKEND})) for name in ("built", "broken")}
FILES["native"] = ("native-1.0.tar.gz", source("native", {"backend.py": NATIVE, "native.c": EXTENSION}))


class Index(BaseHTTPRequestHandler):
    def do_GET(self):
        _, kind, name, *_ = self.path.split("/") + ["", ""]
        name = name.split("-")[0]
        if name not in FILES:
            return self.answer(404, b"")
        if name in ("private", "vault") and self.headers["Authorization"] != "Basic " + base64.b64encode(b"me:hunter22").decode():
            return self.answer(401, b"")
        if name in ("slow", "vault") and kind == "simple":
            open("/tmp/waiting", "w").write("uv asks")
            while not os.path.exists("/tmp/go"):
                time.sleep(0.05)
        file, content = FILES[name]
        if kind == "files":
            open("/tmp/downloads", "a").write(f"{self.command} {file}\n")
        if kind == "simple":
            apart = 'data-core-metadata="true"' if name == "cut" else ""
            content = f'<!doctype html><a {apart} href="/files/{file}">{file}</a>'.encode()
        if self.path.endswith(".metadata"):
            content = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
        self.answer(200, content, "text/html" if kind == "simple" else "application/octet-stream")

    do_HEAD = do_GET

    def answer(self, status, content, kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=365000000, immutable" if kind == "application/octet-stream" else "max-age=0")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[: len(content) // 2] if self.path.startswith("/files/cut") and self.path.endswith(".whl") else content)
            self.close_connection = True


server = ThreadingHTTPServer(("", 8000), Index)
if "CERTIFICATE" in os.environ:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["CERTIFICATE"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()

"""Answers in processes of its own, as an application with a process pool does."""

from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context

from answer import answer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = pool.submit(answer).result().encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, get_context("fork"))
    ThreadingHTTPServer(("", 8000), Handler).serve_forever()

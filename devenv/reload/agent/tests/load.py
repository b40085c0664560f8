"""A constant load of requests, which remembers everything that went wrong."""

from __future__ import annotations

import http.client
import threading
from collections import Counter


class Load:
    """Clients that ask again and again until stopped: some keep their connection open, some open one each time."""

    def __init__(self, port: int, keeping: int = 2, opening: int = 2) -> None:
        self.port, self.answers, self.wrong = port, Counter[str](), list[str]()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(at < keeping,)) for at in range(keeping + opening)]

    def _ask(self, keep: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self._stop.is_set():
            try:
                connection.request("GET", "/", headers={} if keep else {"Connection": "close"})
                response = connection.getresponse()
                body = response.read().decode()
                if response.status == 200:
                    self.answers[body] += 1
                else:
                    self.wrong.append(f"{response.status} {body}")
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(f"{'keep' if keep else 'open'} {error!r}")
                connection.close()
            if not keep:
                connection.close()
        connection.close()

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

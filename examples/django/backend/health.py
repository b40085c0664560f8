"""The health check of both images, which have no curl: asks /health/, and says what is wrong."""

import sys
from http.client import HTTPConnection

connection = HTTPConnection("127.0.0.1", 8000, timeout=3)
connection.request("GET", "/health/")
answer = connection.getresponse()
body = answer.read().decode(errors="replace")
if answer.status != 200:
    sys.exit(f"{answer.status} {answer.reason}: {body[:500]}")

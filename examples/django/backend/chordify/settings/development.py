import logging

from .base import *  # noqa: F403

DEBUG = True
ALLOWED_HOSTS = ["*"]

# The engine asks every two seconds; only an answer that is not well is worth a line.
logging.getLogger("django.server").addFilter(
    lambda record: not record.getMessage().startswith('"GET /health/ HTTP/1.1" 200')
)

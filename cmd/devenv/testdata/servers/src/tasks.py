"""A queue in a folder of the container: what puts a task in runs beside the worker."""

import os

import answer
from celery import Celery

FOLDER = "/tmp/queue"
os.makedirs(FOLDER, exist_ok=True)
app = Celery("tasks", broker="filesystem://", backend="file://" + FOLDER)
app.conf.broker_transport_options = {"data_folder_in": FOLDER, "data_folder_out": FOLDER, "polling_interval": 0.05}


@app.task
def answers() -> str:
    return answer.answer()

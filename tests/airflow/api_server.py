"""Airflow's API server as a program: it is asked what stdin says, and tells what was answered.

The answers are the last line of stdout; what the server logs comes before.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")

from airflow.api_fastapi.app import create_app  # noqa: E402 - its imports warn
from starlette.testclient import TestClient  # noqa: E402

answers = []
with TestClient(create_app(apps="core")) as client:
    for asked in json.load(sys.stdin):
        answer = client.request(asked["method"], asked["path"], json=asked.get("json"))
        answers.append({"status": answer.status_code, "body": answer.text})
sys.stdout.write(f"\n{json.dumps(answers)}\n")

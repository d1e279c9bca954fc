"""A process that runs exports, each in a child of its own, and says how they ended.

Each line of its input is a JSON object: ``options`` of the operator, and ``kill_at``, the line of our code at which the
child kills itself, if any. Each line of its output says by which ``signal`` the child died, after how many ``lines`` of
our code, what it ``told``, and how many kilobytes its memory ever took.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import requests  # noqa: F401 - in the parent, so that no child has to import it

import airflow_provider_webwork
from airflow_provider_webwork.api import client
from airflow_provider_webwork.operators.export import WebWorkExportOperator

PACKAGE = Path(airflow_provider_webwork.__file__).parent
WATCHED = (f"{PACKAGE / 'files'}{os.sep}", f"{PACKAGE / 'operators'}{os.sep}", client.__file__)


class Lines:
    """Counts the lines of our code that are run, and kills the process at one of them."""

    def __init__(self, kill_at):
        self.count = 0
        self._kill_at = kill_at

    def __call__(self, frame, event, _):
        if not frame.f_code.co_filename.startswith(WATCHED):
            return None
        if event == "line":
            self.count += 1
            if self.count == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def main():
    for order in map(json.loads, sys.stdin):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            run(order, writing)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        _, status, usage = os.wait4(child, 0)
        ended = {"signal": os.WTERMSIG(status), "exit": os.WEXITSTATUS(status), "kilobytes": usage.ru_maxrss}
        sys.stdout.write(json.dumps(ended | (json.loads(said) if said else {})) + "\n")
        sys.stdout.flush()


def run(order, writing):
    """Export, in a child process, which ends here."""
    os.dup2(2, 1)  # what Airflow logs must not get between the lines of our output
    code = 1
    try:
        lines = Lines(order.get("kill_at"))
        operator = WebWorkExportOperator(task_id="export", **order["options"])
        if "kill_at" in order:
            sys.settrace(lines)
        told = operator.execute({})
        sys.settrace(None)
        os.write(writing, json.dumps({"lines": lines.count, "told": told}).encode())
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()

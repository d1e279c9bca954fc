"""Running `airflow webwork ...` in the process of a test."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def answer(self):
        """What a program reads from stdout."""
        return json.loads(self.out)


@pytest.fixture
def in_process(airflow_database, capsys, monkeypatch):
    """Run a command through Airflow's parser in this process: misuse needs no fresh interpreter."""
    from airflow.cli.cli_parser import get_parser

    # What a command sets for its own process is taken back with the rest of the environment.
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")

    def run(*arguments: str) -> Ended:
        parsed = get_parser().parse_args(arguments)
        capsys.readouterr()
        try:
            parsed.func(parsed)
            code = 0
        except SystemExit as ended:
            code = ended.code
        shown = capsys.readouterr()
        return Ended(code, shown.out, shown.err)

    return run

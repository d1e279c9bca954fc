"""Exports of time entries, and what a few lines of ``requests`` and ``json`` do with the same pages."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import requests

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ENTRIES = {"user_id": 1, "date": "2026-11-19"}

FORMATS: Mapping[str, Mapping[str, str]] = {
    "JSON Lines": {"format": "jsonl"},
    "JSON Lines, gzip": {"format": "jsonl", "compression": "gzip"},
    "CSV": {"format": "csv"},
    "Parquet": {"format": "parquet"},
    "Parquet, snappy": {"format": "parquet", "compression": "snappy"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A simulated WebWork where Member 1 has many time entries on one day."""

    base_url: str
    token: str
    workspace_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What it took.

    :param seconds: from begin to end.
    :param processor: seconds of a processor, of this process alone.
    """

    seconds: float
    processor: float


@contextmanager
def source(*, entries: int, page: int) -> Iterator[Source]:
    """Run a simulated WebWork in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=_serve, args=(its, entries, page), daemon=True)
    process.start()
    yield Source(**ours.recv())
    ours.send(None)
    process.join()


@contextmanager
def elsewhere(found: Source, home: Path) -> Iterator[Callable[..., Future[Spent]]]:
    """Run the functions below in a process of its own, which has Airflow loaded and a connection to the source."""
    connection = {
        "conn_type": "webwork",
        "host": found.base_url,
        "password": found.token,
        "extra": {"workspace_id": found.workspace_id, "requests_per_minute": 6_000},
    }
    os.environ.update(AIRFLOW_HOME=str(home), AIRFLOW_CONN_WEBWORK_DEFAULT=json.dumps(connection))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_load) as pool:
        yield pool.submit


def exported(path: Path, layout: Mapping[str, str], rows: int) -> Spent:
    """Export the entries by the operator."""
    from airflow_provider_webwork.operators.export import WebWorkExportOperator

    arguments = {name: value for name, value in ENTRIES.items() if name != "user_id"}
    operator = WebWorkExportOperator(
        task_id="export",
        operation="getTimeEntries",
        arguments=arguments,
        each={"user_id": [ENTRIES["user_id"]]},
        path=str(path),
        **layout,
    )
    began = _moment()
    told = operator.execute({})
    spent = _since(began)
    assert told["rows"] == rows  # noqa: S101
    return spent


def plain(path: Path, found: Source, rows: int) -> Spent:
    """Write the same pages to a file as one does by hand."""
    began, count, number, last = _moment(), 0, 1, 1
    with requests.Session() as session, path.open("w") as file:
        session.headers["Authorization"] = f"Bearer {found.token}"
        while number <= last:
            answer = session.get(
                f"{found.base_url}/time-entries",
                params={"workspace_id": found.workspace_id, **ENTRIES, "page": number, "per_page": 50},
                timeout=60,
            ).json()
            for record in answer["data"]:
                file.write(json.dumps(record) + "\n")
            count += len(answer["data"])
            last = answer["meta"]["pagination"]["last_page"]
            number += 1
    spent = _since(began)
    assert count == rows  # noqa: S101
    return spent


def peak_memory(path: Path, layout: Mapping[str, str], rows: int) -> float:
    """Export the entries, and return how many megabytes this process ever took."""
    exported(path, layout, rows)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _serve(its: Connection, entries: int, page: int) -> None:
    from airflow_provider_webwork.simulator import Company, Paging, Simulator

    company = Company(members=3, entries_per_day=entries)
    with Simulator(company=company, paging=Paging(largest=page, size=page), now=lambda: NOW) as simulator:
        its.send({"base_url": simulator.base_url_v2, "token": simulator.token, "workspace_id": simulator.workspace_id})
        its.recv()


def _load() -> None:
    import airflow_provider_webwork.operators.export  # noqa: F401
    from airflow_provider_webwork.api.pacing import ProcessBudget
    from airflow_provider_webwork.budget import Booking

    # Counting thousands of requests a minute is work that nobody has at 60 a minute.
    ProcessBudget.book = lambda *_: Booking(wait=0.0, left=1)
    logging.disable(logging.WARNING)  # Airflow does not like an operator that is run without a task


def _moment() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> Spent:
    return Spent(seconds=time.perf_counter() - began[0], processor=time.process_time() - began[1])

"""Whatever is asked: no answer of 500, no exception, no memory that grows, and every 2xx is in the log exactly once."""

import asyncio
import json
import logging
from contextlib import contextmanager

import psutil
import pytest
import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.log import EventLog
from tests.unit.receiver.conftest import Got
from tests.unit.receiver.fuzz import Fuzzer

figures = logging.getLogger(__name__)

WAVE = 1_000
EXPECTED = {200, 202, 400, 404, 405, 408, 413, 503}
MOST_GROWTH = 40 * 2**20


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("requests", [20_000, pytest.param(1_000_000, marks=pytest.mark.heavy)])
async def test_no_request_makes_it_fail_forget_or_grow(running, clock, requests):
    async with running(receiver_body_timeout=0.05, receiver_max_body=30_000) as place:
        fuzzer, audit, process = Fuzzer(20261122, key=place.key), Audit(place.store), psutil.Process()
        with failures() as failed:
            for wave in range(requests // WAVE):
                asked = [fuzzer.request() for _ in range(WAVE)]
                audit.check(asked, await asyncio.gather(*(answer_to(place.receiver, each) for each in asked)))
                clock.goes_on(seconds=1)
                if wave == requests // WAVE // 4:
                    warm = process.memory_info().rss
        grown = process.memory_info().rss - warm
    figures.info("%s; %d stored, %d repeated, grown by %d", audit.statuses, audit.stored, audit.repeated, grown)
    assert failed == []
    assert grown < MOST_GROWTH
    # Else the test would show nothing.
    assert {200, 202, 404, 405, 413} <= audit.statuses.keys() <= EXPECTED, audit.statuses
    assert audit.stored > requests // 3
    assert audit.repeated > 0
    assert audit.statuses.get(503, 0) <= requests // 1_000


class Audit:
    """Holds what was told against what is in the log, wave by wave, so that nothing has to be remembered."""

    def __init__(self, store):
        self._log, self._store = EventLog(store), store
        self.statuses, self.stored, self.repeated = {}, 0, 0

    def check(self, asked, answers):
        told, repeated = [], set()
        for request, got in zip(asked, answers, strict=True):
            self.statuses[got.status] = self.statuses.get(got.status, 0) + 1
            assert got.status in EXPECTED, request
            assert got.status != 503 or b"retry-after" in got.headers, request  # said on purpose, by a starved machine
            for event in events_in(got) if got.status in {200, 202} and request.method == "POST" else ():
                if event.get("repeated"):
                    repeated.add(event["event_id"])
                else:
                    told.append(event["event_id"])
        after, self.stored = self.stored, self.stored + len(told)
        new = [event.id for event in self._log.read(after=after)]
        assert sorted(new) == sorted(told)
        assert self._log.head() == self.stored
        assert self._in_log(repeated) == len(repeated)
        self.repeated += len(repeated)

    def _in_log(self, ids):
        query = sa.select(sa.func.count()).where(schema.event.c.event_id.in_(ids))
        with self._store.read() as connection:
            return connection.scalar(query)


def events_in(got):
    said = json.loads(got.body)
    return said.get("events", [said] if "event_id" in said else [])


async def answer_to(receiver, request):
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in request.chunks]
    if request.ends == "whole":
        messages[-1]["more_body"] = False
        if request.number % 3 == 0:
            messages.append({"type": "http.request"})  # servers may leave out what is empty
            messages[-2]["more_body"] = True
    scope = {
        "type": "http", "method": request.method, "path": request.path, "raw_path": b"", "query_string": b"a=b",
        "root_path": "", "headers": request.headers,
    }  # fmt: skip
    got = Got(scope)

    async def receive():
        if messages:
            return messages.pop(0)
        return await asyncio.Event().wait() if request.ends == "never" else {"type": "http.disconnect"}

    async def send(message):
        got.messages.append(message)

    try:
        await receiver(scope, receive, send)
    except Exception as error:
        error.add_note(repr(request))
        raise
    return got


@contextmanager
def failures():
    """Collect what is logged as a failure; pytest would keep every line of the log in memory."""
    failed = []

    class Collector(logging.Handler):
        def emit(self, record):
            if record.exc_info or (record.levelno >= logging.ERROR and not record.name.endswith(".outage")):
                failed.append(record.getMessage())

    ours, collector = logging.getLogger("airflow_provider_webwork"), Collector()
    ours.addHandler(collector)
    ours.propagate = False
    try:
        yield failed
    finally:
        ours.propagate = True
        ours.removeHandler(collector)

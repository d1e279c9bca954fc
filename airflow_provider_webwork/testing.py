"""Pytest fixtures for the tests of your own Dags: a temporary event log and a stand-in for WebWork.

Put ``pytest_plugins = ["airflow_provider_webwork.testing"]`` into your ``conftest.py``, then:

.. code-block:: python

    def test_payroll(webwork_log):
        webwork_log.add("tracker.stopped", user_id=7)
        assert dag.test().state == "success"

A sensor that finds no event waits, and ``dag.test()`` waits with it: add the event first. A consumer that begins
``now`` does not see events that were there before it: make it first, with ``webwork_log.consumer("payroll")``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.events.by_hand import add_by_hand
from airflow_provider_webwork.events.consumers import Consumers
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.simulator import Simulator


@dataclass(frozen=True)
class TemporaryLog:
    """A temporary event log, which sensors and hooks use while the test runs.

    :param url: what ``[webwork] event_store_url`` is set to.
    """

    url: str
    event_log: EventLog
    consumers: Consumers

    def add(self, type: str, *, received_at: datetime | None = None, **data: JSON) -> dict[str, JSON]:  # noqa: A002
        """Store an event and return it as Dags see it.

        :param type: the name of the event, such as ``tracker.started``.
        :param received_at: when it is said to have arrived; an hour from now if not given, so that it counts for
            sensors of a Dag run that the test starts next.
        :param data: what the event says, such as ``user_id=7``.
        """
        moment = received_at or utc_now() + timedelta(hours=1)
        return add_by_hand(self.event_log, type, data, received_at=moment).as_dict()

    def consumer(self, name: str) -> None:
        """Make a consumer that is given every event that is added from now on, until a Dag says what it wants."""
        self.consumers.create(name, EventFilter())

    def events(self) -> list[dict[str, JSON]]:
        """Return every event in the log."""
        return [event.as_dict() for event in self.event_log.read()]


@pytest.fixture
def webwork_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TemporaryLog]:
    """Yield a temporary event log, which holds for this test by ``AIRFLOW__WEBWORK__EVENT_STORE_URL``.

    Endpoints can be made in it; no receiver listens at their URLs.
    """
    url = f"sqlite:///{tmp_path / 'webwork_events.db'}"
    monkeypatch.setenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", url)
    monkeypatch.setenv("AIRFLOW__WEBWORK__SECRET_KEY", Fernet.generate_key().decode())
    monkeypatch.setenv("AIRFLOW__WEBWORK__RECEIVER_BASE_URL", "http://127.0.0.1:9/webwork")
    store = Store(url)
    yield TemporaryLog(url, EventLog(store), Consumers(store, now=utc_now))
    store.close()


@pytest.fixture
def webwork_simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Yield a running stand-in for WebWork, which the connection ``webwork_default`` leads to during this test."""
    with Simulator() as simulator:
        connection = {
            "conn_type": "webwork",
            "host": simulator.base_url_v2,
            "password": simulator.token,
            # It has no limit, and tests are to wait for none.
            "extra": {"workspace_id": simulator.workspace_id, "requests_per_minute": 6_000},
        }
        monkeypatch.setenv("AIRFLOW_CONN_WEBWORK_DEFAULT", json.dumps(connection))
        yield simulator

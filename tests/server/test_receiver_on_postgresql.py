"""Receivers on PostgreSQL: told what to do with an empty database, and none the worse for one that goes away."""

import time

import pytest
import requests

from tests.server.conftest import site_at

RECOVERY = 5


@pytest.fixture
def site(server):
    with site_at(server.emptied_log()) as site:
        yield site


def deliver(site, process, event_id):
    body = {"event": "tracker.started", "event_id": event_id, "data": {"user_id": 7}}
    return requests.post(f"http://127.0.0.1:{process.port}/hooks/{site.key}", json=body, timeout=30)


def test_an_empty_database_is_refused_with_the_command_that_prepares_it(site, server):
    process = site.start(event_store_url=server.database())

    assert process.wait() == 2
    assert "The receiver does not start. The event log postgresql+psycopg://" in process.output
    assert "is empty" in process.output
    assert "Run `airflow webwork db upgrade`, or set [webwork] auto_upgrade = True." in process.output


def test_with_leave_to_upgrade_it_prepares_the_database_itself(site, server):
    process = site.run(event_store_url=server.database(), auto_upgrade=True)

    assert deliver(site, process, "e1").status_code == 404  # the new log has no endpoints
    process.terminate()
    assert process.wait() == 0


def test_receivers_share_a_log(site):
    processes = [site.start(), site.start()]
    answers = [deliver(site, process.wait_until_it_listens(), "e1").json() for process in processes]

    assert answers[1] == {**answers[0], "repeated": True}
    assert len(site.events()) == 1


def test_while_the_database_is_killed_deliveries_get_503_and_soon_after_it_is_back_200(site, server):
    process = site.run()
    acknowledged = {deliver(site, process, "before").json()["event_id"]}
    server.kill()
    try:
        refused = [deliver(site, process, f"during-{number}") for number in range(3)]
    finally:
        server.start()
    assert [answer.status_code for answer in refused] == [503] * 3
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)

    deadline = time.monotonic() + RECOVERY
    while (answer := deliver(site, process, "after")).status_code == 503:
        assert time.monotonic() < deadline
    assert answer.status_code == 200
    acknowledged.add(answer.json()["event_id"])

    assert acknowledged == {event.id for event in site.events()}
    process.terminate()
    assert process.wait() == 0
    assert process.output.count("Deliveries are answered with 503: The event log") == 1

"""One seed, one world."""

from __future__ import annotations

import time
import tracemalloc
from datetime import UTC, datetime

import pytest

from airflow_provider_webwork.simulator import Company, OAuthRules, Paging, RateLimit, Simulator, WebhookRules

LISTINGS = (
    *("/projects", "/tasks?project_id=1", "/contracts", "/project-viewers", "/timesheets", "/leaves", "/expenses"),
    "/time-entries?user_id=7&date=2026-11-02",
    "/reports/tracked-hours",
)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def history(running, receiver, **options):
    """Everything a client and a receiver see of one small story."""
    receiver.arrived.clear()
    client = running(now=lambda: NOON, **options)
    simulator = client.simulator
    webhook = client.register(receiver.url)
    seen = [webhook, client.get("/members").json(), client.call("GET", "/workspaces").json()]
    seen.extend(client.get(path).json() for path in LISTINGS)
    seen.extend(client.send("POST", f"/time-tracking/{verb}", user_id=7).json() for verb in ("start", "stop"))
    simulator.wait_for_deliveries(2)
    bodies = sorted(arrived.body for arrived in receiver.arrived)
    events = sorted(delivery.event_id for delivery in simulator.deliveries)
    return [*seen, bodies, events, simulator.token, simulator.login, simulator.password]


def test_the_same_seed_tells_the_same_story(running, receiver):
    assert history(running, receiver, seed=11) == history(running, receiver, seed=11)


def test_the_past_stays_the_same_whatever_was_asked_first_and_however_long_it_goes_back(running):
    entries, sheets = (
        "/time-entries?user_id=7&date=2026-11-02",
        "/timesheets?user_id=7&date_from=2026-11-02&date_to=2026-11-08",
    )
    one, other = running(), running(company=Company(weeks=30))
    shown = [one.rows(entries), one.rows(sheets)]
    assert all(shown)
    assert shown == [other.rows(path) for path in (sheets, entries)][::-1]


def test_a_start_takes_little_work_and_memory_however_much_there_is_to_see(running):
    tracemalloc.start()
    begun = time.process_time()
    client = running(company=Company(entries_per_day=1_000_000, weeks=500))
    client.get("/time-entries", user_id=7, date="2026-11-02", per_page=50, page=10_000)
    took, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 1
    assert peak < 20e6


def test_another_seed_has_other_secrets_ids_and_members(running, receiver):
    one, other = history(running, receiver, seed=11), history(running, receiver, seed=12)
    assert one[0]["id"] != other[0]["id"]
    assert one[0]["token"] != other[0]["token"]
    assert one[1]["data"] != other[1]["data"]
    assert one[-3] != other[-3]
    assert one[-1] != other[-1]


def test_a_token_can_be_given(running):
    client = running(token="given")
    assert client.simulator.token == "given"
    assert client.call("GET", "/workspaces").status_code == 200


@pytest.mark.parametrize(
    "choose",
    [
        lambda: Company(members=0),
        lambda: Company(timezone="Mars/Olympus"),
        lambda: Simulator(role="Emperor"),
        lambda: Simulator(generation="newest"),
        lambda: Paging(size=0),
        lambda: Paging(past_end="loop"),
        lambda: RateLimit(window="hopping"),
        lambda: RateLimit(requests=0),
        lambda: OAuthRules(reuse="forgive"),
        lambda: OAuthRules(access_seconds=0),
        lambda: WebhookRules(limit=-1),
    ],
)
def test_a_world_that_cannot_be_is_refused(choose):
    with pytest.raises(ValueError, match="must"):
        choose()


def test_there_is_no_url_before_the_start():
    with pytest.raises(RuntimeError, match="with statement"):
        _ = Simulator().url


def test_a_stopped_simulator_can_be_started_again_on_its_port(running):
    first = running().simulator
    url, port = first.url, int(first.url.rpartition(":")[2])
    first.stop()
    first.stop()
    assert running(port=port).simulator.url == url

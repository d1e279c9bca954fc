"""The trigger of the sensor: what Airflow stores of it, what it fires with, how it ends."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest

from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkLogError
from airflow_provider_webwork.triggers.events import WebWorkEventTrigger

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ARGUMENTS = [
    {"after": 0},
    {
        "after": 7,
        "types": ["tracker.*"],
        "match": {"user_id": [7, "8", None, True]},
        "since": NOON.isoformat(),
        "count": 3,
    },
]


def made_anew(trigger):
    """Make a trigger from what Airflow's database holds of it."""
    path, kwargs = json.loads(json.dumps(trigger.serialize(), allow_nan=False))
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)(**kwargs)


async def fired(trigger):
    async with asyncio.timeout(20):
        return [event.payload async for event in trigger.run()]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=["least", "all"])
def test_a_trigger_is_the_same_after_it_was_stored(arguments):
    trigger = made_anew(WebWorkEventTrigger(**arguments))

    assert type(trigger) is WebWorkEventTrigger
    assert trigger.serialize() == WebWorkEventTrigger(**arguments).serialize()
    assert trigger.serialize()[1] == {"types": None, "match": None, "since": None, "count": 1, **arguments}


@pytest.mark.parametrize("filters", [{}, {"types": ["tracker.stopped"], "match": {"user_id": 7}}], ids=str)
async def test_it_fires_once_with_the_place_of_the_event_and_nothing_of_what_it_says(webwork_log, filters):
    for minutes in (-2, -1, 1, 2):
        webwork_log.add("tracker.stopped", user_id=7, received_at=NOON + timedelta(minutes=minutes))
    trigger = made_anew(WebWorkEventTrigger(after=1, since=NOON.isoformat(), **filters))

    (wanted,) = [event for event in webwork_log.events() if event["seq"] == 3]
    assert await fired(trigger) == [{"seq": 3, "event_id": wanted["id"], "after": 1, "since": NOON.isoformat()}]


async def test_it_waits_for_as_many_events_as_it_should(webwork_log, monkeypatch):
    monkeypatch.setenv("AIRFLOW__WEBWORK__POLL_INTERVAL", "0.01")
    stored = [webwork_log.add("tracker.stopped", user_id=7), webwork_log.add("tracker.stopped", user_id=8)]
    firing = asyncio.create_task(fired(WebWorkEventTrigger(after=0, count=3, match={"user_id": 7})))
    assert await fired(WebWorkEventTrigger(after=1, count=1))
    stored += [webwork_log.add("tracker.stopped", user_id=7) for _ in range(3)]

    assert [event["seq"] for event in await firing] == [stored[3]["seq"]]


async def test_it_may_run_twice(webwork_log):
    webwork_log.add("tracker.stopped")
    trigger = WebWorkEventTrigger(after=0)

    assert await fired(trigger) == await fired(trigger)


async def test_a_cancelled_trigger_leaves_nothing_running(webwork_log, monkeypatch):
    monkeypatch.setenv("AIRFLOW__WEBWORK__POLL_INTERVAL", "0.01")
    webwork_log.add("tracker.stopped")
    waits_for_ever = asyncio.create_task(fired(WebWorkEventTrigger(after=1)))
    assert await fired(WebWorkEventTrigger(after=0))

    waits_for_ever.cancel()
    _, left = await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=10)

    assert waits_for_ever.cancelled()
    assert left == set()


@pytest.mark.parametrize(
    ("option", "value", "error", "text"),
    [
        ("EVENT_STORE_URL", "nonsense", WebWorkConfigurationError, "event_store_url"),
        ("POLL_INTERVAL", "often", WebWorkConfigurationError, "poll_interval"),
    ],
)
@pytest.mark.usefixtures("webwork_log")
async def test_a_wrong_option_ends_it_with_the_name_of_the_option(monkeypatch, option, value, error, text):
    monkeypatch.setenv(f"AIRFLOW__WEBWORK__{option}", value)

    with pytest.raises(error, match=text):
        await fired(WebWorkEventTrigger(after=0))


async def test_an_event_log_that_is_none_ends_it(webwork_log, tmp_path):
    (tmp_path / "webwork_events.db").write_text("This is a letter, and no database of any kind. " * 100)

    with pytest.raises(WebWorkLogError, match="damaged or not a database"):
        await fired(WebWorkEventTrigger(after=0))

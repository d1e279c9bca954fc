"""The hook for the event log, as a task of one's own uses it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_webwork.hooks.events import WebWorkEventsHook

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def stored(webwork_log):
    """Three events, an hour apart."""
    return [
        webwork_log.add(kind, received_at=NOON + timedelta(hours=hour), user_id=user_id)
        for hour, (kind, user_id) in enumerate((("tracker.started", 7), ("tracker.stopped", 7), ("tracker.started", 8)))
    ]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({}, [0, 1, 2]),
        ({"types": ["tracker.started"]}, [0, 2]),
        ({"match": {"user_id": "7"}}, [0, 1]),
        ({"since": NOON + timedelta(hours=1)}, [1, 2]),
        ({"until": NOON + timedelta(hours=1)}, [0]),
        ({"since": NOON, "until": NOON + timedelta(hours=2), "types": ["tracker.*"]}, [0, 1]),
        ({"since": NOON + timedelta(days=1)}, []),
        ({"since": "2026-11-22T13:00:00Z", "until": "2026-11-22T15:00:00+01:00"}, [1]),
    ],
    ids=str,
)
def test_events_are_read_by_type_content_and_time(stored, arguments, wanted):
    assert list(WebWorkEventsHook().read(**arguments)) == [stored[number] for number in wanted]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"types": "tracker.started"}, "types must be a list"),
        ({"match": {"": 7}}, "match: .* is not a dotted path"),
        ({"since": datetime(2026, 11, 22)}, "since must be a datetime with a time zone"),  # noqa: DTZ001 - the mistake
        ({"until": datetime(2026, 11, 22)}, "until must be a datetime with a time zone"),  # noqa: DTZ001 - the mistake
        ({"since": "2026-11-22"}, "since must be a datetime with a time zone"),
        ({"since": 7}, "since must be a datetime with a time zone"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("webwork_log")
def test_misuse_is_said_at_once_and_names_the_argument(arguments, text):
    with pytest.raises(ValueError, match=text):
        WebWorkEventsHook().read(**arguments)


@pytest.mark.parametrize("reference", [{}, [], "payroll", {"consumer": "payroll"}], ids=repr)
def test_what_is_no_batch_is_refused_with_what_is_one(webwork_log, reference):
    with pytest.raises(ValueError, match="reference must be what claim returned"):
        list(WebWorkEventsHook().batch(reference))


@pytest.mark.parametrize("older_than", [30, timedelta.max], ids=repr)
def test_an_age_that_is_no_age_prunes_nothing_and_is_said(stored, older_than):
    with pytest.raises(ValueError, match="older_than must be a timedelta"):
        WebWorkEventsHook().prune(older_than=older_than)
    assert list(WebWorkEventsHook().read()) == stored


def test_endpoints_are_listed_by_connection_and_without_secrets(webwork_log):
    hook = WebWorkEventsHook()
    pending = hook.endpoints.open("payroll", now=NOON)

    (listed,) = hook.list_endpoints()

    assert listed == {
        "endpoint": "payroll",
        "state": "pending",
        "webhook_id": None,
        "webwork_conn_id": None,
        "events": [],
        "deliveries": 0,
        "last_delivery_at": None,
        "expect_every": None,
    }
    assert pending.pending_key not in str(listed)
    assert hook.list_endpoints(webwork_conn_id="webwork_default") == []

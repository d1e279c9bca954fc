"""What a Dag asks of a consumer: written in one form, and refused when it makes no sense."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pendulum
import pytest

from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.subscription import Subscription

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"types": ["b", "a"]}, {"types": ("a", "b", "a")}),
        ({"match": {"user_id": 7, "data.x": [2, 1]}}, {"match": {"data.x": (1, 2, 1), "user_id": [7]}}),
        ({"match": None, "types": None}, {}),
        ({"start": NOON}, {"start": "2026-11-22T13:00:00+01:00"}),
        ({"start": NOON}, {"start": pendulum.instance(NOON.astimezone(timezone(timedelta(hours=5))))}),
    ],
    ids=str,
)
def test_those_who_ask_the_same_write_the_same(one, other):
    first, second = Subscription.of("payroll", **one).to_json(), Subscription.of("payroll", **other).to_json()

    assert json.dumps(first, allow_nan=False) == json.dumps(second, allow_nan=False)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"types": ["tracker.*"], "match": {"x": [1, True, 1.5, "1", None]}, "start": NOON}, {"start": "beginning"}],
    ids=str,
)
def test_what_is_written_is_read_as_the_same(arguments):
    asked = Subscription.of("payroll", **arguments)
    again = Subscription.of(**json.loads(json.dumps(asked.to_json())))

    assert again.to_json() == asked.to_json()
    assert again == asked


def test_without_types_and_match_every_event_is_asked_for():
    assert Subscription.of("payroll").wanted == EventFilter()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"consumer": "Payroll"}, "consumer"),
        ({"consumer": ""}, "consumer"),
        ({"consumer": 7}, "consumer"),
        ({"types": []}, "types"),
        ({"match": {"x": []}}, "match"),
        ({"start": "yesterday"}, "start"),
        ({"start": datetime(2026, 11, 22)}, "start"),  # noqa: DTZ001 - the mistake
        ({"start": 7}, "start"),
        ({"start": None}, "start"),
    ],
    ids=str,
)
def test_misuse_names_the_argument(arguments, named):
    with pytest.raises(ValueError, match=named):
        Subscription.of(**{"consumer": "payroll", **arguments})

"""The page about deliveries says what the code does."""

import re
from pathlib import Path

import pytest

from airflow_provider_webwork.events import marks
from airflow_provider_webwork.events.event import VOLATILE_FIELDS
from airflow_provider_webwork.receiver import body, fields, form, raw

PAGE = (Path(__file__).parents[3] / "docs" / "deliveries.md").read_text()


@pytest.mark.parametrize(
    ("limit", "of"),
    [
        (body.DEEPEST, "deep"),
        (body.MOST_VALUES, "values"),
        (body.MOST_EVENTS, "events"),
        (form.MOST_FIELDS, "fields"),
        (form.MOST_ESCAPES, "escaped characters"),
        (fields.LONGEST, "characters"),
        (raw.MOST_NAMED, "such fields"),
    ],
)
def test_limits_are_those_of_the_code(limit, of):
    assert f"{limit:,} {of}" in PAGE


def test_places_are_those_of_the_code_in_their_order():
    rows = dict(re.findall(r"^\| (the event's name|its time|the workspace|the user) \| (.*?) \|", PAGE, re.MULTILINE))
    told = {what: re.findall(r"`([a-z_.]+)`", places) for what, places in rows.items()}
    assert told["the event's name"][:5] == written(fields._TYPES)
    times = [*written(fields._TIMES), "data", *written(fields._ENVELOPE_TIMES), *written(fields._TRACKER_TIMES)]
    assert told["its time"] == times
    assert told["the workspace"] == written(fields._WORKSPACES)
    assert told["the user"] == written(fields._USERS)
    headers = re.findall(r"`(X-[\w-]+)`", rows["the event's name"])
    assert [header.lower().encode() for header in headers] == [*fields.EVENT_HEADERS]


def written(paths):
    return [".".join(steps) for steps in paths]


def test_volatile_fields_and_names_of_secrets_are_those_of_the_code():
    assert re.findall(r"`([a-z_]+)`", PAGE.partition("differ between two deliveries of an event:")[2])[:6] == [
        *VOLATILE_FIELDS
    ]
    assert set(re.findall(r"`([a-z_]+)`", PAGE.partition("stands in a field called")[2])[:4]) == set(raw._NAMES)
    assert f"`{marks.HEADER}`" in PAGE

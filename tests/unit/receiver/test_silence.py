"""Endpoints that nothing comes to any more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_provider_webwork.receiver.metrics import LAST_DELIVERY, SILENT
from airflow_provider_webwork.receiver.silence import Silence
from tests.unit.receiver.conftest import NOON, ask, until

HOUR = timedelta(hours=1)


class Gauges:
    def __init__(self):
        self.values = {}

    def set(self, metric, value, /, *labels):
        self.values[metric, *labels] = value


@pytest.fixture
def gauges():
    return Gauges()


@pytest.fixture
def silence(gauges):
    return Silence(gauges)


@pytest.fixture
def expecting(endpoint):
    return replace(endpoint, expect_every=HOUR, last_delivery_at=NOON)


def lines(caplog):
    return [record.message for record in caplog.records]


def test_a_silence_is_told_once_when_it_begins_and_once_when_it_is_over(silence, expecting, gauges, caplog):
    caplog.set_level("INFO")
    for minutes in (1, 59):
        silence.look([expecting], now=NOON + timedelta(minutes=minutes))
    assert (lines(caplog), gauges.values[SILENT, "payroll"]) == ([], 0)
    for minutes in (60, 61, 200):
        silence.look([expecting], now=NOON + timedelta(minutes=minutes))
    assert gauges.values[SILENT, "payroll"] == 1
    silence.heard("payroll", at=NOON + 4 * HOUR)
    for minutes in (240, 241):
        silence.look([expecting], now=NOON + timedelta(minutes=minutes))
    assert gauges.values[SILENT, "payroll"] == 0
    since = "nothing has come since 2026-11-22T12:00:00+00:00, and something is expected every 1:00:00"
    where = "Is its webhook still registered, and does WebWork reach the receiver?"
    assert lines(caplog) == [
        f"Endpoint payroll is silent: {since}. {where}",
        "Endpoint payroll is no longer silent; it was for 4:00:00.",
    ]
    silence.look([expecting], now=NOON + 5 * HOUR)
    assert len(lines(caplog)) == 3


def test_what_another_receiver_heard_counts(silence, expecting, gauges, caplog):
    silence.heard("payroll", at=NOON)
    silence.look([replace(expecting, last_delivery_at=NOON + HOUR)], now=NOON + 1.5 * HOUR)
    assert gauges.values[SILENT, "payroll"] == 0
    assert gauges.values[LAST_DELIVERY, "payroll"] == (NOON + HOUR).timestamp()


def test_an_endpoint_that_never_had_a_delivery_is_silent_from_its_beginning(silence, endpoint, gauges):
    silence.look([replace(endpoint, expect_every=HOUR)], now=NOON + HOUR)
    assert gauges.values[SILENT, "payroll"] == 1
    assert (LAST_DELIVERY, "payroll") not in gauges.values


@pytest.mark.parametrize("later", ["deleted", "expects nothing"])
def test_an_endpoint_that_is_deleted_or_expects_nothing_any_more_is_not_silent(silence, expecting, gauges, later):
    silence.look([expecting], now=NOON + 2 * HOUR)
    now = [] if later == "deleted" else [replace(expecting, expect_every=None)]
    silence.look(now, now=NOON + 3 * HOUR)
    assert gauges.values[SILENT, "payroll"] == 0


def test_an_endpoint_of_which_nothing_is_expected_may_be_silent_for_ever(silence, endpoint, gauges, caplog):
    silence.look([endpoint], now=NOON + 10_000 * HOUR)
    assert (lines(caplog), gauges.values) == ([], {})


async def test_a_receiver_reports_the_silence_of_an_endpoint_and_stays_ready(running, clock, caplog):
    async with running() as place:
        place.endpoints.expect("payroll", HOUR)
        await place.deliver({"event": "tracker.started"})
        clock.goes_on(hours=2)
        await until(lambda: "Endpoint payroll is silent" in caplog.text)
        assert (await ask(place.receiver, "GET", "/health/ready")).status == 200

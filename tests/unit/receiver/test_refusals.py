"""The log of refused requests: reasons for each endpoint, and no way to fill a disk."""

import pytest

from airflow_provider_webwork.receiver.refusals import MOST, Refusals


@pytest.fixture
def refusals(clock):
    return Refusals(now=clock)


def lines(caplog):
    return [record.message for record in caplog.records]


def test_a_refusal_is_logged_with_its_reason_and_its_endpoint(refusals, caplog):
    refusals.refused("payroll", status=413, reason="too_large")
    [record] = caplog.records
    assert record.message == "Refused a request: 413 too_large, endpoint payroll"
    assert (record.endpoint, record.reason, record.status) == ("payroll", "too_large", 413)


def test_of_many_in_a_minute_the_first_are_logged_and_then_their_number(refusals, clock, caplog):
    for _ in range(5_000):
        refusals.refused("-", status=404, reason="unknown_key")
    refusals.refused("payroll", status=408, reason="too_slow")
    refusals.look()
    assert len(lines(caplog)) == MOST + 1
    clock.goes_on(seconds=60)
    refusals.look()
    refusals.look()
    assert lines(caplog)[MOST + 1 :] == ["Refused 4990 more requests: 404 unknown_key, endpoint -"]
    refusals.refused("-", status=404, reason="unknown_key")
    assert lines(caplog)[-1] == "Refused a request: 404 unknown_key, endpoint -"

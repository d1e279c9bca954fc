"""When something happened, as senders write it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.receiver.moments import moment
from tests.unit.receiver.conftest import NOON

EXPECTED = datetime(2026, 11, 22, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-22T11:30:00Z",
        "2026-11-22T11:30:00.000000Z",
        "2026-11-22T12:30:00+01:00",
        "2026-11-22 11:30:00",
        " 2026-11-22T11:30 ",
        1795347000,
        1795347000.0,
        1795347000000,
        "1795347000",
        "1795347000000",
    ],
)
def test_the_usual_ways_to_write_a_time_are_read(written):
    assert moment(written, now=NOON) == EXPECTED


@pytest.mark.parametrize(
    "written",
    [
        None, True, [], {}, "", "now", "2026-11-22", "11:30", "1999-12-31T23:59:59Z", "2027-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", 0, -1, 1, 10**400, 1e300, "9" * 30,
    ],
)  # fmt: skip
def test_what_is_no_time_or_an_absurd_one_is_ignored(written):
    assert moment(written, now=NOON) is None


@given(st.integers() | st.floats(allow_nan=False) | st.text() | st.datetimes(timezones=st.timezones()).map(str))
def test_nothing_makes_it_fail(written):
    found = moment(written, now=NOON)
    assert found is None or found.tzinfo is UTC

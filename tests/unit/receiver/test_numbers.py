"""No number changes on its way into a Dag."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.receiver.reading import event

_DIGITS = st.text("0123456789", min_size=1, max_size=30)
_NUMBERS = st.builds(
    lambda sign, whole, point, exponent: sign + (whole.lstrip("0") or "0") + point + exponent,
    st.sampled_from(["", "-"]),
    _DIGITS,
    st.just("") | _DIGITS.map(".{}".format),
    st.just("") | st.builds("{}{}{}".format, st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), _DIGITS),
)


def read_number(text):
    """Return a number as a Dag gets it, through the JSON that the log keeps."""
    seen = event(b'{"event": "a", "data": {"n": %b}}' % text.encode())
    assert seen.problem is None
    return json.loads(json.dumps(seen.as_dict(), allow_nan=False))["data"]["n"], seen.raw


@pytest.mark.parametrize(
    "text",
    [
        "0", "-0", "7", "9007199254740993", "9223372036854775807", "-9223372036854775808",
        "0.1", "-0.0", "1.10", "1e5", "1E-5", "1.7976931348623157e308", "5e-324", "123456789012345.6", "0e400",
    ],
)  # fmt: skip
def test_what_64_bits_or_a_float_hold_is_a_number(text):
    value, raw = read_number(text)
    assert not isinstance(value, str)
    assert Decimal(str(value)) == Decimal(text)
    assert raw is None


@pytest.mark.parametrize(
    "text",
    [
        "9223372036854775808", "-9223372036854775809", "9" * 5_000, "12345678901234567890.123", "1e400", "-1e400",
        "1e-400", "0.12345678901234567890", "9007199254740993.0", "1e99999999999999999999", "0." + "0" * 500 + "1",
    ],
)  # fmt: skip
def test_what_they_do_not_hold_is_its_text_and_the_body_is_kept(text):
    value, raw = read_number(text)
    assert value == text
    assert raw == b'{"event": "a", "data": {"n": %b}}' % text.encode()


@given(_NUMBERS)
def test_no_number_changes(text):
    value, _ = read_number(text)
    if isinstance(value, str):
        assert value == text
    else:
        assert Decimal(str(value)) == Decimal(text)
        assert isinstance(value, float) or -(2**63) <= value < 2**63


def test_an_id_may_be_larger_than_any_number():
    assert (
        event(b'{"event": "a", "user_id": 123456789012345678901234567890}').user_id == "123456789012345678901234567890"
    )

"""When a signature was made, as it says itself: what keeps an old delivery from being sent again."""

from __future__ import annotations

from datetime import datetime

from airflow_provider_webwork.receiver.proofs.proof import UnprovenError

TOLERANCE = 300
"""Seconds that the clocks of a sender and ours may differ, with the time that a delivery was under way
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md asks for some minutes)."""

_MOST_DIGITS = 13
_MILLISECONDS_FROM = 10**11


def read_stamp(text: bytes) -> float:
    """Return seconds since 1970 from decimal digits, which count milliseconds if they are that many.

    :raises UnprovenError: if the text is not that.
    """
    if not text.isdigit() or len(text) > _MOST_DIGITS:  # of bytes, only ASCII digits are digits
        raise UnprovenError("malformed")
    number = int(text)
    return number / 1000 if number >= _MILLISECONDS_FROM else float(number)


def check_stamp(seconds: float, *, received_at: datetime, tolerance: int) -> None:
    """Refuse a delivery that was signed too long ago, or in the future.

    :param tolerance: seconds on both sides; 0 for any time.
    :raises UnprovenError: if it was.
    """
    age = received_at.timestamp() - seconds
    if tolerance and age > tolerance:
        raise UnprovenError("too_old")
    if tolerance and age < -tolerance:
        raise UnprovenError("too_new")

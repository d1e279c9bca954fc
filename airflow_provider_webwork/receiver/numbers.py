"""Numbers in JSON, none of which may change on its way into a Dag."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

SMALLEST, LARGEST = -(2**63), 2**63 - 1
"""The whole numbers that stay numbers. Airflow hands values from task to task in MessagePack, which has no larger ones
(https://github.com/msgpack/msgpack/blob/master/spec.md#int-format-family).
"""

_LONGEST = 400
"""No number that is longer is a float, short of zeros that say nothing."""


class NumberText(str):
    """A number as it came, because neither 64 bits nor a float hold it exactly."""

    __slots__ = ()


def whole_number(text: str) -> int | NumberText:
    """Read a whole number of JSON."""
    if len(text) < 19:
        return int(text)
    if len(text) <= 20 and SMALLEST <= int(text) <= LARGEST:
        return int(text)
    return NumberText(text)


def decimal_number(text: str) -> float | NumberText:
    """Read a number of JSON that has a point or an exponent."""
    if len(text) > _LONGEST:
        return NumberText(text)
    number = float(text)
    if len(text) <= 16 and "e" not in text and "E" not in text:
        return number  # every float holds 15 digits
    try:
        exact = Decimal(text) == Decimal(repr(number))
    except InvalidOperation:  # an exponent that is beyond all measure
        exact = False
    return number if exact else NumberText(text)

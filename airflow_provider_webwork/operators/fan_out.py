"""One operation, called once for every combination of arguments."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.operators.call_arguments import usable_arguments, usable_each


@dataclass(frozen=True, kw_only=True)
class Call:
    """One of the calls.

    :param arguments: all of its arguments.
    :param chosen: those that other calls have otherwise, as a record can hold them.
    """

    arguments: Mapping[str, object]
    chosen: Mapping[str, JSON]


@dataclass(frozen=True, kw_only=True)
class FanOut:
    """The calls of an operation, the last argument changing fastest.

    :param given: the arguments that are the same in every call.
    :param each: the lists of those that are not.
    """

    given: Mapping[str, object]
    each: Mapping[str, Sequence[object]]

    @classmethod
    def of(cls, *, arguments: object, each: object) -> FanOut:
        """Read what users write down.

        :raises ValueError: naming the argument that is not usable.
        """
        given = usable_arguments(arguments)
        return cls(given=given, each=usable_each(each, arguments=given))

    def __len__(self) -> int:
        """Return the number of calls."""
        return math.prod(map(len, self.each.values()))

    def __iter__(self) -> Iterator[Call]:
        """Yield the calls."""
        for values in product(*self.each.values()):
            chosen = dict(zip(self.each, values, strict=True))
            plain = {name: _plain(value) for name, value in chosen.items()}
            yield Call(arguments={**self.given, **chosen}, chosen=plain)


def _plain(value: object) -> JSON:
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return value if isinstance(value, str | int | float | None) else str(value)

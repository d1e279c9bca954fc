"""What a Dag asks of a consumer: checked, and written in one form, when the Dag file is parsed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from airflow_provider_webwork.events.event import quoted, time_text, zoned
from airflow_provider_webwork.events.match import EventFilter, Match
from airflow_provider_webwork.events.names import checked_name
from airflow_provider_webwork.json_types import JSON

Start: TypeAlias = Literal["now", "beginning"] | datetime
"""A place in the log: behind the newest event, before the oldest, or before what was received from a time on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A consumer as a Dag declares it.

    :param wanted: which events it is given.
    :param start: where it begins if there is none of this name yet.
    """

    consumer: str
    wanted: EventFilter
    start: Start = "now"

    @classmethod
    def of(
        cls,
        consumer: str,
        *,
        types: Iterable[str] | None = None,
        match: Match | None = None,
        start: Start | str = "now",
    ) -> Subscription:
        """Make a subscription from what a user writes down.

        :raises ValueError: if an argument is not usable; the text names it.
        """
        return cls(
            consumer=checked_name(consumer, of="consumer"),
            wanted=EventFilter.of(types=types, match=match),
            start=usable_start(start),
        )

    def to_json(self) -> dict[str, JSON]:
        """Return the arguments of :meth:`of` as strict JSON, the same for all who ask the same of the consumer."""
        wanted = self.wanted.to_json()
        return {
            "consumer": self.consumer,
            "types": wanted["types"] or None,
            "match": wanted["match"] or None,
            "start": time_text(self.start) if isinstance(self.start, datetime) else self.start,
        }


def usable_start(start: object) -> Start:
    """Return where a consumer begins, given as one of the two words, a datetime, or a time as text (ISO 8601).

    :raises ValueError: if it is none of these.
    """
    match start:
        case "now" | "beginning":
            return start
    if (moment := zoned(start)) is not None:
        return moment
    msg = f"start must be 'now', 'beginning' or a datetime with a time zone, not {quoted(start)}."
    raise ValueError(msg)

"""What the reports of both versions sum up: time entries of members over days, so that reports and entries agree."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from airflow_provider_webwork.simulator.data.entries import minutes
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call
from airflow_provider_webwork.simulator.rest.fields import check_order

_LONGEST = 366


@dataclass(frozen=True)
class Worked:
    """What a member did on a day."""

    member: Record
    day: date
    entries: Sequence[Record]

    def minutes(self, call: Call) -> int:
        """Return the minutes of all entries; one that runs still counts up to now."""
        return sum(minutes(entry, now=call.now) for entry in self.entries)


def worked(call: Call, *, since: date, until: date, user_ids: Collection[int] | None = None) -> Iterator[Worked]:
    """Yield the days of members on which there is at least one entry, day by day.

    :param user_ids: the members; ``None`` means all, archived ones included.
    """
    members = [each for each in call.workspace.members.all() if user_ids is None or each["id"] in user_ids]
    for day in days(since, until):
        for member in members:
            entries = call.workspace.entries.on(member["id"], day)
            if entries:
                yield Worked(member, day, entries)


def days(since: date, until: date) -> Iterator[date]:
    """Yield each day, both ends included."""
    for number in range((until - since).days + 1):
        yield since + timedelta(days=number)


def check_range(since: date, until: date, *, longest: int = _LONGEST) -> None:
    """Refuse a range that ends before it begins, or takes too many days.

    :raises RefusedError: 400.
    """
    check_order({"start_date": since, "end_date": until}, "start_date", "end_date")
    if (until - since).days >= longest:
        raise RefusedError(400, f"The range must not be longer than {longest} days.")

"""The trigger of the deferred event sensor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_webwork.events.match import EventFilter, Match


class WebWorkEventTrigger(BaseTrigger):
    """Fire when events are stored that match, after a position in the event log.

    It only reads, so it may run twice or die at any point. It fires once, with ``{"seq", "event_id"}``
    of the last of them and the ``after`` and ``since`` that it was made with; the events stay in the log.

    .. code-block:: python

        WebWorkEventTrigger(types=["tracker.stopped"], match={"user_id": 7}, after=1234)

    :param after: the position behind which it looks, captured on the worker.
    :param types: names of events, exact or with a trailing ``*``; all if not given.
    :param match: dotted paths into the event and the values they must have.
    :param since: pass over events received before this time (ISO 8601 with a time zone).
    :param count: how many events to wait for.
    """

    def __init__(
        self,
        *,
        after: int,
        types: list[str] | None = None,
        match: Match | None = None,
        since: str | None = None,
        count: int = 1,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow gives it no types
        self.after = after
        self.types = types
        self.match = match
        self.since = since
        self.count = count

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and its arguments: plain JSON without secrets."""
        arguments = {
            "after": self.after,
            "types": self.types,
            "match": self.match,
            "since": self.since,
            "count": self.count,
        }
        return f"{__name__}.WebWorkEventTrigger", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for the event and fire once."""
        from airflow_provider_webwork.triggers.shared import shared_log

        wanted = EventFilter.of(types=self.types, match=self.match)
        since = None if self.since is None else datetime.fromisoformat(self.since)
        log = await shared_log()
        event = await log.feed.first(wanted, after=self.after, since=since, count=self.count)
        yield TriggerEvent({"seq": event.seq, "event_id": event.id, "after": self.after, "since": self.since})

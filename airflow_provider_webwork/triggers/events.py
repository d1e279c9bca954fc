"""The trigger of the deferred event sensor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_webwork.events.match import EventFilter, Match


class WebWorkEventTrigger(BaseTrigger):
    """Fire when an event is stored that matches, after a position in the event log.

    It reads and changes nothing, so it may run twice or die at any point. It fires with ``{"seq", "event_id"}``;
    the event itself stays in the log.

    .. code-block:: python

        WebWorkEventTrigger(types=["tracker.stopped"], match={"user_id": 7}, after=1234)

    :param after: the position behind which it looks, captured on the worker.
    :param types: names of events, exact or with a trailing ``*``; all if not given.
    :param match: dotted paths into the event and the values they must have.
    :param since: pass over events received before this time (ISO 8601 with a time zone).
    """

    def __init__(
        self, *, after: int, types: list[str] | None = None, match: Match | None = None, since: str | None = None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow gives it no types
        self.after = after
        self.types = types
        self.match = match
        self.since = since

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and its arguments: plain JSON without secrets."""
        arguments = {"after": self.after, "types": self.types, "match": self.match, "since": self.since}
        return f"{__name__}.WebWorkEventTrigger", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for the event and fire once."""
        import asyncio

        from airflow_provider_webwork.config import settings_from_airflow
        from airflow_provider_webwork.triggers.feed import feed

        # Reading options may run a command (`_CMD`): not on the event loop.
        settings = await asyncio.to_thread(settings_from_airflow)
        wanted = EventFilter.of(types=self.types, match=self.match)
        since = None if self.since is None else datetime.fromisoformat(self.since)
        waiting = feed(settings.log_url, interval=settings.poll_interval, auto_upgrade=settings.auto_upgrade)
        event = await waiting.first(wanted, after=self.after, since=since)
        yield TriggerEvent({"seq": event.seq, "event_id": event.id})

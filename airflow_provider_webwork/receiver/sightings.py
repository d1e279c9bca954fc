"""What a receiver tells the event log about itself and its endpoints, at most once a second."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from airflow_provider_webwork.events.endpoint import Sighting, Tried, Uses
from airflow_provider_webwork.events.observed import MOST_OBSERVED
from airflow_provider_webwork.receiver.outage import Outage

HEARTBEAT = timedelta(seconds=5)
"""How often a receiver with nothing to do says that it is there."""


class Sightings:
    """Counts deliveries and probes in memory and hands them on; what could not be written is kept for the next time.

    :param record: adds sightings to the endpoints; called in a thread.
    :param beat: says that this receiver is there; called in a thread.
    :param every: seconds between two writes.
    """

    def __init__(
        self,
        *,
        record: Callable[[Mapping[str, Sighting]], None],
        beat: Callable[[datetime], None],
        now: Callable[[], datetime],
        every: float = 1.0,
    ) -> None:
        self._record = record
        self._beat = beat
        self._now = now
        self._every = every
        self._seen: defaultdict[str, Sighting] = defaultdict(Sighting)
        self._last_beat: datetime | None = None
        self._outage = Outage("The event log cannot be written")
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def works(self) -> bool:
        """Whether the event log could be written a moment ago."""
        return self._task is not None and not self._outage.lasts

    def delivery(self, endpoint: str, *, at: datetime) -> None:
        """Take note of a delivery that was stored, or had been."""
        seen = self._seen[endpoint]
        seen.deliveries += 1
        seen.last_delivery_at = at

    def tried(self, endpoint: str, tried: Iterable[Tried], *, at: datetime) -> None:
        """Take note of what came of the proofs of a delivery, whether it was let in or not."""
        _add(self._seen[endpoint].tried, dict.fromkeys(tried, Uses(1, at)))

    def probe(self, endpoint: str, *, at: datetime) -> None:
        """Take note of somebody who looked whether the endpoint is there."""
        self._seen[endpoint].last_probe_at = at

    def marked(self, endpoint: str, *, at: datetime) -> None:
        """Take note of a delivery of our own."""
        self._seen[endpoint].last_marked_at = at

    async def start(self) -> None:
        """Say that this receiver is there, and go on doing so."""
        await self._write()
        self._task = asyncio.create_task(self._keep_writing(), name="webwork-sightings")

    async def stop(self) -> None:
        """Write what is left and stop."""
        if self._task is not None:
            self._stopping.set()
            await self._task
            self._task = None

    async def _keep_writing(self) -> None:
        stopping = False
        while not stopping:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    stopping = await self._stopping.wait()
            await self._write()

    async def _write(self) -> None:
        now = self._now()
        beats = self._last_beat is None or now - self._last_beat >= HEARTBEAT
        if not self._seen and not beats:
            return
        seen, self._seen = self._seen, defaultdict(Sighting)
        try:
            if beats:
                await asyncio.to_thread(self._beat, now)
                self._last_beat = now
            if seen:
                await asyncio.to_thread(self._record, seen)
        except Exception as error:  # noqa: BLE001 - whatever broke, the next write may work; giving up would be for good
            self._outage.failed(error)
            for name, later in self._seen.items():
                _go_on(seen[name], later)
            self._seen = seen
        else:
            self._outage.worked()


def _go_on(seen: Sighting, later: Sighting) -> None:
    seen.deliveries += later.deliveries
    seen.last_delivery_at = later.last_delivery_at or seen.last_delivery_at
    seen.last_probe_at = later.last_probe_at or seen.last_probe_at
    seen.last_marked_at = later.last_marked_at or seen.last_marked_at
    _add(seen.tried, later.tried)


def _add(tried: dict[Tried, Uses], later: Mapping[Tried, Uses]) -> None:
    for what, uses in later.items():
        if what in tried:
            tried[what] = Uses(tried[what].times + uses.times, uses.last_at)
        elif len(tried) < MOST_OBSERVED:
            tried[what] = uses

"""Where a delivery goes once it is understood: straight to the event log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from airflow_provider_webwork.events.append import AppendAll, LoopAppender, Place
from airflow_provider_webwork.events.log import Arrival, EventLog, Stored
from airflow_provider_webwork.receiver.metrics import BATCH_SIZE, Meter
from airflow_provider_webwork.receiver.spool import Spooled

Taken: TypeAlias = Stored | Spooled


class Intake(Protocol):
    """Takes arrivals, and tells where they are once they are durable."""

    @property
    def length(self) -> int:
        """How many arrivals wait to be written."""

    @property
    def can_spool(self) -> bool:
        """Whether there is a spool, which took what it was last given."""

    async def take(self, *arrivals: Arrival) -> Sequence[Taken]:
        """Store arrivals that belong together durably, all or none, and tell where each is.

        :raises WebWorkError: if they were stored nowhere.
        """

    async def stop(self) -> None:
        """Store what waits, then stop."""


class DirectIntake:
    """Takes arrivals into the event log; while that is away, none. Must be made in a running event loop.

    :param log: the event log.
    :param capacity: how many arrivals may wait.
    :param meter: told how many were stored at once.
    """

    can_spool = False

    def __init__(self, log: EventLog, *, capacity: int, meter: Meter) -> None:
        self._log = LoopAppender(measured(log.append, "log", meter), capacity=capacity)

    @property
    def length(self) -> int:
        """How many arrivals wait to be written."""
        return self._log.length

    async def take(self, *arrivals: Arrival) -> Sequence[Stored]:
        """Store arrivals in the event log."""
        return await self._log.append(*arrivals)

    async def stop(self) -> None:
        """Store what waits, then stop."""
        await asyncio.to_thread(self._log.close)


def measured(append_all: AppendAll[Place], into: str, meter: Meter) -> AppendAll[Place]:
    """Return the same function, which tells how many arrivals it stored at once, and into what."""

    def append_and_tell(arrivals: Sequence[Arrival]) -> list[Place]:
        places = append_all(arrivals)
        meter.observe(BATCH_SIZE, len(arrivals), into)
        return places

    return append_and_tell

"""What is told of the receiver's work: measures of each delivery, and once a second how things stand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.receiver.answers import Answer
from airflow_provider_webwork.receiver.health import Condition
from airflow_provider_webwork.receiver.metrics import (
    DELIVERIES,
    DELIVERY_SECONDS,
    LOG_AVAILABLE,
    NOBODY,
    QUEUE_LENGTH,
    SPOOL_BYTES,
    SPOOL_SET_ASIDE,
    SPOOL_WAITING,
    Meter,
)
from airflow_provider_webwork.receiver.outage import Outage
from airflow_provider_webwork.receiver.refusals import Refusals
from airflow_provider_webwork.receiver.silence import Silence
from airflow_provider_webwork.receiver.spool import Spool


@dataclass(slots=True)
class Request:
    """What is known of a request that is being answered.

    :param began: when it began to be answered as a delivery; ``None`` if it is something else.
    :param endpoint: the name of its endpoint, once that is found.
    :param proof: how it was authenticated, once that is settled.
    """

    began: float | None = None
    endpoint: str = NOBODY
    proof: str = NOBODY


class Watch:
    """Measures deliveries, logs refusals, and looks once a second at what nobody reports.

    :param condition: tells how the receiver is.
    :param endpoints: returns the endpoints as they were read last.
    :param spool: the spool, if there is one.
    :param meter: told all measures.
    :param now: tells the time.
    :param every: seconds between two looks.
    """

    def __init__(
        self,
        *,
        condition: Callable[[], Condition],
        endpoints: Callable[[], Sequence[Endpoint]],
        spool: Spool | None,
        meter: Meter,
        now: Callable[[], datetime],
        every: float = 1.0,
    ) -> None:
        self._condition = condition
        self._endpoints = endpoints
        self._spool = spool
        self._meter = meter
        self._now = now
        self._every = every
        self._refusals = Refusals(now=now)
        self._silence = Silence(meter)
        self._outage = Outage("How the receiver is doing cannot be told")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to look."""
        self._task = asyncio.create_task(self._keep_looking(), name="webwork-watch")

    async def stop(self) -> None:
        """Stop looking."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def heard(self, endpoint: str, *, at: datetime) -> None:
        """Take note of a delivery to an endpoint that was kept, or had been."""
        self._silence.heard(endpoint, at=at)

    def answered(self, request: Request, given: Answer) -> None:
        """Take note of what a request was answered."""
        if request.began is not None:
            self._meter.add(DELIVERIES, 1, request.endpoint, given.reason, request.proof)
            self._meter.observe(DELIVERY_SECONDS, perf_counter() - request.began)
        if given.status >= 400 and given.reason != "not_ready":
            self._refusals.refused(request.endpoint, status=given.status, reason=given.reason)

    async def look(self) -> None:
        """Tell how things stand."""
        condition = self._condition()
        self._refusals.look()
        if condition.log_works:  # what other receivers heard is not known otherwise
            self._silence.look(self._endpoints(), now=self._now())
        self._meter.set(QUEUE_LENGTH, condition.queue)
        self._meter.set(LOG_AVAILABLE, int(condition.log_works))
        if condition.spool is not None and self._spool is not None:
            self._meter.set(SPOOL_WAITING, condition.spool.waiting)
            self._meter.set(SPOOL_SET_ASIDE, condition.spool.set_aside)
            self._meter.set(SPOOL_BYTES, await asyncio.to_thread(self._spool.used_bytes))

    async def _keep_looking(self) -> None:
        while True:
            try:
                await self.look()
                self._outage.worked()
            except Exception as error:  # noqa: BLE001 - whatever broke, the next look may work; giving up would be for good
                self._outage.failed(error)
            await asyncio.sleep(self._every)

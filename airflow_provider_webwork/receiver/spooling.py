"""Taking deliveries while the event log is away: into the spool, and from there into the log in order of arrival."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress

from airflow_provider_webwork.errors import WebWorkError, WebWorkLogError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.append import LoopAppender, RefusedError
from airflow_provider_webwork.events.log import Arrival, EventLog, Stored
from airflow_provider_webwork.receiver.intake import Taken, measured
from airflow_provider_webwork.receiver.metrics import MOVED, Meter
from airflow_provider_webwork.receiver.outage import Outage
from airflow_provider_webwork.receiver.spool import MOST_IN_PAGE, Spool, Spooled, Waiting

logger = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds that a delivery waits for the event log before it goes to the spool; impatient senders wait for 5."""

AGAIN = 1.0
"""Seconds between two tries to move what is in the spool."""


class SpoolingIntake:
    """Takes arrivals into the event log, or into the spool when that does not answer.

    While something waits in the spool, what arrives goes there, too, behind it. Whatever is moved is removed from the
    spool only after the log has it; who crashes in between moves it again, and the log knows it by the event's id.
    Must be made in a running event loop.

    :param log: the event log.
    :param capacity: how many arrivals may wait for the log, and how many for the spool.
    :param meter: told how many were stored at once, and how many were moved.
    :param patience: seconds that an arrival waits for the log.
    :param again: seconds between two tries to move.
    """

    def __init__(
        self,
        log: EventLog,
        spool: Spool,
        *,
        capacity: int,
        meter: Meter,
        patience: float = PATIENCE,
        again: float = AGAIN,
    ) -> None:
        self._append_once = measured(log.append_once, "log", meter)
        self._spool = spool
        self._meter = meter
        self._patience = patience
        self._again = again
        self._to_log = LoopAppender(measured(log.append, "log", meter), capacity=capacity)
        self._to_spool = LoopAppender(measured(spool.append, "spool", meter), capacity=capacity)
        self._entering = 0
        self._all_in = asyncio.Event()
        self._moment: asyncio.Future[None] | None = None
        self._log_outage = Outage("Deliveries wait in the spool")
        self._spool_outage = Outage("Deliveries cannot be spooled and get 503")
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._keep_moving(), name="webwork-spool")

    @property
    def length(self) -> int:
        """How many arrivals wait to be written."""
        return self._to_log.length + self._to_spool.length

    @property
    def can_spool(self) -> bool:
        """Whether the spool took what it was last given."""
        return not self._spool_outage.lasts

    async def take(self, *arrivals: Arrival) -> Sequence[Taken]:
        """Store arrivals that belong together in the event log, or keep them in the spool.

        :raises WebWorkError: if neither was possible.
        """
        if not await self._others_go_first():
            try:
                return await self._store(arrivals)
            except RefusedError:
                raise  # now and later
            except WebWorkError as error:
                self._log_outage.failed(error)
        return await self._keep(arrivals)

    async def stop(self) -> None:
        """Write what waits to be written, then stop; what is in the spool stays there."""
        self._stopping.set()
        await self._task
        await asyncio.to_thread(self._to_log.close)
        await asyncio.to_thread(self._to_spool.close)

    async def _others_go_first(self) -> bool:
        """Whether something came earlier that is not in the log yet; if that takes but a moment, wait for it."""
        if self._moment is not None:
            await asyncio.wait([self._moment], timeout=self._patience)
        return self._entering > 0 or self._spool.waiting > 0

    async def _store(self, arrivals: Sequence[Arrival]) -> Sequence[Stored]:
        try:
            async with asyncio.timeout(self._patience):
                stored = await self._to_log.append(*arrivals)
        except TimeoutError:
            # The log may still get it; when it is moved there later, the log knows it by the event's id.
            raise WebWorkLogUnavailableError(f"The event log has not answered for {self._patience} s.") from None
        self._log_outage.worked()
        return stored

    async def _keep(self, arrivals: Sequence[Arrival]) -> Sequence[Spooled]:
        self._entering += 1
        try:
            spooled = await self._to_spool.append(*arrivals)
        except WebWorkError as error:
            self._spool_outage.failed(error)
            raise
        finally:
            self._entering -= 1
            if not self._entering:
                self._all_in.set()
        self._spool_outage.worked()
        return spooled

    async def _keep_moving(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._move_all()
            except Exception as error:  # noqa: BLE001 - whatever broke, the next try may work; giving up would be for good
                self._log_outage.failed(error)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._again):
                    await self._stopping.wait()

    async def _move_all(self) -> None:
        moved = 0
        while self._spool.waiting and not self._stopping.is_set():
            # Under a constant load the spool would never be empty, if nobody waited for that at the end.
            at_the_end = moved > 0 and self._spool.waiting <= MOST_IN_PAGE
            async with self._nobody_enters() if at_the_end else nullcontext():
                moved += await asyncio.to_thread(self._move_page)
        if moved:
            logger.info("Moved %s spooled deliveries to the event log", moved)
            self._log_outage.worked()
            self._spool_outage.worked()
            await asyncio.to_thread(self._spool.shrink)

    @asynccontextmanager
    async def _nobody_enters(self) -> AsyncIterator[None]:
        self._moment = asyncio.get_running_loop().create_future()
        try:
            self._all_in.clear()
            if self._entering:
                await self._all_in.wait()
            yield
        finally:
            self._moment.set_result(None)
            self._moment = None

    def _move_page(self) -> int:
        page = self._spool.page()
        refused = self._append(page)
        if len(refused) == len(page) > 1:  # then it is not their fault
            raise WebWorkLogError("The event log refuses whatever is in the spool.")
        for place, event_id in refused.items():
            logger.error("The event log refuses the spooled event %s; it stays in the spool, at %s", event_id, place)
        stored = [waiting.place for waiting in page if waiting.place not in refused]
        self._spool.remove(stored, set_aside=refused)
        self._meter.add(MOVED, len(stored))
        return len(stored)

    def _append(self, page: Sequence[Waiting]) -> dict[int, str]:
        """Store a page, or as much of it as the event log takes, in order; return the places and ids of the rest."""
        try:
            self._append_once([waiting.arrival for waiting in page])
        except WebWorkError:
            raise  # the log as a whole says no
        except Exception:  # noqa: BLE001 - whatever one row does to the database, the others must get through
            if len(page) == 1:
                return {page[0].place: page[0].arrival.event.id}
            middle = len(page) // 2
            return self._append(page[:middle]) | self._append(page[middle:])
        return {}

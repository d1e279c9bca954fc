"""Group commit: many callers, one writer thread, one transaction for all that wait."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeAlias, TypeVar

from airflow_provider_webwork.errors import WebWorkError, WebWorkLogError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.log import Arrival

log = logging.getLogger(__name__)

LARGEST_BATCH = 500
"""From how many arrivals on a transaction takes no further caller; more would only make the first of them wait."""

Place = TypeVar("Place")
"""What tells where an arrival is."""

AppendAll: TypeAlias = Callable[[Sequence[Arrival]], list[Place]]


class RefusedError(WebWorkLogError):
    """The event log takes other events but not this one."""


class Appender(Generic[Place]):
    """Appends for many callers at once, so that one disk sync serves all who wait.

    A caller hears of success only after the commit. A full queue refuses at once. Cancelling a future that
    :meth:`submit` returned has no effect.

    :param append_all: stores arrivals in one transaction; normally :meth:`EventLog.append`.
    :param capacity: how many callers may wait.
    """

    def __init__(self, append_all: AppendAll[Place], *, capacity: int) -> None:
        self._append_all = append_all
        self._waiting: queue.Queue[_Waiting[Place] | None] = queue.Queue()
        self._room = threading.BoundedSemaphore(capacity)
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="webwork-append", daemon=True)
        self._thread.start()

    @property
    def length(self) -> int:
        """How many callers wait to be served; about so many, because others come and go."""
        return self._waiting.qsize()

    def submit(self, *arrivals: Arrival) -> Future[list[Place]]:
        """Queue an arrival, or several that belong together; the future tells where each is once they are on disk.

        Those that belong together are stored all or none.

        What the event log refuses while it takes others, the future tells by a :class:`RefusedError`.

        :raises WebWorkLogUnavailableError: at once if too many wait already, or after :meth:`close`.
        """
        with self._gate:
            # After a fork the child has this object but not its thread.
            if self._closed or not self._thread.is_alive():
                raise WebWorkLogUnavailableError("The event log is being closed. Nothing was stored; try again.")
            if not self._room.acquire(blocking=False):
                raise WebWorkLogUnavailableError("Too many deliveries wait for the event log. Try again in a moment.")
            waiting: _Waiting[Place] = _Waiting(arrivals)
            # Nobody can cancel what runs: an event is stored even if its sender does not wait for the answer.
            waiting.outcome.set_running_or_notify_cancel()
            self._waiting.put(waiting)
        return waiting.outcome

    def close(self) -> None:
        """Store what waits, then stop."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, last = self._all_that_wait(first)
            self._store(batch)
            if last:
                return

    def _all_that_wait(self, first: _Waiting[Place]) -> tuple[list[_Waiting[Place]], bool]:
        batch, arrivals = [first], len(first.arrivals)
        while arrivals < LARGEST_BATCH:
            try:
                waiting = self._waiting.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
            arrivals += len(waiting.arrivals)
        return batch, False

    def _store(self, batch: list[_Waiting[Place]]) -> None:
        try:
            places = iter(self._append_all([arrival for waiting in batch for arrival in waiting.arrivals]))
        except WebWorkError as error:
            self._refuse(batch, error)  # the log as a whole says no; dividing would only ask it again
        except Exception as error:  # noqa: BLE001 - whatever one row does to the database, the others must get through
            self._divide(batch, error)
        else:
            for waiting in batch:
                self._room.release()  # before the answer: who hears it may submit the next one at once
                waiting.outcome.set_result(list(islice(places, len(waiting.arrivals))))

    def _divide(self, batch: list[_Waiting[Place]], error: Exception) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            self._store(batch[:middle])
            self._store(batch[middle:])
            return
        events = ", ".join(arrival.event.id for arrival in batch[0].arrivals)
        log.error("The event log refuses event %s: %s", events, type(error).__name__)
        self._refuse(batch, RefusedError("The event log refuses this event."))

    def _refuse(self, batch: list[_Waiting[Place]], error: WebWorkError) -> None:
        for waiting in batch:
            self._room.release()
            waiting.outcome.set_exception(error)


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Place]):
    arrivals: Sequence[Arrival]
    outcome: Future[list[Place]] = field(default_factory=Future)

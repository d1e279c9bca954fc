"""Group commit: many callers, one writer thread, one transaction for all that wait."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeAlias, TypeVar

from airflow_provider_webwork.errors import WebWorkError, WebWorkLogError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.log import Arrival

log = logging.getLogger(__name__)

LARGEST_BATCH = 500
"""From how many arrivals on a transaction takes no further caller; more would only make the first of them wait."""

PAUSE, PAUSES = 0.001, 5
"""Seconds to wait for callers who are on their way, and how often at most, as long as more come each time."""

ENOUGH = 32
"""How many callers share the cost of a transaction so well that no more are waited for."""

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
        self._capacity = capacity
        self._waiting: deque[_Waiting[Place]] = deque()
        self._unanswered = 0
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="webwork-append", daemon=True)
        self._thread.start()

    @property
    def length(self) -> int:
        """How many callers wait to be served; about so many, because others come and go."""
        return len(self._waiting)

    def submit(self, *arrivals: Arrival) -> Future[list[Place]]:
        """Queue an arrival, or several that belong together; the future tells where each is once they are on disk.

        Those that belong together are stored all or none.

        What the event log refuses while it takes others, the future tells by a :class:`RefusedError`.

        :raises WebWorkLogUnavailableError: at once if too many wait already, or after :meth:`close`.
        """
        outcome: Future[list[Place]] = Future()
        # Nobody can cancel what runs: an event is stored even if its sender does not wait for the answer.
        outcome.set_running_or_notify_cancel()
        self._queue(_Waiting(arrivals, outcome))
        return outcome

    def close(self) -> None:
        """Store what waits, then stop."""
        with self._changed:
            self._closing.set()
            self._changed.notify()
        self._thread.join()

    def _queue(self, waiting: _Waiting[Place]) -> None:
        with self._changed:
            # After a fork the child has this object but not its thread.
            if self._closing.is_set() or not self._thread.is_alive():
                raise WebWorkLogUnavailableError("The event log is being closed. Nothing was stored; try again.")
            if len(self._waiting) + self._unanswered >= self._capacity:
                raise WebWorkLogUnavailableError("Too many deliveries wait for the event log. Try again in a moment.")
            self._waiting.append(waiting)
            if len(self._waiting) == 1:  # otherwise the writer is not asleep
                self._changed.notify()

    def _tell(self, told: Sequence[_Told[Place]]) -> None:
        """Tell callers what became of their arrivals; runs in the thread that writes."""
        _settle(told)

    def _run(self) -> None:
        while batch := self._next_batch():
            self._store(batch)

    def _next_batch(self) -> list[_Waiting[Place]]:
        """Wait for callers, and return all that wait; none if there will be no more."""
        batch: list[_Waiting[Place]] = []
        arrivals = 0
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing.is_set())
        self._wait_for_more()
        with self._changed:
            while self._waiting and arrivals < LARGEST_BATCH:
                batch.append(self._waiting.popleft())
                arrivals += len(batch[-1].arrivals)
            self._unanswered = len(batch)
        return batch

    def _wait_for_more(self) -> None:
        """Give those a moment who come while others do: a transaction costs the same for all who share it.

        Who comes alone waits for nobody.
        """
        waiting = 1
        for _ in range(PAUSES):
            if not waiting < len(self._waiting) < ENOUGH:
                return
            waiting = len(self._waiting)
            self._closing.wait(PAUSE)

    def _store(self, batch: list[_Waiting[Place]]) -> None:
        try:
            places = iter(self._append_all([arrival for waiting in batch for arrival in waiting.arrivals]))
        except WebWorkError as error:
            self._answer(batch, [error] * len(batch))  # the log as a whole says no; dividing would only ask it again
        except Exception as error:  # noqa: BLE001 - whatever one row does to the database, the others must get through
            self._divide(batch, error)
        else:
            self._answer(batch, [list(islice(places, len(waiting.arrivals))) for waiting in batch])

    def _divide(self, batch: list[_Waiting[Place]], error: Exception) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            self._store(batch[:middle])
            self._store(batch[middle:])
            return
        events = ", ".join(arrival.event.id for arrival in batch[0].arrivals)
        log.error("The event log refuses event %s: %s", events, type(error).__name__)
        self._answer(batch, [RefusedError("The event log refuses this event.")])

    def _answer(self, batch: list[_Waiting[Place]], answers: Sequence[_Answer[Place]]) -> None:
        self._unanswered -= len(batch)  # before the answers: who hears one may submit the next arrival at once
        self._tell([(waiting.outcome, answer) for waiting, answer in zip(batch, answers, strict=True)])


class LoopAppender(Appender[Place]):
    """An appender for callers in one event loop, which is woken once for all whom a transaction served.

    Must be made in that loop, while it runs.
    """

    def __init__(self, append_all: AppendAll[Place], *, capacity: int) -> None:
        self._loop = asyncio.get_running_loop()
        super().__init__(append_all, capacity=capacity)

    async def append(self, *arrivals: Arrival) -> list[Place]:
        """Do what :meth:`submit` does, and wait until it is done. Who is cancelled stops waiting, nothing else."""
        outcome: asyncio.Future[list[Place]] = self._loop.create_future()
        self._queue(_Waiting(arrivals, outcome))
        return await outcome

    def _tell(self, told: Sequence[_Told[Place]]) -> None:
        with suppress(RuntimeError):  # the loop is closed: there is nobody to tell, and what is stored is stored
            self._loop.call_soon_threadsafe(_settle, told)


_Outcome: TypeAlias = Future[list[Place]] | asyncio.Future[list[Place]]
_Answer: TypeAlias = list[Place] | WebWorkError
_Told: TypeAlias = tuple[_Outcome[Place], _Answer[Place]]


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Place]):
    arrivals: Sequence[Arrival]
    outcome: _Outcome[Place]


def _settle(told: Sequence[_Told[Place]]) -> None:
    for outcome, answer in told:
        if outcome.done():  # a caller in an event loop that went away
            continue
        if isinstance(answer, WebWorkError):
            outcome.set_exception(answer)
        else:
            outcome.set_result(answer)

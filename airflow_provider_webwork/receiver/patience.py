"""Waiting for many at once, for each only so long."""

from __future__ import annotations

from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable
from typing import Generic, TypeVar

Awaited = TypeVar("Awaited")


class Patience(Generic[Awaited]):
    """Tells who was waited for too long. One timer serves them all, because most come in time and need none.

    :param seconds: how long each is waited for.
    :param late: told who did not come in time; then the waiting for them is over.
    """

    def __init__(self, seconds: float, *, late: Callable[[Awaited], None]) -> None:
        self._seconds = seconds
        self._late = late
        # In the order in which the waiting began, so that only the first ones have to be looked at.
        self._since: dict[Awaited, float] = {}
        self._timer: TimerHandle | None = None

    @property
    def longest(self) -> Awaited | None:
        """Who has been waited for the longest."""
        return next(iter(self._since), None)

    def begin(self, awaited: Awaited, loop: AbstractEventLoop) -> None:
        """Begin to wait for somebody, or go on with it."""
        if awaited not in self._since:
            self._since[awaited] = loop.time()
            if self._timer is None:
                self._timer = loop.call_later(self._seconds, self._look, loop)

    def end(self, awaited: Awaited) -> None:
        """Wait no more."""
        self._since.pop(awaited, None)

    def _look(self, loop: AbstractEventLoop) -> None:
        self._timer = None
        end = loop.time() - self._seconds
        while self._since:
            awaited, since = next(iter(self._since.items()))
            if since > end:
                self._timer = loop.call_later(since - end, self._look, loop)
                return
            self.end(awaited)
            self._late(awaited)

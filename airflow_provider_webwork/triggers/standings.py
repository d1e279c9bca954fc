"""Where consumers stand: one query for all those that the triggers of a process watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextvars import Context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_webwork.events.consumers import Standing

    Read = Callable[[Collection[str]], Mapping[str, Standing]]


class Standings:
    """Tells everybody who asks where a consumer stands, by one query every ``interval`` seconds while somebody does.

    :param read: returns where those of the consumers stand that there are; called in a thread.
    :param interval: seconds between two queries.
    """

    def __init__(self, read: Read, *, interval: float) -> None:
        self._read = read
        self._interval = interval
        self._asked: set[str] = set()
        self._next: asyncio.Task[Mapping[str, Standing]] | None = None
        self._began = float("-inf")

    async def next(self, consumer: str) -> Standing | None:
        """Return where a consumer stands by the next query; ``None`` if there is none of this name.

        :raises WebWorkError: if the log cannot be read.
        """
        if self._next is None:
            # In a context of its own, as the poll of the feed: it is nobody's in particular.
            self._next = asyncio.get_running_loop().create_task(
                self._query(), name="webwork-standings", context=Context()
            )
        self._asked.add(consumer)
        # Shielded: whoever stops asking must not take the answer from the others.
        standings = await asyncio.shield(self._next)
        return standings.get(consumer)

    async def _query(self) -> Mapping[str, Standing]:
        clock = asyncio.get_running_loop().time
        try:
            await asyncio.sleep(max(0.0, self._began + self._interval - clock()))
        finally:
            # Whoever asks from here on is answered by the query after this one.
            self._began, self._next = clock(), None
            asked, self._asked = self._asked, set()
        return await asyncio.to_thread(self._read, asked)

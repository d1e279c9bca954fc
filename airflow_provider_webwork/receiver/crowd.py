"""All connections of a receiver: how many there may be, and how long each may keep it waiting."""

from __future__ import annotations

from asyncio import AbstractEventLoop, TimerHandle, Transport


class Crowd:
    """Knows whose turn it is on each connection, and closes those that do not come to the point.

    :param limit: how many connections there may be. One more takes the place of the one that has kept us waiting for
        longest, so that senders who hold connections open keep out themselves and not those who deliver.
    :param patience: seconds for which a connection may keep us waiting.
    """

    def __init__(self, *, limit: int, patience: float) -> None:
        self._limit = limit
        self._patience = patience
        self._count = 0
        # In the order in which the waiting began, so that only the first ones have to be looked at.
        self._awaited: dict[Transport, float] = {}
        self._timer: TimerHandle | None = None

    def enter(self) -> bool:
        """Count a connection; return whether there is room for it."""
        self._count += 1
        if self._count <= self._limit:
            return True
        longest = next(iter(self._awaited), None)
        if longest is None:
            return False
        self._close(longest)
        return True

    def leave(self, transport: Transport) -> None:
        """Count a connection no more."""
        self._count -= 1
        self.go_ahead(transport)

    def wait_for(self, transport: Transport, loop: AbstractEventLoop) -> None:
        """Begin to wait for what a connection sends; what it sends without an end does not begin it anew."""
        if transport not in self._awaited:
            self._awaited[transport] = loop.time()
            if self._timer is None:
                self._timer = loop.call_later(self._patience, self._close_late, loop)

    def go_ahead(self, transport: Transport) -> None:
        """Stop waiting: the connection has said what it wants, or is closed."""
        self._awaited.pop(transport, None)

    def _close_late(self, loop: AbstractEventLoop) -> None:
        self._timer = None
        end = loop.time() - self._patience
        while self._awaited:
            transport, since = next(iter(self._awaited.items()))
            if since > end:
                self._timer = loop.call_later(since - end, self._close_late, loop)
                return
            self._close(transport)

    def _close(self, transport: Transport) -> None:
        self.go_ahead(transport)
        # Not close(), which waits for the other side to read what was said before.
        transport.abort()

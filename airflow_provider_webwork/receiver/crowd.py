"""All connections of a receiver: how many there may be, and how long each may keep it waiting."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Transport

from airflow_provider_webwork.receiver.patience import Patience


class Crowd:
    """Knows whose turn it is on each connection, and closes those that do not come to the point.

    :param limit: how many connections there may be. One more takes the place of the one that has kept us waiting for
        longest, so that senders who hold connections open keep out themselves and not those who deliver.
    :param patience: seconds for which a connection may keep us waiting.
    """

    def __init__(self, *, limit: int, patience: float) -> None:
        self._limit = limit
        self._awaited: Patience[Transport] = Patience(patience, late=_close)
        self._count = 0

    def enter(self) -> bool:
        """Count a connection; return whether there is room for it."""
        self._count += 1
        if self._count <= self._limit:
            return True
        longest = self._awaited.longest
        if longest is None:
            return False
        self.go_ahead(longest)
        _close(longest)
        return True

    def leave(self, transport: Transport) -> None:
        """Count a connection no more."""
        self._count -= 1
        self.go_ahead(transport)

    def wait_for(self, transport: Transport, loop: AbstractEventLoop) -> None:
        """Begin to wait for what a connection sends; what it sends without an end does not begin it anew."""
        self._awaited.begin(transport, loop)

    def go_ahead(self, transport: Transport) -> None:
        """Stop waiting: the connection has said what it wants, or is closed."""
        self._awaited.end(transport)


def _close(transport: Transport) -> None:
    # Not close(), which waits for the other side to read what was said before.
    transport.abort()

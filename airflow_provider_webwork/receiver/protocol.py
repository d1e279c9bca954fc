"""uvicorn's HTTP protocols with a deadline for those who send slowly and a limit for those who send headers for ever.

uvicorn closes idle connections, but half a request keeps one open for ever, and so does a byte now and then. On
httptools it keeps whatever comes before the end of the headers: gigabytes within a few seconds.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

HEADER_SECONDS = 10.0
"""How long a connection may take to say what it wants, from its beginning or from the last answer."""

MOST_HEADER_BYTES = 65_536
"""How much a request may be besides its body; h11 has the same limit of its own."""

if TYPE_CHECKING:
    # The protocol on h11 has the same methods.
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Protocol
else:
    Protocol = object


def protocol_class(header_seconds: float = HEADER_SECONDS) -> type[asyncio.Protocol]:
    """Return the protocol to run uvicorn with: on httptools if that is installed, else on h11."""
    return type("BoundedProtocol", (HeaderDeadline, *_fastest()), {"header_seconds": header_seconds})


class HeaderDeadline(Protocol):
    """Closes connections whose sender does not come to the point.

    While a request is being answered the application is in charge, which has a deadline for the body. At any other
    time it is the sender's turn: to send the headers of a request, or first the rest of a body that nobody wants.
    """

    header_seconds = HEADER_SECONDS
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Start to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came, which may have been the rest of some headers."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Start to wait for the next request."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _watch(self) -> None:
        being_answered = self.cycle is not None and not self.cycle.response_complete
        if being_answered or self.transport.is_closing():
            self._stop_waiting()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.header_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class HeaderLimit(Protocol):
    """Closes connections that send more and more without getting to the end of the headers, or of the trailers."""

    _unfinished = 0

    def data_received(self, data: bytes) -> None:
        """Take what came, and count it for as long as nothing comes to its end with it."""
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > MOST_HEADER_BYTES:
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Begin to count anew: the headers are over."""
        self._unfinished = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Begin to count anew: a body has its own limit."""
        self._unfinished = 0
        super().on_body(body)


def _fastest() -> tuple[type[asyncio.Protocol], ...]:
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        from uvicorn.protocols.http.h11_impl import H11Protocol

        return (H11Protocol,)
    return (HeaderLimit, HttpToolsProtocol)

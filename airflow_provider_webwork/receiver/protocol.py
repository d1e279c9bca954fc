"""uvicorn's HTTP protocols with deadlines and limits for those who send slowly, without an end, or too much at once.

uvicorn closes idle connections, but half a request keeps one open for ever, and so does a byte now and then, or an
answer that nobody reads. On httptools it keeps whatever comes before the end of the headers, gigabytes within a few
seconds, and takes as many requests at once as a packet holds.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from airflow_provider_webwork.receiver.crowd import Crowd

MOST_HEADER_BYTES = 65_536
"""How much a request may be besides its body; h11 has the same limit of its own."""

MOST_PIPELINED = 16
"""How many requests may follow one that is not answered yet; senders of webhooks send none."""

FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
"""What a connection hears that there is no room for."""

if TYPE_CHECKING:
    # The protocol on h11 has the same methods.
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Protocol
else:
    Protocol = object


def protocol_class(*, connections: int, header_seconds: float) -> type[asyncio.Protocol]:
    """Return the protocol to run uvicorn with: on httptools if that is installed, else on h11.

    :param connections: how many there may be at once.
    :param header_seconds: how long a connection may take to say what it wants, from its beginning or from the last
        answer.
    """
    crowd = Crowd(limit=connections, patience=header_seconds)
    return type("BoundedProtocol", (Deadlines, *_fastest()), {"crowd": crowd})


class TooManyRequestsError(Exception):
    """A connection sends more requests at once than anybody needs to."""


class Deadlines(Protocol):
    """Closes connections whose sender does not come to the point, or does not listen.

    While a request is being answered the application is in charge, which has a deadline for the body. At any other
    time it is the sender's turn: to send the headers of a request, or first the rest of a body that nobody wants.
    """

    crowd: Crowd
    _admitted = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Start to wait for the first request."""
        super().connection_made(transport)
        self._admitted = self.crowd.enter()
        self.crowd.wait_for(transport, self.loop)

    def data_received(self, data: bytes) -> None:
        """Take what came, which may have been the rest of some headers."""
        if not self._admitted:
            # Not before it has said something: closing a connection with unread bytes would make the answer unheard.
            self.transport.write(FULL)
            self.transport.close()
            return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Start to wait for the next request."""
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        """Close the connection: so many of our short answers wait to be read only if the sender does not listen."""
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self.crowd.leave(self.transport)
        super().connection_lost(exc)

    def _watch(self) -> None:
        being_answered = self.cycle is not None and not self.cycle.response_complete
        if being_answered and not self.transport.is_closing():
            self.crowd.go_ahead(self.transport)
        else:
            # Also for a connection that is being closed, which lasts until the other side has read what was said.
            self.crowd.wait_for(self.transport, self.loop)


class Limits(Protocol):
    """Closes connections that send more and more without getting to an end, or more requests than are answered."""

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
        if len(self.pipeline) >= MOST_PIPELINED:
            raise TooManyRequestsError  # the parser stops at once, and uvicorn answers 400 and closes
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
    return (Limits, HttpToolsProtocol)

"""The head of an answer, its status and headers, with a time limit for the whole of it."""

from __future__ import annotations

import http.client
import io
import math
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from _typeshed import WriteableBuffer

ANSWER_SHARE = 4
"""How many times the read timeout an answer may take to arrive whole. The read timeout alone never ends an answer that
trickles, because each byte begins it anew."""


class SlowAnswerError(requests.Timeout, TimeoutError):
    """An answer began and did not end in time."""


class TimedHead(http.client.HTTPResponse):
    """An answer whose head, once it began, ends within :data:`ANSWER_SHARE` times the timeout of its socket.

    What follows the head is read as slowly as its reader likes.

    :param sock: from which it comes.
    :param monotonic: seconds on a clock that never goes back.
    """

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(sock, debuglevel, method)
        self._portions = _Portions(self.fp.detach(), seconds=sock.gettimeout(), monotonic=monotonic)
        self.fp = io.BufferedReader(self._portions)

    def begin(self) -> None:
        """Read the head.

        :raises SlowAnswerError: if it does not end in time.
        """
        super().begin()
        self._portions.deadline = math.inf


class _Portions(io.RawIOBase):
    """What a socket sends, until a deadline that begins to run with the first bytes.

    :param seconds: the timeout of the socket, ``None`` for none.
    """

    def __init__(self, source: io.RawIOBase, *, seconds: float | None, monotonic: Callable[[], float]) -> None:
        super().__init__()
        self.deadline: float | None = math.inf if seconds is None else None
        self._share = ANSWER_SHARE * (seconds or 0.0)
        self._source = source
        self._monotonic = monotonic

    def readable(self) -> bool:
        """Say so."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Read the next portion.

        :raises SlowAnswerError: after the deadline.
        """
        if self.deadline is None:
            self.deadline = self._monotonic() + self._share
        elif self._monotonic() > self.deadline:
            raise SlowAnswerError
        return self._source.readinto(buffer)

    def close(self) -> None:
        """Close the source."""
        self._source.close()
        super().close()

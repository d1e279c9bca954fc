"""Reading the body of a delivery, within limits."""

from __future__ import annotations

import asyncio

from airflow_provider_webwork.receiver.answers import Answer, answer, unavailable
from airflow_provider_webwork.receiver.asgi import Receive, Scope, header
from airflow_provider_webwork.receiver.patience import Patience

TOO_LARGE = answer(413, {"error": "The body is too large."}, reason="too_large")
# Who is slow once would be slow again: the connection is not kept.
TOO_SLOW = answer(408, {"error": "The body took too long."}, reason="too_slow", headers={"Connection": "close"})
NO_ROOM = unavailable("no_room", retry_after=2)
HUNG_UP = answer(400, {"error": "The body is not complete."}, reason="hung_up", headers={"Connection": "close"})


class UploadError(Exception):
    """A body could not be read.

    :param answer: what to tell the sender.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.reason)
        self.answer = answer


def refuse_announced(scope: Scope, *, limit: int) -> None:
    """Refuse a body that says itself that it is too large, before a byte of it is read.

    :raises UploadError: if it is.
    """
    length = header(scope["headers"], b"content-length")
    if length.isdecimal() and (len(length) > 18 or int(length) > limit):
        raise UploadError(TOO_LARGE)


class Uploads:
    """Reads bodies; their bytes are counted as they come, so that no sender gets around a limit.

    :param largest: the bytes of the largest body.
    :param seconds: how long all of a body may take.
    :param room: how many bytes all bodies may have that are being read or not done with.
    """

    def __init__(self, *, largest: int, seconds: float, room: int) -> None:
        self._largest = largest
        self._patience: Patience[asyncio.Timeout] = Patience(seconds, late=_interrupt)
        self._room = max(room, largest)

    async def read(self, receive: Receive) -> bytes:
        """Return the body of a request. It takes up room until :meth:`done`.

        :raises UploadError: if it is too large or too slow, the sender hung up, or there is no room.
        """
        body = bytearray()
        deadline = asyncio.timeout(None)
        self._patience.begin(deadline, asyncio.get_running_loop())
        try:
            async with deadline:
                while await self._read_on(receive, body):
                    pass
        except TimeoutError:
            self.done(body)
            raise UploadError(TOO_SLOW) from None
        except BaseException:
            self.done(body)
            raise
        finally:
            self._patience.end(deadline)
        return bytes(body)

    def done(self, body: bytes | bytearray) -> None:
        """Make room for others."""
        self._room += len(body)

    async def _read_on(self, receive: Receive, body: bytearray) -> bool:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise UploadError(HUNG_UP)
        part = message.get("body", b"")
        if len(body) + len(part) > self._largest:
            raise UploadError(TOO_LARGE)
        if len(part) > self._room:
            raise UploadError(NO_ROOM)
        body += part
        self._room -= len(part)
        return bool(message.get("more_body", False))


def _interrupt(deadline: asyncio.Timeout) -> None:
    deadline.reschedule(asyncio.get_running_loop().time())

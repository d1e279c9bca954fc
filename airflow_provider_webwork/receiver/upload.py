"""Reading the body of a delivery, within limits."""

from __future__ import annotations

import asyncio

from airflow_provider_webwork.receiver.answers import Answer, answer
from airflow_provider_webwork.receiver.asgi import Receive, Scope, header

TOO_LARGE = answer(413, {"error": "The body is too large."}, reason="too_large")
# Who is slow once would be slow again: the connection is not kept.
TOO_SLOW = answer(408, {"error": "The body took too long."}, reason="too_slow", headers={"Connection": "close"})
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


async def read_body(receive: Receive, *, limit: int, seconds: float) -> bytes:
    """Return the body of a request; bytes are counted as they come, so that no sender gets around the limit.

    :param seconds: how long all of it may take.
    :raises UploadError: if it is too large, too slow, or the sender hung up.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise UploadError(HUNG_UP)
                body += message.get("body", b"")
                if len(body) > limit:
                    raise UploadError(TOO_LARGE)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise UploadError(TOO_SLOW) from None

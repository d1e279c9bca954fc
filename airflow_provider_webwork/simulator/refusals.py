"""The one way in which anything here says no to a call."""

from __future__ import annotations


class RefusedError(ValueError):
    """WebWork would say no to this call.

    :param status: the HTTP status of the answer of API v2; API v1 answers 200 to everything.
    :param message: what is wrong.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

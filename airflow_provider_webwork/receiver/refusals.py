"""The log of what was refused: each reason is told, and nobody can fill a disk with it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

log = logging.getLogger(__name__)

MOST = 10
WITHIN = timedelta(minutes=1)
"""How many lines there are for one endpoint and one reason in which time; the rest is told as a number."""


@dataclass(slots=True)
class _Recent:
    since: datetime
    status: int
    count: int = 0


class Refusals:
    """Logs refused requests, the first ones singly and what comes in the same minute as a number.

    :param now: tells the time.
    """

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._recent: dict[tuple[str, str], _Recent] = {}

    def refused(self, endpoint: str, *, status: int, reason: str) -> None:
        """Log a refusal.

        :param endpoint: the name of an endpoint, or what stands for none; never what a sender chose.
        :param reason: the code that says why.
        """
        recent = self._recent.setdefault((endpoint, reason), _Recent(self._now(), status))
        recent.count += 1
        if recent.count <= MOST:
            _tell("Refused a request", endpoint, status, reason)

    def look(self) -> None:
        """Tell how many were refused in the minutes that are over."""
        now = self._now()
        for (endpoint, reason), recent in list(self._recent.items()):
            if now - recent.since >= WITHIN:
                del self._recent[endpoint, reason]
                if recent.count > MOST:
                    _tell(f"Refused {recent.count - MOST} more requests", endpoint, recent.status, reason)


def _tell(what: str, endpoint: str, status: int, reason: str) -> None:
    extra = {"endpoint": endpoint, "reason": reason, "status": status}
    log.warning("%s: %s %s, endpoint %s", what, status, reason, endpoint, extra=extra)

"""How many requests a member may make: 60 a minute, says WebWork, and nothing about the window or the refusal."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

Window = Literal["fixed", "sliding"]


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """The limit of each member, whatever the token (vendor page "Introduction" of API v2).

    Made up, after the usual throttle of the framework that WebWork's pages remind of: the window, the header names,
    and that a refusal is a 429 which does not count.

    :param requests: requests that are answered in one window.
    :param seconds: the length of the window; a shorter one makes time pass faster.
    :param window: ``fixed`` begins with the first request after the last window; ``sliding`` always ends now.
    :param headers: whether answers say what is left of the budget, and refusals when to come back.
    :param v1: whether API v1 has the limit too, and shares the budget; WebWork documents none for it.
    """

    requests: int = 60
    seconds: float = 60.0
    window: Window = "fixed"
    headers: bool = True
    v1: bool = False

    def __post_init__(self) -> None:
        """Check the values.

        :raises ValueError: if a choice does not exist or a number makes no sense.
        """
        if self.window not in get_args(Window):
            raise ValueError(f"window must be one of {', '.join(get_args(Window))}; not {self.window!r}.")
        if self.requests < 1 or self.seconds <= 0:
            raise ValueError("requests must be at least 1 and seconds must be positive.")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the limit says of one request."""

    allowed: bool
    headers: Mapping[str, str]


class Meter:
    """Counts the requests of each member against a limit.

    :param limit: the limit; ``None`` allows everything.
    """

    def __init__(self, limit: RateLimit | None) -> None:
        self._limit = limit
        self._counted: dict[int, deque[datetime]] = {}

    def count(self, user_id: int, *, at: datetime, version: Literal["v1", "v2"]) -> Verdict:
        """Count a request, unless the limit refuses it."""
        limit = self._limit
        if limit is None or (version == "v1" and not limit.v1):
            return Verdict(allowed=True, headers={})
        counted = self._counted.setdefault(user_id, deque())
        length = timedelta(seconds=limit.seconds)
        if limit.window == "fixed" and counted and at - counted[0] >= length:
            counted.clear()
        while counted and at - counted[0] >= length:
            counted.popleft()
        allowed = len(counted) < limit.requests
        if allowed:
            counted.append(at)
        return Verdict(allowed=allowed, headers=_headers(limit, counted, at=at, allowed=allowed))

    def forget(self) -> None:
        """Give everybody the whole budget again."""
        self._counted.clear()


def _headers(limit: RateLimit, counted: deque[datetime], *, at: datetime, allowed: bool) -> dict[str, str]:
    if not limit.headers:
        return {}
    headers = {
        "X-RateLimit-Limit": str(limit.requests),
        "X-RateLimit-Remaining": str(limit.requests - len(counted)),
    }
    if not allowed:
        again = counted[0] + timedelta(seconds=limit.seconds)
        headers["Retry-After"] = str(math.ceil((again - at).total_seconds()))
        headers["X-RateLimit-Reset"] = str(math.ceil(again.timestamp()))
    return headers

"""Requests that go no faster than WebWork takes them, and what its answers say about that."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from airflow_provider_webwork.budget import Booking, made_by_others, next_moment, pausing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_webwork.api.retries import Answered
    from airflow_provider_webwork.api.waiting import Clock
    from airflow_provider_webwork.budget import Budget, Rate

log = logging.getLogger(__name__)

_TOLD = 5.0
"""From how many seconds on a wait is told to the person who reads the log."""

_EPOCH_BEGINS = 1_000_000_000.0
"""From here on a reset is a time and not a number of seconds."""


class ProcessBudget:
    """The budget of everybody in this process.

    :param monotonic: seconds on a clock that never goes back.
    """

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._taken: dict[str, list[float]] = {}

    def book(self, account: str, rate: Rate) -> Booking:
        """Take the next moment at which a request of an account may go."""
        with self._lock:
            now = self._monotonic()
            taken = [moment for moment in self._taken.get(account, ()) if moment > now - rate.window]
            moment = next_moment(taken, now=now, rate=rate)
            self._taken[account] = [*taken, moment]
            return Booking(wait=moment - now, left=max(0, rate.requests - len(taken) - 1))

    def lower(self, account: str, rate: Rate, *, left: int) -> None:
        """Let no more than ``left`` requests of an account go now."""
        with self._lock:
            taken = self._taken.setdefault(account, [])
            taken += made_by_others(taken, now=self._monotonic(), rate=rate, left=left)

    def pause(self, account: str, rate: Rate, *, seconds: float) -> None:
        """Let no request of an account go for some seconds."""
        with self._lock:
            taken = self._taken.setdefault(account, [])
            taken += pausing(taken, now=self._monotonic(), rate=rate, seconds=seconds)


class Pacer:
    """Waits before each request until the budget has room for it.

    :param budget: counts the requests, also those of others.
    :param account: whose requests these are.
    :param rate: how many may go.
    :param clock: time.
    """

    def __init__(self, budget: Budget, *, account: str, rate: Rate, clock: Clock) -> None:
        self._budget = budget
        self._account = account
        self._rate = rate
        self._clock = clock
        self._left = 0

    def wait(self) -> None:
        """Wait until a request may go."""
        while True:
            booking = self._budget.book(self._account, self._rate)
            self._left = booking.left
            if booking.wait < 0.001:
                return
            due = self._clock.monotonic() + booking.wait
            level = logging.INFO if booking.wait >= _TOLD else logging.DEBUG
            text = "The budget of %d requests in %g s is used up; the next one goes in %.1f s"
            log.log(level, text, self._rate.requests, self._rate.seconds, booking.wait)
            self._clock.sleep(booking.wait)
            # A machine that was asleep or overloaded missed its moment, and later ones are booked on it.
            if self._clock.monotonic() - due < (self._rate.window - self._rate.seconds) / 2:
                return

    def heed(self, answered: Answered, headers: Mapping[str, str]) -> None:
        """Lower the budget to what an answer says of it: somebody else may use the same token.

        WebWork says that its answers tell the state of the limit (https://api-docs.webwork-tracker.com/v2) and names
        no header. These are the usual ones.

        :param answered: what matters of the answer.
        :param headers: its headers, found in any case.
        """
        left, reset = _number(headers, "RateLimit-Remaining"), self._reset(headers)
        if answered.status == 429:
            waits = (answered.retry_after, reset, self._rate.seconds)
            self._pause(next(seconds for seconds in waits if seconds is not None))
        elif left == 0 and reset is not None:
            self._pause(reset)
        elif left is not None and left < self._left:
            self._budget.lower(self._account, self._rate, left=int(left))

    def _pause(self, seconds: float) -> None:
        self._budget.pause(self._account, self._rate, seconds=seconds)

    def _reset(self, headers: Mapping[str, str]) -> float | None:
        """Return in how many seconds the budget is whole again: some servers say when, others in how long."""
        reset = _number(headers, "RateLimit-Reset")
        if reset is None or reset < _EPOCH_BEGINS:
            return reset
        return max(0.0, reset - self._clock.now().timestamp())


def _number(headers: Mapping[str, str], name: str) -> float | None:
    text = (headers.get(f"X-{name}") or headers.get(name) or "").strip()
    return float(text[:12]) if text.isascii() and text.isdigit() else None

"""How many requests may go to WebWork in a while, and when the next one goes. Pure arithmetic on moments in seconds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

SPARE = 1 / 30
"""The part by which we take a window for longer than WebWork says: requests do not all travel equally fast.

60 requests then go in 62 seconds, 96.8 % of what is allowed; one may be two seconds longer on its way than another.
"""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How many requests WebWork takes from a user in any such time.

    60 a minute is what WebWork documents (https://api-docs.webwork-tracker.com/v2); whether its minute slides is not.

    :param requests: how many.
    :param seconds: in how many seconds.
    """

    requests: int = 60
    seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.requests < 1 or self.seconds <= 0:
            raise ValueError("requests must be at least 1 and seconds must be positive.")

    @property
    def window(self) -> float:
        """The seconds in which we send so many."""
        return self.seconds * (1 + SPARE)


@dataclass(frozen=True, kw_only=True)
class Booking:
    """The moment at which a request may go.

    :param wait: seconds until then.
    :param left: how many more could go now.
    """

    wait: float
    left: int


class Budget(Protocol):
    """Counts requests for everybody who shares it."""

    def book(self, account: str, rate: Rate) -> Booking:
        """Take the next moment at which a request of an account may go."""

    def lower(self, account: str, rate: Rate, *, left: int) -> None:
        """Let no more than ``left`` requests of an account go now: others use up what WebWork gives it."""

    def pause(self, account: str, rate: Rate, *, seconds: float) -> None:
        """Let no request of an account go for some seconds."""


def next_moment(taken: Collection[float], *, now: float, rate: Rate) -> float:
    """Return when the next request may go, so that no window of any alignment holds more than the rate allows.

    :param taken: when the requests of the last window went, and those go that are booked.
    """
    recent = sorted(moment for moment in taken if moment > now - rate.window)
    return now if len(recent) < rate.requests else recent[-rate.requests] + rate.window


def made_by_others(taken: Collection[float], *, now: float, rate: Rate, left: int) -> list[float]:
    """Return what to add to the moments taken, so that no more than ``left`` are free.

    When the others sent what is missing is not known; so it counts for a whole window from now on.

    :param taken: when the requests of the last window went, and those go that are booked.
    """
    recent = sum(moment > now - rate.window for moment in taken)
    return [now] * max(0, rate.requests - recent - left)


def pausing(taken: Collection[float], *, now: float, rate: Rate, seconds: float) -> list[float]:
    """Return what to add to the moments taken, so that none is free for some seconds, at most for a window.

    :param taken: when the requests of the last window went, and those go that are booked.
    """
    passing = now + min(seconds, rate.window) - rate.window
    lasting = sum(moment > passing for moment in taken)
    return [passing] * max(0, rate.requests - lasting)

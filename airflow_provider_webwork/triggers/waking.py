"""When to wake those who claim from a consumer: as long as events wait for it, and not more often than it helps."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

FIRST_PAUSE = 60.0
LONGEST_PAUSE = 900.0
"""Seconds between two wake-ups while nothing moves: from a minute, doubling, to a quarter of an hour."""

UNHEARD = 3
"""After how many wake-ups without a claim it is worth a warning."""


@dataclass(slots=True)
class Waking:
    """Decides whether to wake now. No signal is trusted to arrive: what counts is that events wait.

    :param unheard: how many wake-ups there were since somebody claimed.
    """

    unheard: int = 0
    _mark: Hashable = None
    _again_at: float = 0.0

    def is_due(self, *, behind: bool, mark: Hashable, now: float) -> bool:
        """Whether to wake now; if so, that is taken as done.

        :param behind: whether events are known to wait.
        :param mark: another one whenever somebody claimed, or moved the consumer by hand.
        :param now: seconds on a clock that never goes back.
        """
        if not behind:
            return False
        if mark != self._mark:  # somebody claimed and left some, or nobody was woken yet
            self.unheard = 0
        elif now < self._again_at:
            return False
        self._mark = mark
        self._again_at = now + min(FIRST_PAUSE * 2**self.unheard, LONGEST_PAUSE)
        self.unheard += 1
        return True

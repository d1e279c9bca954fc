"""What a check finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from airflow_provider_webwork.json_types import JSON

Verdict = Literal["good", "warning", "wrong", "skipped", "fixed"]
"""``warning`` works but wants a look; ``skipped`` could not be looked at; ``fixed`` was wrong a moment ago."""

Repair = Callable[[], str]
"""Mends what was found, and returns a sentence that says what it did."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the doctor; it holds no secret.

    :param check: the name of the check.
    :param text: what was found.
    :param remedy: what to do about it: a command, or a sentence; ``None`` if the text says it.
    :param repair: mends it, if that is safe.
    """

    check: str = ""
    verdict: Verdict
    text: str
    remedy: str | None = None
    repair: Repair | None = field(default=None, repr=False, compare=False)

    def as_dict(self) -> dict[str, JSON]:
        """Return the finding as programs read it."""
        return {"check": self.check, "verdict": self.verdict, "text": self.text, "remedy": self.remedy}


def counted(number: int, one: str, more: str | None = None) -> str:
    """Return a number with its noun, such as ``1 batch`` or ``2 batches``."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def good(text: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(verdict="good", text=text)


def warning(text: str, remedy: str, *, repair: Repair | None = None) -> Finding:
    """Say that something works but wants a look."""
    return Finding(verdict="warning", text=text, remedy=remedy, repair=repair)


def wrong(text: str, remedy: str | None = None, *, repair: Repair | None = None) -> Finding:
    """Say that something does not work."""
    return Finding(verdict="wrong", text=text, remedy=remedy, repair=repair)


def skipped(text: str, remedy: str | None = None) -> Finding:
    """Say that something could not be looked at, and why."""
    return Finding(verdict="skipped", text=text, remedy=remedy)

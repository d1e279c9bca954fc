"""Figures: what was measured, beside what, and what it should be."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROUNDS = 7
"""How often two things are measured in turn; the median of their ratios is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A line of the table.

    :param value: what was measured, with its unit.
    :param beside: what it was compared with, in the same run.
    :param ratio: the first to the second, or nothing if there is nothing to compare.
    :param goal: what it should be.
    :param met: whether it is.
    """

    database: str
    subject: str
    value: str
    beside: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the line."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return (self.database, self.subject, self.value, self.beside, ratio, self.goal, verdict(met=self.met))


HEADINGS = ("database", "what", "figure", "beside", "ratio", "goal", "met")


def verdict(*, met: bool | None) -> str:
    """Say whether a goal is met, or nothing if there is none."""
    return {None: "", True: "yes", False: "**no**"}[met]


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return lines as a Markdown table, which is aligned for reading as text too."""
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    texts.insert(1, " | ".join("-" * width for width in widths))
    return "".join(f"| {text} |\n" for text in texts)


def in_turn(*measures: Callable[[], float], rounds: int = ROUNDS) -> list[list[float]]:
    """Measure several things in turn, so that whatever else the machine does hits all of them alike.

    :returns: for each of them its results, one of each round.
    """
    results = [tuple(measure() for measure in measures) for _ in range(rounds)]
    return [list(column) for column in zip(*results, strict=True)]


def ratio(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the median of the ratios of each round."""
    return statistics.median(one / other for one, other in zip(first, second, strict=True))


def hardware() -> str:
    """Describe the machine and how busy it was, as far as Linux tells."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = names[0].partition(":")[2].strip() if names else platform.processor()
    busy, _, _ = os.getloadavg()
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores of {name}, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, load average {busy:.1f}"
    )

"""Deferred sensors by the thousand on one triggerer, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.figures import table, verdict
from tests.server.full_triggerer import Blocked, Found, blocked_by_airflow, measured

HEADINGS = ("what", "figure", "goal", "met")


def figures(count: int) -> str:
    """Measure and return the table."""
    return table(HEADINGS, list(_lines(count, measured(count), blocked_by_airflow(count))))


def _lines(count: int, found: Found, by_airflow: Blocked) -> Iterator[tuple[str, ...]]:
    yield (f"{count:,} sensors wait after", f"{found.loaded:.0f} s", "", "")
    yield ("queries of the event log", f"{found.queries:.1f} a second", "<= 2", verdict(met=found.queries <= 2))
    longest = max(found.late)
    yield ("event loop late", f"p99 {found.p99 * 1000:.0f} ms, at most {longest * 1000:.0f} ms", "", "")
    warnings = "Airflow's warnings of a blocked event loop"
    for when, ours, others in zip(("while it starts them", "after it"), found.blocked, by_airflow, strict=True):
        yield (f"{warnings}, {when}", f"{ours}; {others} of triggers that only wait", "0", verdict(met=ours == 0))
    yield ("memory of the triggerer's processes", " and ".join(f"{each:.0f} MB" for each in found.memory), "", "")
    right = found.woken == found.awaited
    woken = f"{len(found.woken & found.awaited)} of {len(found.awaited)}, {len(found.woken - found.awaited)} others"
    yield (f"woken within {found.woken_in:.1f} s", woken, "the right ones", verdict(met=right))

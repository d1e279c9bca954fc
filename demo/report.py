"""The report at the end: what happened, when, and how long after the delivery."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from demo.story import Outcome


def show(outcome: Outcome, console: Console) -> None:
    """Print the report."""
    table = Table("What happened", "When (UTC)", "After the delivery", title="The demo in short")
    table.columns[2].justify = "right"
    for happening in outcome.happenings:
        since = outcome.seconds_after(happening.at)
        table.add_row(happening.what, f"{happening.at:%H:%M:%S.%f}"[:-3], f"{since:+.1f} s")
    console.print(table)
    resumed, ran = outcome.seconds_after(outcome.resumed_at), outcome.seconds_after(outcome.next_at)
    for line in (
        f"From the delivery to the resumed task: {resumed:.1f} s; to the next task: {ran:.1f} s",
        f"Action of the webhook: {outcome.action}",
        f"Events in the log: {outcome.events}",
        f"The next task logged: {outcome.log_line}",
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)

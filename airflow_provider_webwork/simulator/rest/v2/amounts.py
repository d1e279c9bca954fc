"""What tracked time costs, for callers who may see rates."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_webwork.simulator.data.entries import minutes
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.rest.call import Call

CURRENCY = "USD"


def amount_of(call: Call, entries: Iterable[Record]) -> dict[str, float]:
    """Return ``{currency: amount}``: the minutes of the entries at the rates of their members."""
    total = 0.0
    for entry in entries:
        rate = call.workspace.members.get(entry["user_id"])["rate"] or 0
        total += minutes(entry, now=call.now) * rate / 60
    return {CURRENCY: round(total, 2)}

"""From when on a sensor counts events."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from airflow_provider_webwork.events.event import quoted, zoned

if TYPE_CHECKING:
    from airflow.sdk import Context

Since: TypeAlias = Literal["run", "now", "beginning"] | datetime | int
"""From when the Dag run is for, from the first attempt, from the oldest event, from a time, or behind a position."""

_FIRST_ATTEMPT = "webwork_first_attempt"

_LAST_SEQ = 2**63 - 1
"""No log goes further. A trigger that asked for more would end the poll that it shares with others."""


def usable_since(since: object) -> Since:
    """Return ``run``, ``now`` or ``beginning``, a datetime with a time zone, or a position.

    :raises ValueError: if it is none of these.
    """
    match since:
        case "run" | "now" | "beginning":
            return since
    if isinstance(since, (list, tuple)) and since:
        since = since[-1]  # sensors and claims return a list of events
    if isinstance(since, dict) and isinstance(seq := since.get("seq"), int) and 0 <= seq <= _LAST_SEQ:
        return seq
    if (moment := zoned(since)) is not None:
        return moment
    msg = (
        "since must be 'run', 'now', 'beginning', a datetime with a time zone, or an event of an earlier task, "
        f"not {quoted(since)}."
    )
    raise ValueError(msg)


def start_of(since: object, context: Context) -> int | datetime:
    """Return the position or the time from which on events count, the same on every try of a task.

    :raises ValueError: if ``since`` is not usable.
    """
    start = usable_since(since)
    if start == "run":
        return context["dag_run"].run_after
    if start == "now":
        return _first_attempt(context)
    return 0 if start == "beginning" else start


def _first_attempt(context: Context) -> datetime:
    ti = context["ti"]
    started: datetime = ti.get_first_reschedule_date(context) or ti.start_date
    # The store of a task's state survives retries; it came with Airflow 3.3.
    store = context.get("task_state_store")
    if store is None:
        return started
    if isinstance(known := store.get(_FIRST_ATTEMPT), str):
        return datetime.fromisoformat(known)
    store.set(_FIRST_ATTEMPT, started.isoformat())
    return started

"""`airflow webwork batches ...`"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from airflow_provider_webwork.cli.run import actor, command
from airflow_provider_webwork.cli.table import show
from airflow_provider_webwork.events.batches import Batch
from airflow_provider_webwork.events.event import time_or_none, time_text
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.json_types import JSON

UNDER_WAY = ("queued", "running")
GONE = "deleted"


@command
def list_batches(args: Namespace) -> None:
    """List the batches; with --unfinished those whose run will not process them by itself."""
    batches = WebWorkEventsHook().batches.list(args.consumer, live=args.unfinished)
    listed = unfinished(batches) if args.unfinished else _with_states(batches)
    show([_row(batch, state) for batch, state in listed], output=args.output)


@command
def release(args: Namespace) -> None:
    """Give up the batch of a run that will not process it."""
    batch = WebWorkEventsHook().batches.release(args.consumer, args.run_key, actor=actor())
    print(f"The next claims of consumer {batch.consumer} get the {batch.count} events of {batch.run_key}.")


def unfinished(batches: Sequence[Batch]) -> list[tuple[Batch, str]]:
    """Return those of live batches whose run will not process them by itself, with the state of the run."""
    return [(batch, state) for batch, state in _with_states(batches) if state not in (*UNDER_WAY, "success")]


def _with_states(batches: Sequence[Batch]) -> list[tuple[Batch, str]]:
    """Return batches with the states of their runs."""
    states = _run_states(batches)
    return [(batch, states[_run_of(batch)]) for batch in batches]


def _run_states(batches: Sequence[Batch]) -> dict[tuple[str, str], str]:
    """Ask Airflow for the state of each batch's run; ``deleted`` for a run that is gone."""
    if not batches:
        return {}
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    runs = {_run_of(batch) for batch in batches}
    states = dict.fromkeys(runs, GONE)
    with create_session() as session:
        query = select(DagRun.dag_id, DagRun.run_id, DagRun.state).where(DagRun.dag_id.in_({dag for dag, _ in runs}))
        for dag_id, run_id, state in session.execute(query):
            if (dag_id, run_id) in states:
                states[dag_id, run_id] = str(state)
    return states


def _run_of(batch: Batch) -> tuple[str, str]:
    dag_id, _, rest = batch.run_key.partition("/")
    # A run id may hold slashes; a task id and a map index never do.
    return dag_id, rest.rsplit("/", 2)[0]


def _row(batch: Batch, state: str) -> dict[str, JSON]:
    return {
        "consumer": batch.consumer,
        "run_key": batch.run_key,
        "run": state,
        "start_seq": batch.start_seq,
        "end_seq": batch.end_seq,
        "count": batch.count,
        "claimed_at": time_text(batch.claimed_at),
        "released_at": time_or_none(batch.released_at),
    }

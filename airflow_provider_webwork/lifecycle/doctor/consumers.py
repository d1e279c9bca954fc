"""Looking at the consumers: who lags with nobody claiming, whose batches are left, who claims with two filters."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import timedelta

from airflow_provider_webwork.events import audit
from airflow_provider_webwork.events.batches import Batch, Batches
from airflow_provider_webwork.events.claims import Claims, Lag
from airflow_provider_webwork.events.consumer import Consumer
from airflow_provider_webwork.events.consumers import CLASH, FILTER, TRANSFER, Consumers
from airflow_provider_webwork.events.event import time_text
from airflow_provider_webwork.lifecycle.doctor.case import Case
from airflow_provider_webwork.lifecycle.doctor.finding import Finding, counted, good, warning, wrong

WATCHED = timedelta(minutes=5)
"""A trigger that watches a consumer says so every minute; from here on it counts as gone."""

PATIENCE = timedelta(hours=1)
"""How long events may wait with no claim; a trigger that is not heeded asks again within a quarter of an hour."""

LATELY = timedelta(days=1)
"""How far back the audit is looked through for Dags that dispute a consumer."""

MANY_FILTERS = 3
"""More changes of a filter than this in a day are no change of mind: two tasks undo each other's."""

COUNTED = 10_000
"""How far the lag of a consumer is counted: it is read event by event."""


def consumers(case: Case) -> Iterator[Finding]:
    """Tell how far each consumer is, and who disputes it."""
    installation = case.installation
    claims = Claims(installation.store, now=installation.now)
    present = Consumers(installation.store, now=installation.now).list()
    lately = audit.entries(installation.store, since=case.now - LATELY)
    for consumer in present:
        yield _standing(case, consumer, claims.lag(consumer.name, at_most=COUNTED))
        yield from _disputed(consumer, [each for each in lately if each.subject == consumer.name])
    if not present:
        yield good("There is no consumer.")


def batches(case: Case) -> Iterator[Finding]:
    """Look for batches that nobody is going to process."""
    installation = case.installation
    live = Batches(installation.store, now=installation.now).list(live=True)
    unfinished = installation.unfinished(live)
    for consumer in sorted({batch.consumer for batch, _ in unfinished}):
        yield _left(consumer, [(batch, state) for batch, state in unfinished if batch.consumer == consumer])
    if not unfinished:
        yield good("No batch belongs to a run that failed or is gone.")


def _standing(case: Case, consumer: Consumer, lag: Lag) -> Finding:
    name, seen_at, claimed_at = consumer.name, consumer.seen_at, consumer.claimed_at
    expiry = timedelta(days=case.installation.settings.consumer_expiry)
    more = "more than " if lag.at_least else ""
    waiting = f"Consumer {name} has {more}{counted(lag.events, 'unclaimed event')}"
    claimed = "nobody has ever claimed" if claimed_at is None else f"the last claim was at {time_text(claimed_at)}"
    if not consumer.is_live(now=case.now, expiry=expiry):
        return warning(
            f"Nobody has heard of consumer {name} since {time_text(consumer.heard_at)}; its events are no longer kept "
            "from being pruned.",
            f"If nobody needs it, `airflow webwork consumers delete {name}`.",
        )
    if not lag.events or case.now - (claimed_at or consumer.created_at) < PATIENCE:
        return good(f"{waiting}; {claimed}.")
    if seen_at is None:
        return warning(
            f"{waiting}, no trigger has ever watched it, and {claimed}.",
            "Let a Dag claim from it, by the asset of `webwork_events` or on a schedule. `airflow webwork consumers "
            f"skip {name} --to now` passes the events over.",
        )
    if case.now - seen_at >= WATCHED:
        return wrong(
            f"{waiting}, its trigger was last seen at {time_text(seen_at)}, and {claimed}.",
            "See whether the triggerer runs, and whether the Dag that is scheduled on it is still there: `airflow jobs "
            "check --job-type TriggererJob`.",
        )
    return wrong(
        f"{waiting}, its trigger is at work, and {claimed}.",
        f"See whether the Dag {consumer.owner or 'that is scheduled on it'} is paused, has a run that does not end, or "
        "fails before it claims: `airflow dags list-runs DAG_ID`.",
    )


def _disputed(consumer: Consumer, lately: Sequence[audit.Entry]) -> Iterator[Finding]:
    settled_at = max((each.at for each in lately if each.action == TRANSFER), default=consumer.created_at)
    since = [each for each in lately if each.at >= settled_at]
    refused = [each for each in since if each.action == CLASH]
    if refused:
        yield wrong(
            f"Dag {refused[-1].details['dag_id']} wants consumer {consumer.name} with another filter than Dag "
            f"{consumer.owner}, to which it belongs; its claims fail, last at {time_text(refused[-1].at)}.",
            "Give one of them a consumer of its own, or hand this one over: `airflow webwork consumers transfer "
            f"{consumer.name} {refused[-1].details['dag_id']}`.",
        )
    changes = [each for each in since if each.action == FILTER]
    if len(changes) > MANY_FILTERS:
        yield warning(
            f"The filter of consumer {consumer.name} was changed {len(changes)} times within a day: tasks of Dag "
            f"{consumer.owner} claim from it with different filters.",
            "Give each of them a consumer of its own.",
        )


def _left(consumer: str, unfinished: Sequence[tuple[Batch, str]]) -> Finding:
    oldest, state = unfinished[-1]  # they come the newest first
    count = counted(len(unfinished), "batch", "batches")
    events = counted(sum(batch.count for batch, _ in unfinished), "event")
    return wrong(
        f"Consumer {consumer} has {count} with {events} that nobody processes, because the run failed or is gone; the "
        f"oldest is that of {oldest.run_key} ({state}).",
        "Clear their tasks, or give the events to other runs: `airflow webwork batches release "
        f"{consumer} {shlex.quote(oldest.run_key)}`. `airflow webwork batches list --unfinished` shows all.",
    )

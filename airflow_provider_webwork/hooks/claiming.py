"""Claiming for a task: the batch of this task of this Dag run, the same on every try."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_provider_webwork.events.subscription import Subscription

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_webwork.events.batches import Batch
    from airflow_provider_webwork.events.claims import Claims

log = logging.getLogger(__name__)


def claim_for_task(
    claims: Claims,
    context: Context,
    asked: str | Subscription,
    *,
    max_events: int,
    max_bytes: int | None,
) -> Batch | None:
    """Return the batch of a task; ``None`` if there is nothing to do.

    :param asked: the name of a consumer that there is, or what a Dag asks of one, which is made then.
    """
    run_key, try_number = run_key_of(context), context["ti"].try_number
    if isinstance(asked, Subscription):
        name, wanted, start = asked.consumer, asked.wanted, asked.start
    else:
        name, wanted, start = asked, None, "now"
    batch = claims.claim(
        name, run_key, limit=max_events, max_bytes=max_bytes, wanted=wanted, start=start, try_number=try_number
    )
    if batch is None:
        log.info("Nothing waits for consumer %s.", name)
    else:
        log.info("Consumer %s: %s events, %s to %s.", name, batch.count, batch.start_seq, batch.end_seq)
    _count(name, batch)
    return batch


def run_key_of(context: Context) -> str:
    """Return what names this task of this Dag run, on every try and after every clearing."""
    ti = context["ti"]
    return f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}"


def _count(consumer: str, batch: Batch | None) -> None:
    from airflow.sdk.observability.stats import Stats

    tags = {"consumer": consumer}
    if batch is None:
        Stats.incr("webwork.empty_claims", tags=tags)
    else:
        Stats.incr("webwork.claims", tags=tags)
        Stats.incr("webwork.claimed_events", batch.count, tags=tags)

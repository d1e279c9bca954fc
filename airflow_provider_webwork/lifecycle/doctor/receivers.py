"""Looking at the receivers: whether any is at work, which version, and whether the public URL leads to them."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_webwork import __version__
from airflow_provider_webwork.events.callbacks import key_of
from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.event import time_text
from airflow_provider_webwork.events.receivers import ABSENT_AFTER, Receivers
from airflow_provider_webwork.lifecycle.doctor.case import Case
from airflow_provider_webwork.lifecycle.doctor.finding import Finding, counted, good, skipped, warning, wrong
from airflow_provider_webwork.secrets import hash_key


def receivers(case: Case) -> Iterator[Finding]:
    """Look for the heartbeats of receivers."""
    table = Receivers(case.installation.store)
    if absence := table.absence(now=case.now):
        yield wrong(absence)
        return
    present = [each for each in table.list() if case.now - each.seen_at <= ABSENT_AFTER]
    if not present:
        yield good("No receiver is at work; the log was reconciled with WebWork's API lately.")
        return
    yield good(
        f"{counted(len(present), 'receiver')} at work; the last sign of one came at {time_text(present[0].seen_at)}."
    )
    for each in present:
        if each.version != __version__:
            yield warning(
                f"Receiver {each.name} runs version {each.version}, and this is {__version__}.",
                "Install the same version there, and start it again.",
            )


def reach(case: Case) -> Iterator[Finding]:
    """Send a marked delivery to the public URL of each endpoint; it is no event."""
    if not case.endpoints:
        yield skipped(
            "There is no endpoint whose URL could be tried.",
            "For webhooks, make one: `airflow webwork endpoints create NAME`.",
        )
        return
    lifecycle, arrived = case.lifecycle, []
    for endpoint in case.endpoints:
        key = _key(case, endpoint)
        if key is None:
            yield skipped(
                f"The URL of endpoint {endpoint.name} is not known here: of keys that are in use only hashes are kept.",
                f"`airflow webwork send-test {endpoint.name}` tries it with a key made for that.",
            )
        elif reason := case.installation.rotations.reach(lifecycle.url(key)):
            yield wrong(
                f"A delivery of our own to endpoint {endpoint.name} at {lifecycle.base_url} did not arrive: {reason}.",
                "See that [webwork] receiver_base_url leads to a receiver with this event log, through every proxy: "
                f"`airflow webwork send-test {endpoint.name}` says more.",
            )
        else:
            arrived.append(endpoint.name)
    if arrived:
        yield good(f"Deliveries of our own to {lifecycle.base_url} arrived at {', '.join(arrived)}.")


def _key(case: Case, endpoint: Endpoint) -> str | None:
    """Return a key of an endpoint that is known in clear: WebWork tells the URLs that it calls."""
    keys = [endpoint.pending_key, *(key_of(webhook.url) for webhook in case.webhooks)]
    return next((key for key in keys if key and endpoint.accepts(hash_key(key), at=case.now)), None)

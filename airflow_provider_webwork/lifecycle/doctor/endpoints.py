"""Looking at the endpoints: silence, the age of keys, rotations that are not finished, proofs that hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from airflow_provider_webwork.events.endpoint import BY_KEY, Endpoint
from airflow_provider_webwork.events.event import time_text
from airflow_provider_webwork.events.rotation import Rotation, subject_of_endpoint
from airflow_provider_webwork.events.rotations import Rotations
from airflow_provider_webwork.lifecycle.doctor.case import Case
from airflow_provider_webwork.lifecycle.doctor.finding import Finding, Repair, counted, good, warning, wrong
from airflow_provider_webwork.lifecycle.rotated import Plan

OLD = timedelta(days=180)
"""From which age on a key is called old; a personal access token of WebWork lives as long."""

CONVINCING = 10
"""How many deliveries must have proved themselves before that is proposed to be required."""


def endpoints(case: Case) -> Iterator[Finding]:
    """Tell how each endpoint does."""
    unfinished = {each.subject: each for each in _unfinished(case)}
    for endpoint in case.endpoints:
        yield _heard(case, endpoint)
        yield from _aged(case, endpoint)
        if rotation := unfinished.pop(subject_of_endpoint(endpoint.name), None):
            yield from _half_rotated(case, endpoint, rotation)
        yield from _provable(case, endpoint)
    for rotation in unfinished.values():
        if rotation.overlaps(at=case.now):
            continue
        yield warning(
            f"Replacing the webhook of somebody else's receiver ({rotation.subject}) was begun at "
            f"{time_text(rotation.started_at)} and is not finished.",
            "Run the task again that began it.",
        )


def _unfinished(case: Case) -> list[Rotation]:
    installation = case.installation
    return Rotations(installation.store, installation.vault, now=installation.now, actor="doctor").unfinished()


def _heard(case: Case, endpoint: Endpoint) -> Finding:
    last, every = endpoint.last_delivery_at, endpoint.expect_every
    told = counted(endpoint.deliveries, "delivery", "deliveries") + (f", the last at {time_text(last)}" if last else "")
    if every is not None and case.now - (last or endpoint.created_at) >= every:
        return wrong(
            f"Endpoint {endpoint.name} is silent: {told}, and one is expected every {every}.",
            "Look at what is said of receivers, reach and webhooks. If it may be silent: "
            f"`airflow webwork endpoints expect {endpoint.name} never`.",
        )
    return good(f"Endpoint {endpoint.name} has had {told}.")


def _aged(case: Case, endpoint: Endpoint) -> Iterator[Finding]:
    made_at = case.endpoint_table.key_made_at(endpoint.name)
    if endpoint.webhook_id is not None and made_at is not None and case.now - made_at >= OLD:
        yield warning(
            f"The key of endpoint {endpoint.name} is {(case.now - made_at).days} days old.",
            f"Rotate it: WebWorkRotateWebhookOperator(endpoint={endpoint.name!r}, ...) in a Dag.",
        )


def _half_rotated(case: Case, endpoint: Endpoint, rotation: Rotation) -> Iterator[Finding]:
    begun = f"The rotation of endpoint {endpoint.name}, begun at {time_text(rotation.started_at)},"
    if rotation.step == "making":
        yield warning(
            f"{begun} has not come to a new webhook; the old one is at work.", "Run the task again that began it."
        )
    elif rotation.step == "overlap" and rotation.overlaps(at=case.now) and rotation.overlap_until is not None:
        yield good(f"{begun} is under way: both webhooks are at work until {time_text(rotation.overlap_until)}.")
    else:
        conn_id = endpoint.conn_id or case.installation.conn_id
        yield warning(
            f"{begun} is not finished, although its overlap is over: the old webhook {rotation.old_webhook_id} and its "
            "key are still accepted.",
            f"`airflow webwork doctor --fix --conn-id {conn_id}`, or run the task again that began it.",
            repair=None if case.is_elsewhere(endpoint) else _finish(case, endpoint, rotation),
        )


def _finish(case: Case, endpoint: Endpoint, rotation: Rotation) -> Repair:
    def repair() -> str:
        # A run that is no later than the rotation begins no other one.
        plan = Plan(run_after=rotation.started_at, strategy=rotation.strategy)
        outcome = case.installation.rotations.rotate(endpoint.name, plan)
        if not outcome.waits:
            return f"Done: the rotation is finished, and webhook {outcome.webhook_id} is the only one."
        until = "" if outcome.overlap_until is None else f" until {time_text(outcome.overlap_until)}"
        return f"The new webhook {outcome.webhook_id} had to be put right, so that both are at work{until}."

    return repair


def _provable(case: Case, endpoint: Endpoint) -> Iterator[Finding]:
    """Propose to require a proof that held for all deliveries of late and failed for none."""
    observed = case.endpoint_table.observed(endpoint.name)
    proposed = None if endpoint.required_proof else case.installation.proposal(observed)
    if proposed is None:
        return
    proof, words = proposed
    tried = [each for each in observed if each.proof == proof]
    proved = sum(each.deliveries for each in tried)
    came = sum(each.deliveries for each in observed if each.proof == BY_KEY and each.verified)
    latest = max(each.last_at for each in tried)
    up_to_date = endpoint.last_delivery_at is None or latest >= endpoint.last_delivery_at
    if all(each.verified for each in tried) and proved >= max(came, CONVINCING) and up_to_date:
        yield warning(
            f"Every delivery to endpoint {endpoint.name} proves who sent it, by more than the key in the URL, and "
            "those that do not are let in all the same.",
            f"`airflow webwork endpoints require {endpoint.name} {words}`",
        )

"""Every way in which a call of WebWork can fail, at every call of every job: the next run ends as if nothing was.

The failures are generated: each job runs once to learn which calls it makes, and then once for each of them with each
kind of fault, before and after the effect of the call.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import get_args

import pytest

from airflow_provider_webwork.errors import WebWorkError, WebWorkServerError
from airflow_provider_webwork.lifecycle.outside import delete_url, delete_webhook, ensure_url, update_webhook
from airflow_provider_webwork.simulator import DeliveryPolicy, Simulator, failing
from airflow_provider_webwork.simulator.faults import Kind, When
from tests.impatience import NEVER, PATIENCE, giving_up, wait_until

EVENTS = ("tracker.started", "tracker.stopped")
URL = "https://receiver.example.com/webwork"
ELSEWHERE = "https://elsewhere.example.com/x"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a task does, what was the case before it, and what has to be the case after it.

    ``act`` and ``check`` get the workspace; ``act`` also what ``prepare`` returned, ``check`` what ``act`` returned.
    """

    prepare: Callable = lambda _: None
    act: Callable
    check: Callable


def ensure(workspace, *_):
    return workspace.lifecycle.ensure("payroll", events=EVENTS)


def ensured(*, events=EVENTS, then=lambda _: None):
    def prepare(workspace):
        workspace.lifecycle.ensure("payroll", events=events)
        then(workspace)

    return prepare


def registered(*, url=URL, events=EVENTS):
    return lambda workspace: workspace.webhooks.create(url=url, events=events)


def registered_once(workspace, *_):
    webhook, endpoint = workspace.only, workspace.endpoint("payroll")
    assert workspace.reached_by(webhook) == ["payroll"]
    assert set(webhook.events) == set(EVENTS)
    assert webhook.url.startswith(workspace.lifecycle.base_url)
    assert (endpoint.state, endpoint.webhook_id, endpoint.webhook_token) == ("active", webhook.id, webhook.token)
    assert endpoint.pending_key is None


def nothing_left(workspace, *_):
    assert workspace.ours == ()
    assert workspace.endpoints.list() == []


def url_as_wanted(workspace, *_):
    assert (workspace.only.url, set(workspace.only.events)) == (URL, set(EVENTS))


def url_with_token(workspace, given):
    outcome, webhook = given
    url_as_wanted(workspace)
    assert (outcome.webhook_id, webhook.id, webhook.token) == (
        workspace.only.id,
        workspace.only.id,
        workspace.only.token,
    )


JOBS = {
    "make the webhook of an endpoint": Job(act=ensure, check=registered_once),
    "find it as it should be": Job(prepare=ensured(), act=ensure, check=registered_once),
    "repair its events": Job(prepare=ensured(events=["member.invited"]), act=ensure, check=registered_once),
    "repair its URL": Job(
        prepare=ensured(then=lambda w: w.webhooks.update(w.only.id, url=ELSEWHERE, events=EVENTS)),
        act=ensure,
        check=registered_once,
    ),
    "make it anew after somebody deleted it": Job(
        prepare=ensured(then=lambda w: w.webhooks.delete(w.only.id)), act=ensure, check=registered_once
    ),
    "delete a second one with the same key": Job(
        prepare=ensured(then=lambda w: w.webhooks.create(url=w.only.url, events=EVENTS)),
        act=ensure,
        check=registered_once,
    ),
    "update the events of an endpoint": Job(
        prepare=ensured(events=["member.invited"]),
        act=lambda w, _: w.lifecycle.update("payroll", events=EVENTS),
        check=registered_once,
    ),
    "delete an endpoint": Job(prepare=ensured(), act=lambda w, _: w.lifecycle.delete("payroll"), check=nothing_left),
    "register a URL": Job(act=lambda w, _: ensure_url(w.webhooks, url=URL, events=EVENTS), check=url_with_token),
    "adopt and repair a URL": Job(
        prepare=registered(events=["member.invited"]),
        act=lambda w, _: ensure_url(w.webhooks, url=URL, events=EVENTS),
        check=url_with_token,
    ),
    "replace the webhook of a URL": Job(
        prepare=registered(),
        act=lambda w, _: w.once.register(url=URL, events=EVENTS, on_conflict="replace", run_after=w.clock.now()),
        check=url_with_token,
    ),
    "update a webhook": Job(
        prepare=registered(url=ELSEWHERE, events=["member.invited"]),
        act=lambda w, webhook: update_webhook(w.webhooks, webhook.id, url=URL, events=EVENTS),
        check=url_as_wanted,
    ),
    "delete a webhook": Job(
        prepare=registered(), act=lambda w, webhook: delete_webhook(w.webhooks, webhook.id), check=nothing_left
    ),
    "delete the webhooks of a URL": Job(
        prepare=lambda w: [registered()(w) for _ in range(2)],
        act=lambda w, _: delete_url(w.webhooks, URL),
        check=nothing_left,
    ),
}

FAULTS = [
    *({"kind": "status", "status": status} for status in (500, 503)),
    *({"kind": kind, "seconds": 0.01} for kind in get_args(Kind) if kind not in {"status", "hang"}),
]


def calls_of(job, workspace) -> list[str]:
    """Run a job that nothing disturbs, and return which operations it calls, in order."""
    given = job.prepare(workspace)
    before = len(workspace.simulator.requests)
    job.check(workspace, job.act(workspace, given))
    return [request.operation for request in workspace.simulator.requests[before:]]


def assert_made_good(job, workspace, operation, fault, *, disturbed=nullcontext):
    given = job.prepare(workspace)
    workspace.simulator.fault(operation, **fault)
    try:
        with disturbed():
            outcome = job.act(workspace, given)
    except WebWorkError:
        outcome = job.act(workspace, given)  # the task is tried again, or cleared
    job.check(workspace, outcome)
    workspace.check_stranger()
    assert workspace.writes(lambda: job.act(workspace, given)) == []
    job.check(workspace, outcome)


@pytest.mark.parametrize("version", ["v2", "v1"])
@pytest.mark.parametrize("name", JOBS)
def test_every_answer_that_fails_is_made_good_by_the_next_run(connect, shared_simulator, name, version):
    job, workspace = JOBS[name], connect(shared_simulator, version=version)
    calls = calls_of(job, workspace)
    assert calls

    for operation, fault, when in itertools.product(dict.fromkeys(calls), FAULTS, get_args(When)):
        workspace.begin_again()
        try:
            assert_made_good(job, workspace, operation, {**fault, "when": when})
        except (AssertionError, WebWorkError) as error:
            raise AssertionError(f"{operation}: {fault} {when} its effect") from error


@pytest.mark.parametrize("when", get_args(When))
@pytest.mark.parametrize("name", JOBS)
def test_every_answer_that_never_comes_is_made_good_by_the_next_run(connect, shared_simulator, name, when):
    job = JOBS[name]
    calls = calls_of(job, connect(shared_simulator))
    assert calls

    for operation in dict.fromkeys(calls):
        # Each has its own simulator, so that no late effect reaches the next case.
        with Simulator(policy=DeliveryPolicy(attempts=1)) as simulator:
            workspace = connect(simulator)
            fault = {"kind": "hang", "when": when, "seconds": NEVER}
            hanging = partial(giving_up, workspace.client, simulator, on={calls.index(operation)})
            assert_made_good(job, workspace, operation, fault, disturbed=hanging)


@pytest.mark.parametrize("kind", ["close", "html", "truncated", "status"])
@pytest.mark.parametrize(
    "register", [ensure, lambda w: ensure_url(w.webhooks, url=URL, events=EVENTS)[0]], ids=["endpoint", "url"]
)
def test_an_answer_that_got_lost_is_settled_by_looking_and_not_by_asking_again(
    connect, shared_simulator, register, kind
):
    workspace = connect(shared_simulator)
    shared_simulator.fault("createWebhook", kind=kind, when="after")
    outcomes = []

    writes = workspace.writes(lambda: outcomes.append(register(workspace)))

    assert writes == ["POST"]
    assert [(outcome.action, outcome.webhook_id) for outcome in outcomes] == [("created", workspace.only.id)]


@pytest.mark.parametrize("version", ["v2", "v1"])
def test_a_webhook_whose_registration_and_its_proof_both_got_lost_is_found_by_the_next_run(
    connect, shared_simulator, version
):
    workspace = connect(shared_simulator, version=version)
    create, listing = ("createWebhook", "getWebhooks") if version == "v2" else ("v1CreateWebhook", "v1ListWebhooks")
    webhooks = workspace.lifecycle.webhooks
    really = webhooks.create

    def create_then_nothing_works(**arguments):
        shared_simulator.fault(listing, times=5)  # as often as the client asks
        return really(**arguments)

    webhooks.create = create_then_nothing_works
    shared_simulator.fault(create, kind="close", when="after")
    with pytest.raises(WebWorkServerError):
        ensure(workspace)
    webhooks.create = really
    assert len(workspace.ours) == 1

    assert ensure(workspace).action == "adopted"
    registered_once(workspace)


def test_a_webhook_that_webwork_registers_after_we_gave_up_is_removed_by_the_next_run(connect, monkeypatch):
    late = threading.Event()

    async def until_it_is_late(*_):
        await asyncio.to_thread(late.wait, PATIENCE)
        return False

    monkeypatch.setattr(failing, "_stopped_within", until_it_is_late)
    with Simulator(policy=DeliveryPolicy(attempts=1)) as simulator:
        workspace = connect(simulator)
        calls = calls_of(Job(act=ensure, check=registered_once), workspace)
        workspace.begin_again()
        simulator.fault("createWebhook", kind="hang", when="before")
        hanging = giving_up(workspace.client, simulator, on={calls.index("createWebhook")})
        with pytest.raises(WebWorkServerError), hanging:
            ensure(workspace)
        assert workspace.ours == ()
        ensure(workspace)
        assert len(workspace.ours) == 1
        late.set()
        wait_until(lambda: len(workspace.ours) == 2)

        ensure(workspace)
        registered_once(workspace)

"""Whatever ends a task, wherever it was, the next try ends as if nothing had been, and no delivery is lost on the way.

The points are generated: each job runs once to count its requests to WebWork and its writes to the event log, and then
once for each of them and each way to end there. After every effect of every run somebody looks whether deliveries
would have been accepted at that moment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from airflow_provider_webwork.errors import WebWorkError
from airflow_provider_webwork.events.rotation import subject_of_endpoint
from airflow_provider_webwork.lifecycle.outside import delete_url, delete_webhook, ensure_url, update_webhook
from airflow_provider_webwork.secrets import hash_key
from tests.unit.lifecycle.points import WAYS, Killed, Points

EVENTS = ("tracker.started", "tracker.stopped")
FEWER = ("tracker.started",)
URL = "https://receiver.example.com/webwork"
ELSEWHERE = "https://elsewhere.example.com/x"
OVERLAP = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a task does, and what was the case before it.

    :param act: gets the workspace, the plan of the Dag run, and what ``prepare`` returned.
    :param served: whether deliveries must be taken all the time, because they were before and are after it.
    """

    act: Callable
    prepare: Callable = lambda _: None
    served: bool = True


def ensured(workspace):
    workspace.lifecycle.ensure("payroll", events=EVENTS)
    workspace.clock.wait(days=7)


def ensured_with_fewer(workspace):
    workspace.lifecycle.ensure("payroll", events=FEWER)


def ensured_and_moved(workspace):
    ensured(workspace)
    workspace.webhooks.update(workspace.only.id, url=ELSEWHERE, events=EVENTS)


def overlapping(workspace):
    ensured(workspace)
    workspace.rotations.rotate("payroll", workspace.plan(overlap=OVERLAP))
    workspace.clock.wait(days=7)


def registered(workspace):
    workspace.clock.wait(days=7)
    return workspace.webhooks.create(url=URL, events=EVENTS)


def rotated(rotate):
    """Rotate as the operator does: when the overlap is over it goes on."""

    def act(workspace, plan, given):
        while (outcome := rotate(workspace, plan, given)).waits:
            workspace.clock.moment = outcome.overlap_until
        return outcome

    return act


def by(strategy):
    return rotated(
        lambda w, plan, _: w.rotations.rotate("payroll", w.plan(run_after=plan.run_after, strategy=strategy))
    )


JOBS = {
    "create": Job(act=lambda w, *_: w.lifecycle.ensure("payroll", events=EVENTS), served=False),
    "create what is as it should be": Job(
        prepare=ensured, act=lambda w, *_: w.lifecycle.ensure("payroll", events=EVENTS)
    ),
    "create what has other events": Job(
        prepare=ensured_with_fewer, act=lambda w, *_: w.lifecycle.ensure("payroll", events=EVENTS)
    ),
    "create what has another URL": Job(
        prepare=ensured_and_moved, act=lambda w, *_: w.lifecycle.ensure("payroll", events=EVENTS), served=False
    ),
    "create during a rotation": Job(
        prepare=lambda w: [ensured(w), w.rotations.rotate("payroll", w.plan())],
        act=lambda w, *_: w.lifecycle.ensure("payroll", events=FEWER),
    ),
    "update": Job(prepare=ensured_with_fewer, act=lambda w, *_: w.lifecycle.update("payroll", events=EVENTS)),
    "update during a rotation": Job(
        prepare=lambda w: [ensured(w), w.rotations.rotate("payroll", w.plan())],
        act=lambda w, *_: w.lifecycle.update("payroll", events=FEWER),
    ),
    "delete": Job(prepare=ensured, act=lambda w, *_: w.lifecycle.delete("payroll"), served=False),
    "delete during a rotation": Job(
        prepare=lambda w: [ensured(w), w.rotations.rotate("payroll", w.plan())],
        act=lambda w, *_: w.lifecycle.delete("payroll"),
        served=False,
    ),
    "rotate by replace": Job(prepare=ensured, act=by("replace")),
    "rotate by rekey": Job(prepare=ensured, act=by("rekey")),
    "rotate after an unfinished rotation": Job(prepare=overlapping, act=by("replace")),
    "rekey after an unfinished rotation": Job(prepare=overlapping, act=by("rekey")),
    "rotate a webhook of others": Job(
        prepare=registered, act=rotated(lambda w, plan, webhook: w.outside_rotations.rotate(webhook.id, plan))
    ),
    "register a URL": Job(act=lambda w, *_: ensure_url(w.webhooks, url=URL, events=EVENTS), served=False),
    "replace the webhook of a URL": Job(
        prepare=registered,
        act=lambda w, plan, _: w.once.register(url=URL, events=EVENTS, on_conflict="replace", run_after=plan.run_after),
    ),
    "register a URL that must be new": Job(
        act=lambda w, plan, _: w.once.register(url=URL, events=EVENTS, on_conflict="fail", run_after=plan.run_after),
        served=False,
    ),
    "update a webhook": Job(
        prepare=registered, act=lambda w, _, webhook: update_webhook(w.webhooks, webhook.id, events=FEWER)
    ),
    "delete a webhook": Job(
        prepare=registered, act=lambda w, _, webhook: delete_webhook(w.webhooks, webhook.id), served=False
    ),
    "delete the webhooks of a URL": Job(
        prepare=lambda w: [registered(w) for _ in range(2)], act=lambda w, *_: delete_url(w.webhooks, URL), served=False
    ),
}


@dataclass
class Witness:
    """Looks, after every effect, whether what WebWork delivers at that moment is taken."""

    workspace: object
    job: Job
    known_tokens: set = field(default_factory=set)

    def __post_init__(self):
        self.known_tokens |= {webhook.token for webhook in self.workspace.ours}

    def look(self):
        workspace, now = self.workspace, self.workspace.clock.now()
        endpoints, webhooks = workspace.endpoints.list(), workspace.ours
        accepted = {key for each in endpoints for key in each.key_hashes if each.accepts(key, at=now)}
        ours = [each for each in webhooks if each.url.startswith(workspace.lifecycle.base_url)]
        refused = [each.id for each in ours if hash_key(each.url.rpartition("/")[2]) not in accepted]
        assert refused == [], "a webhook of ours calls with a key that is not accepted"
        if self.job.served:
            proved = {secret.value for each in endpoints for secret in each.accepted_secrets(at=now)}
            others = self.known_tokens | set(workspace.tokens)
            taken = [each for each in webhooks if each.token in (proved if each in ours else others)]
            assert taken, "no webhook is left whose deliveries are taken and proved by a known token"


def state_of(workspace):
    """What the next task finds, without the ids, which differ."""
    workspace.clock.wait(days=1)
    now, endpoints = workspace.clock.now(), workspace.endpoints.list()
    rotations = [workspace.steps.find(subject_of_endpoint(each.name)) for each in endpoints]
    return {
        "webhooks": sorted(
            (
                sorted(each.events),
                workspace.reached_by(each) or each.url,
                each.token in {endpoint.webhook_token for endpoint in endpoints},
                each.token in workspace.tokens[-1:],
            )
            for each in workspace.ours
        ),
        "endpoints": [
            {
                "name": each.name,
                "state": each.state,
                "events": sorted(each.events),
                "webhook": each.webhook_id in {webhook.id for webhook in workspace.ours},
                "former": each.former_webhook_id is not None,
                "pending": each.pending_key,
                "keys": sorted(each.key_state(key, at=now) for key in each.key_hashes),
                "secrets": len(each.accepted_secrets(at=now)),
            }
            for each in endpoints
        ],
        "steps": [rotation and rotation.step for rotation in rotations],
    }


def prepared(job, workspace):
    workspace.begin_again()
    given = job.prepare(workspace)
    workspace.clock.wait(minutes=1)
    return given, workspace.plan()


def undisturbed(job, workspace):
    given, plan = prepared(job, workspace)
    witness = Witness(workspace, job)
    points = Points(witness.look)
    with points.installed(workspace):
        job.act(workspace, plan, given)
    return points.seen, state_of(workspace)


def ended_at(job, workspace, *, point, way):
    """Run a job that ends at a point, then once more, and return what that leads to."""
    given, plan = prepared(job, workspace)
    witness = Witness(workspace, job)
    with Points(witness.look, at=point, way=way).installed(workspace) as points, suppress(WebWorkError, Killed):
        job.act(workspace, plan, given)
    assert len(points.seen) >= point
    with Points(witness.look).installed(workspace):
        job.act(workspace, plan, given)
        after = workspace.ours
        assert workspace.writes(lambda: job.act(workspace, plan, given)) == [], "a third run changes something"
    assert workspace.ours == after
    workspace.check_stranger()
    return state_of(workspace)


@pytest.mark.parametrize(
    "extent",
    [
        ("v2", ("fails after", "killed after")),
        *(pytest.param((version, WAYS), marks=pytest.mark.heavy) for version in ("v2", "v1")),
    ],
    ids=["v2", "v2 in every way", "v1 in every way"],
)
@pytest.mark.parametrize("name", JOBS)
def test_a_task_that_ends_at_any_point_is_made_good_by_the_next_try(connect, shared_simulator, name, extent, capsys):
    version, ways = extent
    job, workspace = JOBS[name], connect(shared_simulator, version=version)
    points, wanted = undisturbed(job, workspace)
    assert points

    for number, point in enumerate(points, start=1):
        for way in ways:
            try:
                assert ended_at(job, workspace, point=number, way=way) == wanted
            except (AssertionError, WebWorkError) as error:
                raise AssertionError(f"point {number} of {len(points)} ({point}) {way}") from error

    with capsys.disabled():
        sys.stdout.write(f"\n{name}, {version}: {len(points)} points, {len(points) * len(ways)} runs\n")

"""A receiver is down for an hour of work: the API tells what it missed, and late deliveries change nothing."""

import random
from datetime import UTC, datetime, timedelta

import pytest
import requests

from airflow_provider_webwork.api.auth import BearerAuth
from airflow_provider_webwork.api.client import Client, ClientSettings
from airflow_provider_webwork.events.event import time_of
from airflow_provider_webwork.events.restoring import Restoring
from airflow_provider_webwork.lifecycle.reconcile import Reconciliation
from airflow_provider_webwork.simulator import Company, DeliveryPolicy, DeliveryShape, Simulator

MEMBERS = 8
PATIENCE = 60


class Clock:
    """The clock of the members' working day, which ended a moment ago."""

    def __init__(self):
        self.begin = self.time = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)

    def __call__(self):
        return self.time


class Day:
    """Members who start and stop their trackers, now and then."""

    def __init__(self, webwork, clock):
        self.webwork = webwork
        self.clock = clock
        self.done = []
        self._running = set()
        self._dice = random.Random(7)

    def work_for(self, **span):
        until = self.clock.time + timedelta(**span)
        while (at := self.clock.time + timedelta(seconds=self._dice.randint(1, 90))) < until:
            self.clock.time = at
            user_id = self._dice.randint(1, MEMBERS)
            stops = user_id in self._running
            (self.webwork.stop_tracker if stops else self.webwork.start_tracker)(user_id)
            self._running.symmetric_difference_update({user_id})
            self.done.append((at, "tracker.stopped" if stops else "tracker.started", str(user_id)))
        self.clock.time = until
        return len(self.done)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=[DeliveryShape(), DeliveryShape(with_timestamp=False, with_id=True, encoding="form")])
def webwork(request, clock):
    # It goes on trying, so that what was missed comes after all as soon as there is a receiver again.
    policy = DeliveryPolicy(attempts=1_000, backoff=0.2, max_backoff=0.5)
    with Simulator(now=clock, company=Company(members=MEMBERS, weeks=0), shape=request.param, policy=policy) as webwork:
        yield webwork


@pytest.fixture
def reconcile(webwork, clock, site):
    settings = ClientSettings(base_url=webwork.base_url_v2, auth=BearerAuth(webwork.token), workspace_id=1)
    with Client(settings, sleep=lambda _: None) as client:
        reconciliation = Reconciliation(
            client=client, restoring=Restoring(site.store), retention=timedelta(days=90), now=lambda: datetime.now(UTC)
        )

        def run(start, end):
            return reconciliation.run(start, end, tolerance=timedelta(seconds=90)).as_dict()

        yield run


def register(webwork, site, process):
    url = f"http://127.0.0.1:{process.port}/hooks/{site.key}"
    answer = requests.post(
        f"{webwork.base_url_v2}/webhooks",
        json={"workspace_id": 1, "url": url, "events": ["tracker.started", "tracker.stopped"]},
        headers={"Authorization": f"Bearer {webwork.token}"},
        timeout=10,
    )
    assert answer.status_code == 200


def stored(site):
    return sorted((time_of(event).replace(microsecond=0), event.type, event.user_id) for event in site.events())


def test_what_a_receiver_missed_is_restored_and_comes_late_without_being_stored_twice(site, webwork, clock, reconcile):
    day, receiver = Day(webwork, clock), site.run()
    register(webwork, site, receiver)
    before = day.work_for(hours=1)
    webwork.wait_for_deliveries(before, PATIENCE, accepted_only=True)
    receiver.kill()
    down_at = clock.time
    missed = day.work_for(hours=1) - before
    assert missed > 50
    assert stored(site) == day.done[:before]

    outcome = reconcile(down_at, clock.time)
    assert (outcome["shown"], outcome["added"], outcome["unmatched"], outcome["incomplete"]) == (missed, missed, 0, 0)
    assert stored(site) == day.done
    synthetic = [event for event in site.events() if event.synthetic]
    assert [time_of(event) for event in synthetic] == [at for at, _, _ in day.done[before:]]
    assert reconcile(clock.begin, clock.time)["added"] == 0

    # The receiver is back, and WebWork delivers what it could not, and what happens from now on.
    site.run("--port", str(receiver.port))
    everything = day.work_for(hours=1)
    webwork.wait_for_deliveries(everything, PATIENCE, accepted_only=True)
    assert stored(site) == day.done
    assert sum(event.synthetic for event in site.events()) == missed
    outcome = reconcile(clock.begin, clock.time)
    assert (outcome["shown"], outcome["present"], outcome["added"]) == (everything, everything, 0)


def test_a_log_lives_without_any_receiver(site, webwork, clock, reconcile):
    day = Day(webwork, clock)
    for _ in range(3):
        day.work_for(minutes=50)
        reconcile(clock.time - timedelta(hours=1), clock.time)

    assert stored(site) == day.done
    assert all(event.synthetic for event in site.events())

"""Webhooks are rotated while WebWork delivers all the time: every event is stored once, and nothing old is left."""

import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from airflow_provider_webwork.api.auth import BearerAuth
from airflow_provider_webwork.api.client import Client, ClientSettings
from airflow_provider_webwork.api.webhooks import Webhooks
from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.events.access import Access
from airflow_provider_webwork.events.leases import Leases
from airflow_provider_webwork.events.rotations import Rotations
from airflow_provider_webwork.lifecycle.desired import EndpointWebhooks
from airflow_provider_webwork.lifecycle.reach import MarkedDelivery
from airflow_provider_webwork.lifecycle.rotated import Plan
from airflow_provider_webwork.lifecycle.rotation import EndpointRotations
from airflow_provider_webwork.lifecycle.turns import Turns
from airflow_provider_webwork.receiver.proofs.hmacs import Hmac
from airflow_provider_webwork.receiver.proofs.settings import to_json
from airflow_provider_webwork.secrets import Vault
from airflow_provider_webwork.simulator import DeliveryPolicy, DeliveryShape, Simulator
from tests.server.canaries import command_lines, every_file, every_value, found

OVERLAP = {"replace": timedelta(seconds=1), "rekey": timedelta(seconds=3)}
"""A webhook that is replaced delivers to the end of it, and its key lingers; a rekeyed one uses its old key no more."""
LINGER = timedelta(seconds=3)
AGREED = 1.0
"""Seconds after a change within which the receiver follows it."""


@dataclass
class Sender:
    """Lets WebWork tell of events at a steady rate."""

    webwork: Simulator
    rate: float
    told: list = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self):
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(60)

    def _run(self):
        begun = time.monotonic()
        while not self.stopping.wait(max(0.0, begun + len(self.told) / self.rate - time.monotonic())):
            self.told.append(self.webwork.deliver("tracker.started", user_id=7, number=len(self.told)).event_id)


@pytest.fixture
def webwork():
    # Who calls only once forgives no refusal.
    shape, policy = DeliveryShape(with_id=True, proof="hmac"), DeliveryPolicy(attempts=1, workers=8, timeout=60)
    with Simulator(shape=shape, policy=policy) as simulator:
        yield simulator


@pytest.fixture
def vault(site):
    return Vault([site.environment["AIRFLOW__WEBWORK__SECRET_KEY"]])


@pytest.fixture
def rotations(site, vault, webwork):
    port = site.run().port
    settings = ClientSettings(base_url=webwork.base_url_v2, auth=BearerAuth(webwork.token), workspace_id=1)
    with Client(settings) as client, requests.Session() as session:
        session.trust_env = False
        lifecycle = EndpointWebhooks(
            webhooks=Webhooks(client),
            endpoints=site.endpoints,
            turns=Turns(leases=Leases(site.store, now=utc_now)),
            base_url=f"http://127.0.0.1:{port}",
            conn_id="webwork_default",
            workspace_id="1",
            now=utc_now,
        )
        lifecycle.ensure("payroll", events=["tracker.started"])
        yield EndpointRotations(
            lifecycle=lifecycle,
            rotations=Rotations(site.store, vault, now=utc_now, actor="dag/run/rotate/-1"),
            reach=MarkedDelivery(vault, now=utc_now, post=session.post),
            linger=LINGER,
        )


def rotate(rotations, strategy="replace"):
    """Rotate once, and wait for the end of the overlap as the operator does."""
    plan = Plan(run_after=utc_now(), overlap=OVERLAP[strategy], strategy=strategy)
    while (outcome := rotations.rotate("payroll", plan)).waits:
        time.sleep(max(0.0, (outcome.overlap_until - utc_now()).total_seconds()))
    return outcome


def deliveries_of(webwork, told):
    """Wait until WebWork has told of every event; return its deliveries."""
    deadline = time.monotonic() + 600
    while {delivery.event_id for delivery in webwork.deliveries} < set(told):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return webwork.deliveries


def answers(urls):
    """Deliver to each URL; return the statuses."""
    with requests.Session() as session:
        session.trust_env = False
        return [session.post(url, json={"event": "tracker.started"}, timeout=30).status_code for url in urls]


@pytest.mark.timeout(3_000)
@pytest.mark.parametrize(
    ("times", "rate", "strategy"),
    [
        (3, 20, "replace"),
        (3, 20, "rekey"),
        *(pytest.param(100, 100, strategy, marks=pytest.mark.heavy) for strategy in ("replace", "rekey")),
    ],
)
def test_rotating_under_constant_deliveries_loses_nothing_and_leaves_nothing(request, times, rate, strategy):
    site, webwork, rotations = (request.getfixturevalue(name) for name in ("site", "webwork", "rotations"))
    known = {webhook.url: webhook for webhook in webwork.webhooks}
    with Sender(webwork, rate) as sender:
        for _ in range(times):
            assert rotate(rotations, strategy).action == "rotated"
            known |= {webhook.url: webhook for webhook in webwork.webhooks}
    deliveries = deliveries_of(webwork, sender.told)
    retired = [url for url in known if url != webwork.webhooks[0].url]
    time.sleep(LINGER.total_seconds() + AGREED)
    refused = answers(retired)
    for process in site.processes:
        process.terminate()
        assert process.wait() == 0

    stored = Counter(event.payload["id"] for event in site.events())
    statuses = Counter(delivery.status for delivery in deliveries)
    with request.getfixturevalue("capsys").disabled():
        sys.stdout.write(
            f"\n{times} rotations by {strategy}: {len(sender.told)} events told, {len(deliveries)} deliveries, answers "
            f"{dict(statuses)}; {len(stored)} events stored; {len(refused)} retired URLs answered {set(refused)}\n"
        )
    assert stored == Counter(sender.told), "every event is stored, and once"
    assert statuses.keys() == {200}, "no delivery was refused"
    assert (len(retired), set(refused)) == (times, {404})
    assert len(webwork.webhooks) == 1
    secrets = {f"key {number}": url.rpartition("/")[2] for number, url in enumerate(known)}
    secrets |= {f"token {each.id}": each.token.removeprefix("whsec_") for each in known.values()}
    path = Path(site.store.name)
    kept, files = every_value(path), every_file(path.parent)
    assert webwork.webhooks[0].id in kept["audit"]
    assert webwork.webhooks[0].id in files
    everything = "".join([*kept.values(), files, *(process.output for process in site.processes), command_lines()])
    assert found(secrets, everything) == set()
    assert found(secrets, everything + secrets["key 0"]) == {"key 0"}, "the search finds what is there"


def test_with_a_required_proof_events_are_proved_by_either_token_and_stored_once(site, vault, webwork, rotations):
    access = Access(site.store, vault, now=utc_now, actor="Member 7")
    access.require("payroll", to_json(Hmac(header="x-signature")))
    time.sleep(AGREED)
    with Sender(webwork, 20) as sender:
        for _ in range(3):
            rotate(rotations)
    deliveries = deliveries_of(webwork, sender.told)

    assert Counter(event.payload["id"] for event in site.events()) == Counter(sender.told)
    # The token of a new webhook is known to the receiver a second after WebWork has told it; the old one delivers too.
    assert Counter(delivery.status for delivery in deliveries).keys() <= {200, 401}
    signed = [seen for seen in site.endpoints.observed("payroll") if "x-signature" in seen.proof and seen.verified]
    used = {seen.verified_with for seen in signed}
    assert len(used) >= 2, "the token of the present webhook, and that of the one before"

"""Keys and secrets change under load: no good delivery is refused meanwhile, and no old one afterwards."""

import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import requests

from airflow_provider_webwork.events.access import Access
from airflow_provider_webwork.events.endpoint import key_id
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.receiver.proofs.hmacs import Hmac
from airflow_provider_webwork.receiver.proofs.settings import to_json
from airflow_provider_webwork.secrets import Vault, hash_key
from tests.server.canaries import every_value, found

PROOF = Hmac(header="x-signature", timestamp_header="x-timestamp")
OLD, NEW = "canary-of-the-old-secret", "canary-of-the-new-secret"
AGREED = 1.0
"""Seconds after a change within which all receivers follow it."""


@dataclass
class Sender:
    """Delivers all the time, each delivery to the next receiver, with the key and secret that it has by now."""

    ports: list
    key: str
    secret: str
    statuses: list = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self):
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(30)

    def _run(self):
        with requests.Session() as session:
            session.trust_env = False
            for number, port in enumerate(itertools.cycle(self.ports)):
                if self.stopping.is_set():
                    return
                status = deliver(port, self.key, self.secret, number=f"{id(self)}-{number}", session=session)
                self.statuses.append((time.monotonic(), status))

    def wait_for(self, count):
        """Wait until so many more deliveries were answered."""
        wanted = len(self.statuses) + count
        deadline = time.monotonic() + 60
        while len(self.statuses) < wanted:
            assert time.monotonic() < deadline
            assert self.thread.is_alive()
            time.sleep(0.01)

    def after(self, moment):
        return {status for at, status in self.statuses if at > moment}


def deliver(port, key, secret, *, number, session=requests):
    body = json.dumps({"event": "tracker.started", "event_id": number, "data": {"user_id": 7}}).encode()
    signed = PROOF.sign(body, secret, message_id="", at=datetime.now(UTC))
    return session.post(
        f"http://127.0.0.1:{port}/hooks/{key}", data=signed.body, headers=dict(signed.headers), timeout=30
    ).status_code


@pytest.fixture
def endpoints(site):
    return Endpoints(site.store, Vault([site.environment["AIRFLOW__WEBWORK__SECRET_KEY"]]))


@pytest.fixture
def access(site, endpoints):
    return Access(site.store, endpoints._vault, now=lambda: datetime.now(UTC), actor="Member 7")


@pytest.fixture
def ports(site):
    processes = [site.start(), site.start()]
    return [process.wait_until_it_listens().port for process in processes]


def uses(endpoints):
    counts = {}
    for each in endpoints.observed("payroll"):
        if each.verified:
            counts[each.verified_with] = counts.get(each.verified_with, 0) + each.deliveries
    return counts


def test_a_second_key_and_secret_take_over_under_load(site, access, endpoints, ports):
    old_secret = access.add_secret("payroll", OLD)
    access.require("payroll", to_json(PROOF))
    time.sleep(AGREED)
    with Sender(ports, site.key, OLD) as first:
        first.wait_for(20)
        new_key = access.add_key("payroll")
        new_secret = access.add_secret("payroll", NEW)
        time.sleep(AGREED)
        with Sender(ports, new_key, NEW) as second:
            second.wait_for(20)
            first.wait_for(20)
            expired, until = time.monotonic() + 2, datetime.now(UTC) + timedelta(seconds=2)
            access.expire("payroll", key_id(hash_key(site.key)), at=until)
            access.expire("payroll", old_secret.id, at=until)
            while time.monotonic() < expired + AGREED:
                second.wait_for(1)
            first.wait_for(10)
            second.wait_for(10)
    assert {status for at, status in first.statuses if at < expired - 0.1} == {200}
    assert first.after(expired + AGREED) == {404}
    assert {status for _, status in second.statuses} == {200}
    assert {deliver(port, new_key, OLD, number="late") for port in ports} == {401}
    for process in site.processes:
        process.terminate()
        assert process.wait() == 0
    by_first = [status for _, status in first.statuses].count(200)
    assert len(site.events()) == by_first + len(second.statuses)
    counted = uses(endpoints)
    assert (counted[old_secret.id], counted[new_secret.id]) == (by_first, len(second.statuses))
    assert counted[key_id(hash_key(new_key))] == len(second.statuses) + len(ports)
    secrets = {"old secret": OLD, "new secret": NEW, "old key": site.key, "new key": new_key}
    kept = every_value(site.store.name)
    assert hash_key(new_key) in kept["endpoint_key"]
    assert found(secrets, "".join([*kept.values(), *(process.output for process in site.processes)])) == set()


@pytest.mark.parametrize(
    "change", ["revoke the key", "revoke the secret", "require a proof", "add a key", "add a secret"]
)
def test_two_receivers_follow_a_change_within_a_second(site, access, ports, change):
    secret = access.add_secret("payroll", OLD)
    other = access.add_key("payroll")
    if change.endswith("secret"):
        access.require("payroll", to_json(PROOF))
    time.sleep(AGREED)
    key, signed_with = other, OLD
    if change == "revoke the key":
        access.revoke("payroll", key_id(hash_key(other)))
    elif change == "revoke the secret":
        access.revoke("payroll", secret.id)
    elif change == "require a proof":
        access.require("payroll", to_json(Hmac(header="x-another")))
    elif change == "add a key":
        key = access.add_key("payroll")
    else:
        access.add_secret("payroll", NEW)
        signed_with = NEW
    time.sleep(AGREED)
    expected = {"revoke the key": 404, "revoke the secret": 401, "require a proof": 401}.get(change, 200)
    assert [deliver(port, key, signed_with, number=f"{port}") for port in ports] == [expected] * 2

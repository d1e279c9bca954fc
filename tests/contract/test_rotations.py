"""The record of rotations on every database: step by step, each by one process, and no secret in clear."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from airflow_provider_webwork.errors import WebWorkLogError, WebWorkLogUnavailableError, WebWorkSecretError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.access import Access
from airflow_provider_webwork.events.audit import entries
from airflow_provider_webwork.events.copying import copy_log
from airflow_provider_webwork.events.credentials import Credentials
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.leases import Leases
from airflow_provider_webwork.events.reencryption import ENCRYPTED, reencrypt
from airflow_provider_webwork.events.rotation import subject_of_endpoint, subject_of_webhook
from airflow_provider_webwork.events.rotations import Rotations
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.secrets import Vault, hash_key
from tests.contract.arrivals import NOON
from tests.contract.processes import FRESH, together

DAY = timedelta(days=1)
OLD_TOKEN, NEW_TOKEN = "canary-of-the-old-token", "canary-of-the-new-token"


@pytest.fixture
def endpoints(store, vault):
    return Endpoints(store, vault)


@pytest.fixture
def old_key(endpoints):
    """The key of the endpoint `payroll`, whose webhook is 31."""
    key = endpoints.open("payroll", now=NOON).pending_key
    endpoints.activate(
        "payroll",
        key=key,
        webhook_id="31",
        webhook_token=OLD_TOKEN,
        workspace_id="12",
        conn_id="webwork_default",
        events=("tracker.started",),
    )
    return key


@pytest.fixture
def rotations(store, vault, old_key):
    return Rotations(store, vault, now=lambda: NOON + DAY, actor="Member 7")


def begin(rotations, strategy="replace"):
    return rotations.begin_for_endpoint("payroll", strategy=strategy, old_webhook_id="31", started_at=NOON)


def switch(rotations, rotation, *, webhook_id="32", token=NEW_TOKEN):
    return rotations.switch_endpoint(
        rotation,
        webhook_id=webhook_id,
        webhook_token=token,
        workspace_id="12",
        conn_id="webwork_default",
        overlap_until=NOON + 2 * DAY,
    )


def accepted(endpoints, at):
    endpoint = endpoints.get("payroll")
    return {key for key in endpoint.key_hashes if endpoint.accepts(key, at=at)}, {
        secret.value for secret in endpoint.accepted_secrets(at=at)
    }


def test_each_step_changes_what_is_accepted_and_is_found_again(rotations, endpoints, old_key):
    rotation = begin(rotations)
    old, new = hash_key(old_key), hash_key(rotation.key)
    assert rotations.find(subject_of_endpoint("payroll")) == rotation
    assert accepted(endpoints, NOON) == ({old, new}, {OLD_TOKEN})
    assert endpoints.get("payroll").rotating == {new: "pending"}

    rotation = switch(rotations, rotation)
    assert rotations.find(subject_of_endpoint("payroll")) == rotation
    endpoint = endpoints.get("payroll")
    assert (endpoint.webhook_id, endpoint.former_webhook_id, endpoint.events) == ("32", "31", ("tracker.started",))
    assert accepted(endpoints, NOON + 100 * DAY) == ({old, new}, {OLD_TOKEN, NEW_TOKEN}), "however late it is finished"

    rotation = rotations.finish(rotations.retire(rotation), linger=timedelta(minutes=1))
    assert rotations.find(subject_of_endpoint("payroll")) == rotation
    assert (rotation.unfinished, rotation.key) == (False, None)
    assert accepted(endpoints, NOON + DAY) == ({old, new}, {OLD_TOKEN, NEW_TOKEN})
    assert accepted(endpoints, NOON + DAY + timedelta(minutes=1)) == ({new}, {NEW_TOKEN})
    assert endpoints.get("payroll").former_webhook_id is None
    assert endpoints.key_made_at("payroll") == NOON


def test_a_rekeyed_webhook_keeps_its_token_and_the_old_key_ends_with_the_overlap(rotations, endpoints, old_key):
    rotation = switch(rotations, begin(rotations, "rekey"), webhook_id="31", token=None)
    rotations.finish(rotation, linger=timedelta())
    new = {hash_key(rotation.key)}

    assert accepted(endpoints, NOON + 2 * DAY - timedelta(seconds=1)) == (new | {hash_key(old_key)}, {OLD_TOKEN})
    assert accepted(endpoints, NOON + 2 * DAY) == (new, {OLD_TOKEN})


def test_a_rotation_that_is_begun_anew_gives_up_the_former_key(rotations, endpoints, old_key):
    first, second = begin(rotations), begin(rotations)

    assert rotations.find(subject_of_endpoint("payroll")) == second
    assert accepted(endpoints, NOON + DAY)[0] == {hash_key(old_key), hash_key(second.key)}
    assert first.key != second.key


def test_a_step_is_taken_once(rotations):
    begun = begin(rotations)
    overlapping = switch(rotations, begun)
    retiring = rotations.retire(overlapping)
    rotations.finish(retiring, linger=timedelta())

    for again in (
        lambda: switch(rotations, begun),
        lambda: rotations.retire(overlapping),
        lambda: rotations.switch_webhook(overlapping, webhook_id="33", overlap_until=NOON),
        lambda: rotations.finish(retiring, linger=timedelta()),
    ):
        with pytest.raises(WebWorkLogUnavailableError, match="Another process went on"):
            again()


def test_webhooks_of_others_are_found_by_the_ids_that_they_had(rotations):
    begun = rotations.begin_for_webhook(subject_of_webhook("1"), old_webhook_id="1", known=["1", "9"], started_at=NOON)
    assert begun.known == ("1", "9")
    done = rotations.finish(rotations.switch_webhook(begun, webhook_id="2", overlap_until=NOON), linger=timedelta())

    assert rotations.find_webhook("1") == rotations.find_webhook("2") == done
    assert rotations.find_webhook("9") is None
    begin(rotations)
    assert rotations.find_webhook("31") is None, "the webhook of an endpoint is nobody else's"


def test_those_that_are_not_finished_are_listed_with_what_they_need(rotations):
    done = rotations.begin_for_webhook(subject_of_webhook("1"), old_webhook_id="1", known=[], started_at=NOON)
    rotations.finish(done, linger=timedelta())
    later = rotations.begin_for_webhook(subject_of_webhook("2"), old_webhook_id="2", known=[], started_at=NOON + DAY)
    sooner = begin(rotations)

    assert rotations.unfinished() == [sooner, later]
    assert rotations.unfinished()[0].key == sooner.key is not None


def test_the_audit_can_be_read_from_some_time_on(rotations, store):
    begin(rotations)

    assert [entry.action for entry in entries(store, since=NOON + DAY)] == ["rotate"]
    assert entries(store, since=NOON + DAY + timedelta(microseconds=1)) == []


def test_an_endpoint_takes_its_rotation_with_it(rotations, endpoints):
    begin(rotations)
    endpoints.delete("payroll")
    assert rotations.find(subject_of_endpoint("payroll")) is None
    with pytest.raises(WebWorkLogError, match="no endpoint 'payroll'"):
        begin(rotations)


def test_the_audit_names_every_step_and_no_secret(rotations, store, old_key):
    rotation = begin(rotations)
    rotations.finish(rotations.retire(switch(rotations, rotation)), linger=timedelta())
    lines = entries(store)

    assert {line.details["step"] for line in lines} == {"making", "overlap", "retiring", "done"}
    assert {(line.actor, line.action, line.subject) for line in lines} == {("Member 7", "rotate", "endpoint payroll")}
    secrets = (old_key, rotation.key, OLD_TOKEN, NEW_TOKEN)
    assert not any(text in repr(lines) for secret in secrets for text in (secret, hash_key(secret)))


def step_in_a_process(url, key, barrier):
    store = Store(url)
    rotations = Rotations(store, Vault([key]), now=lambda: NOON, actor="x")
    rotation = rotations.find(subject_of_endpoint("payroll"))
    barrier.wait(timeout=60)
    try:
        rotations.retire(rotation)
    except WebWorkLogUnavailableError:
        return False
    finally:
        store.close()
    return True


def test_of_processes_that_take_a_step_at_once_one_does(store_url, store):
    key = Fernet.generate_key().decode()
    vault = Vault([key])
    Endpoints(store, vault).open("payroll", now=NOON)
    rotations = Rotations(store, vault, now=lambda: NOON, actor="x")
    switch(rotations, begin(rotations))

    taken = together(step_in_a_process, [(store_url, key, FRESH.Barrier(3))] * 3)
    assert sorted(taken) == [False, False, True]


def test_a_lease_that_is_given_back_is_free_and_that_of_another_stays(store):
    leases = Leases(store, now=lambda: NOON)
    assert leases.take("payroll", "one", length=DAY)
    leases.release("payroll", "two")
    assert not leases.take("payroll", "two", length=DAY)
    leases.release("payroll", "one")
    assert leases.take("payroll", "two", length=DAY)


# Another secret key.


@pytest.fixture
def everything(rotations, endpoints, store, vault):
    """A log with a secret in every place that may hold one."""
    switch(rotations, begin(rotations))
    begin(rotations)
    endpoints.renew("payroll", now=NOON)
    Access(store, vault, now=lambda: NOON, actor="x").add_secret("payroll", "canary-of-a-secret")
    credentials(store, vault).replace("oauth", outdated=None, make=lambda _: "canary-of-a-refresh-token")
    return store


def credentials(store, vault):
    return Credentials(store, vault, sleep=lambda _: None)


def sealed(store):
    """Return every encrypted text in the log, by the table and column that it is in."""
    with store.read() as connection:
        return {
            (table.name, column.name): found
            for table in schema.metadata.sorted_tables
            for column in table.columns
            if isinstance(column.type, sa.Text)
            and (found := connection.scalars(sa.select(column).where(column.like("gAAAA%"))).all())
        }


def test_every_secret_moves_on_to_the_first_key_and_nobody_needs_the_former(everything, endpoints):
    before, known = sealed(everything), endpoints.list()
    former = endpoints._vault._keys[0]
    new = Fernet.generate_key().decode()

    count = reencrypt(everything, Vault([new, former]), now=lambda: NOON, actor="Member 7")

    after = sealed(everything)
    assert before.keys() == after.keys() == {(column.table.name, column.name) for column in ENCRYPTED}
    assert count == sum(map(len, after.values())) == 6
    alone = Vault([new])
    assert all(alone.decrypt(text) for texts in after.values() for text in texts)
    assert Endpoints(everything, alone).list() == known
    assert credentials(everything, alone).get("oauth") == "canary-of-a-refresh-token"
    with pytest.raises(WebWorkSecretError, match=alone.fingerprint):
        endpoints.list()
    assert [entry.details for entry in entries(everything) if entry.action == "reencrypt"] == [
        {"secrets": 6, "key": alone.fingerprint}
    ]


def test_doing_it_again_keeps_everything_readable(everything, vault, endpoints):
    known = endpoints.list()
    for _ in range(2):
        reencrypt(everything, vault, now=lambda: NOON, actor="x")
    assert endpoints.list() == known


def test_without_the_former_key_nothing_changes(everything, endpoints):
    known = endpoints.list()
    with pytest.raises(WebWorkSecretError, match="encrypts its secrets with the key"):
        reencrypt(everything, Vault([Fernet.generate_key().decode()]), now=lambda: NOON, actor="x")
    assert endpoints.list() == known


def test_a_copy_of_the_log_goes_on_with_the_rotation(everything, open_store, new_url, vault):
    target = open_store(new_url, auto_upgrade=True)
    copy_log(everything, target, progress=lambda *_: None)
    of_copy, of_log = (Rotations(each, vault, now=lambda: NOON, actor="x") for each in (target, everything))

    assert of_copy.find(subject_of_endpoint("payroll")) == of_log.find(subject_of_endpoint("payroll"))
    assert Endpoints(target, vault).list() == Endpoints(everything, vault).list()

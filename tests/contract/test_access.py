"""Who may deliver: keys and secrets come, expire and go, on every database, and nobody reads them there."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from airflow_provider_webwork.errors import WebWorkLogError, WebWorkSecretError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.access import Access
from airflow_provider_webwork.events.audit import entries
from airflow_provider_webwork.events.copying import copy_log
from airflow_provider_webwork.events.endpoint import OF_WEBHOOK, Sighting, Tried, Uses, key_id
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.observed import MOST_OBSERVED
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.secrets import Vault, hash_key
from tests.contract.arrivals import NOON
from tests.contract.processes import together

HOUR = timedelta(hours=1)
LATER = NOON + HOUR
FIRST, SECOND = "canary-of-the-first-secret", "whsec_canary-of-the-second-secret"


@pytest.fixture
def endpoints(store, vault):
    return Endpoints(store, vault)


@pytest.fixture
def access(store, vault, endpoints):
    endpoints.open("payroll", now=NOON)
    return Access(store, vault, now=lambda: NOON, actor="Member 7")


def id_of(key):
    return key_id(hash_key(key))


def accepted(endpoints, at=NOON):
    return [secret.value for secret in endpoints.get("payroll").accepted_secrets(at=at)]


# Keys.


def test_a_second_key_is_accepted_beside_the_first(endpoints, access):
    first = endpoints.get("payroll").pending_key
    second = access.add_key("payroll")

    endpoint = endpoints.get("payroll")
    assert second != first
    assert all(endpoint.accepts(hash_key(key), at=LATER) for key in (first, second))
    assert endpoint.pending_key == first


def test_a_second_key_lets_the_first_expire_when_it_is_told_to(endpoints, access):
    first = endpoints.get("payroll").pending_key
    second = access.add_key("payroll", others_expire_at=LATER)
    third = access.add_key("payroll", others_expire_at=LATER + HOUR)

    endpoint = endpoints.get("payroll")
    assert endpoint.key_hashes == {hash_key(first): LATER, hash_key(second): LATER + HOUR, hash_key(third): None}
    assert endpoint.pending_key is None, "a URL that will not be accepted must not be given out"
    assert endpoints.open("payroll", now=NOON).pending_key not in {None, first, second, third}


def test_a_key_expires_and_is_revoked_by_its_id(endpoints, access):
    first = endpoints.get("payroll").pending_key
    second = access.add_key("payroll", expires_at=LATER)
    access.expire("payroll", id_of(first), at=LATER)
    access.revoke("payroll", id_of(second))

    assert endpoints.get("payroll").key_hashes == {hash_key(first): LATER}
    assert endpoints.get("payroll").pending_key is None


def activate(endpoints, key):
    endpoints.activate(
        "payroll",
        key=key,
        webhook_id="31",
        webhook_token="the token of the webhook",
        workspace_id=None,
        conn_id="webwork_default",
        events=(),
    )


def test_a_new_webhook_ends_the_keys_of_the_former_and_no_others(endpoints, access):
    first = endpoints.get("payroll").pending_key
    by_hand, expiring = access.add_key("payroll"), access.add_key("payroll", expires_at=LATER)
    activate(endpoints, first)
    assert set(endpoints.get("payroll").key_hashes) == {hash_key(key) for key in (first, by_hand, expiring)}

    renewed = endpoints.renew("payroll", now=NOON).pending_key
    activate(endpoints, renewed)
    assert set(endpoints.get("payroll").key_hashes) == {hash_key(key) for key in (renewed, by_hand, expiring)}


# Secrets.


def test_secrets_are_accepted_between_their_times_the_newest_first(endpoints, access):
    access.add_secret("payroll", FIRST, expires_at=LATER)
    access.add_secret("payroll", f" {SECOND}\n", not_before=LATER)
    activate(endpoints, endpoints.get("payroll").pending_key)

    token = "the token of the webhook"
    assert accepted(endpoints, NOON) == [FIRST, token]
    assert accepted(endpoints, LATER) == [SECOND, token]
    assert endpoints.get("payroll").accepted_secrets(at=NOON)[-1].id == OF_WEBHOOK


def test_a_new_secret_lets_the_others_expire_when_it_is_told_to(endpoints, access):
    access.add_secret("payroll", FIRST)
    access.add_secret("payroll", SECOND, others_expire_at=LATER)

    assert set(accepted(endpoints, LATER - timedelta(microseconds=1))) == {FIRST, SECOND}
    assert accepted(endpoints, LATER) == [SECOND]


def test_a_secret_expires_and_is_revoked_by_its_id(endpoints, access):
    first, second = access.add_secret("payroll", FIRST), access.add_secret("payroll", SECOND)
    access.expire("payroll", first.id, at=LATER)
    assert accepted(endpoints, LATER) == [SECOND]
    access.revoke("payroll", second.id)
    assert accepted(endpoints) == [FIRST]


def test_secrets_that_could_not_be_kept_secret_are_refused(endpoints, access):
    for text in ("short", "", " " * 20, "a\nb" * 10, "x" * 1001):
        with pytest.raises(ValueError, match="A secret is a line of 8 to 1,000 printable characters"):
            access.add_secret("payroll", text)
    for times in ({"expires_at": NOON}, {"expires_at": LATER, "not_before": LATER}):
        with pytest.raises(ValueError, match="must begin to be accepted before it expires"):
            access.add_secret("payroll", FIRST, **times)
    assert endpoints.get("payroll").secrets == ()


def test_what_does_not_exist_is_named(access, endpoints):
    endpoints.open("billing", now=NOON)
    other = access.add_secret("billing", FIRST)
    for attempt in (
        lambda: access.add_key("nobody"),
        lambda: access.add_secret("nobody", FIRST),
        lambda: access.require("nobody", None),
    ):
        with pytest.raises(WebWorkLogError, match="There is no endpoint 'nobody'"):
            attempt()
    for attempt in (lambda: access.revoke("payroll", other.id), lambda: access.expire("payroll", "x", at=NOON)):
        with pytest.raises(WebWorkLogError, match="'payroll' has no key or secret"):
            attempt()


def test_a_deleted_endpoint_takes_everything_with_it(endpoints, access, store):
    access.add_secret("payroll", FIRST)
    access.require("payroll", '{"proof": "bearer"}')
    endpoints.record({"payroll": Sighting(tried={Tried("key", "verified", "x"): Uses(1, NOON)})})
    endpoints.delete("payroll")

    with store.read() as connection:
        for table in (schema.endpoint, schema.endpoint_key, schema.endpoint_secret, schema.observed_proof):
            assert connection.execute(sa.select(table)).all() == []
    endpoint = endpoints.open("payroll", now=NOON)
    assert (endpoint.required_proof, endpoint.secrets, endpoints.observed("payroll")) == (None, (), ())


def test_a_proof_is_required_and_not_required_again(endpoints, access):
    access.require("payroll", '{"proof": "bearer"}')
    assert endpoints.get("payroll").required_proof == '{"proof": "bearer"}'
    access.require("payroll", None)
    assert endpoints.get("payroll").required_proof is None


def test_the_audit_says_who_did_what_and_tells_no_secret(access, store):
    key, secret = access.add_key("payroll"), access.add_secret("payroll", FIRST)
    access.expire("payroll", secret.id, at=LATER)
    access.revoke("payroll", id_of(key))
    access.require("payroll", '{"proof": "bearer"}')

    lines = entries(store)
    assert {(line.action, str(line.details["what"])) for line in lines} == {
        ("add key", id_of(key)),
        ("add secret", secret.id),
        ("expire", secret.id),
        ("revoke", id_of(key)),
        ("require", "{'proof': 'bearer'}"),
    }
    assert {(line.actor, line.subject) for line in lines} == {("Member 7", "endpoint payroll")}
    assert not any(text in repr(lines) for text in (key, hash_key(key), FIRST))


@pytest.fixture
def bytes_on_disk(store_url, tmp_path):
    if store_url.startswith("sqlite"):
        return lambda: b"".join(path.read_bytes() for path in sorted(tmp_path.glob("events.db*")))
    wal = Path(sa.make_url(store_url).query["host"], "data", "pg_wal")
    return lambda: b"".join(path.read_bytes() for path in sorted(wal.glob("0*")))


def test_neither_keys_nor_secrets_are_in_the_files_in_clear(access, bytes_on_disk):
    key = access.add_key("payroll")
    secrets = [access.add_secret("payroll", text) for text in (FIRST, SECOND)]
    files = bytes_on_disk()

    assert hash_key(key).encode() in files
    assert all(secret.id.encode() in files for secret in secrets)
    for text in (key, FIRST, SECOND, SECOND.removeprefix("whsec_")):
        assert text.encode() not in files
    assert not any(text in repr(secrets) for text in (FIRST, SECOND))


def test_another_secret_key_is_refused(access, store):
    access.add_secret("payroll", FIRST)
    stranger = Vault([Fernet.generate_key().decode()])

    with pytest.raises(WebWorkSecretError, match="encrypts its secrets with the key"):
        Access(store, stranger, now=lambda: NOON, actor="x").add_secret("payroll", SECOND)
    with store.write() as connection:
        connection.execute(schema.endpoint.update().values(pending_key=None))
    with pytest.raises(WebWorkSecretError, match="encrypts its secrets with the key"):
        Endpoints(store, stranger).list()


# What receivers saw.


def test_what_came_of_proofs_adds_up_over_receivers(endpoints, access):
    held, failed = Tried("hmac", "verified", "s1"), Tried("hmac", "mismatch", "")
    endpoints.record({"payroll": Sighting(deliveries=3, tried={held: Uses(2, LATER), failed: Uses(1, NOON)})})
    endpoints.record({"payroll": Sighting(tried={held: Uses(3, NOON)}), "gone": Sighting(tried={held: Uses(1, NOON)})})

    seen = [(each.outcome, each.verified_with, each.deliveries, each.last_at) for each in endpoints.observed("payroll")]
    assert seen == [("verified", "s1", 5, LATER), ("mismatch", "", 1, NOON)]
    assert endpoints.observed("gone") == ()


def test_a_sender_cannot_make_the_log_grow_with_headers_of_its_own_making(endpoints, access):
    known = Tried("known", "verified", "s1")
    endpoints.record({"payroll": Sighting(tried={known: Uses(1, NOON)})})
    many = {Tried(f"proof {number}", "mismatch", ""): Uses(1, NOON) for number in range(MOST_OBSERVED + 50)}
    endpoints.record({"payroll": Sighting(tried={**many, known: Uses(1, NOON)})})

    observed = endpoints.observed("payroll")
    assert len(observed) == MOST_OBSERVED
    assert (observed[0].proof, observed[0].deliveries) == ("known", 2)


def record_the_same(url, key):
    store = Store(url)
    endpoints = Endpoints(store, Vault([key]))
    for number in range(30):
        endpoints.record({"payroll": Sighting(tried={Tried(f"proof {number}", "verified", ""): Uses(1, NOON)})})
    store.close()


def test_receivers_that_see_the_same_for_the_first_time_at_once_count_it_twice(store_url, store):
    key = Fernet.generate_key().decode()
    endpoints = Endpoints(store, Vault([key]))
    endpoints.open("payroll", now=NOON)
    together(record_the_same, [(store_url, key)] * 2)

    assert {each.deliveries for each in endpoints.observed("payroll")} == {2}
    assert len(endpoints.observed("payroll")) == 30


def test_a_copy_of_the_log_knows_the_same_secrets(access, endpoints, open_store, new_url, vault):
    access.add_secret("payroll", FIRST)
    access.require("payroll", '{"proof": "bearer"}')
    endpoints.record({"payroll": Sighting(tried={Tried("key", "verified", "x"): Uses(1, NOON)})})
    target = open_store(new_url, auto_upgrade=True)
    copy_log(access._store, target, progress=lambda *_: None)

    copied = Endpoints(target, vault)
    assert copied.list() == endpoints.list()
    assert copied.observed("payroll") == endpoints.observed("payroll")
    assert accepted(copied) == [FIRST]

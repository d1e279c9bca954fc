"""Endpoints keep their keys as hashes, their secrets encrypted, and survive being asked twice."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from airflow_provider_webwork.errors import WebWorkLogError, WebWorkLogUnavailableError, WebWorkSecretError
from airflow_provider_webwork.events.endpoint import Sighting
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.names import checked_name
from airflow_provider_webwork.events.reading import Reading
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.secrets import Vault, hash_key
from tests.contract.arrivals import NOON
from tests.contract.processes import FRESH, together

LATER = NOON + timedelta(hours=1)
TOKEN = "whsec_of_the_webhook_of_member_7"


@pytest.fixture
def endpoints(store, vault):
    return Endpoints(store, vault)


def activate(endpoints, key, **changes):
    registered = {
        "key": key,
        "webhook_id": "31",
        "webhook_token": TOKEN,
        "workspace_id": "12",
        "conn_id": "webwork_default",
        "events": ("tracker.started", "tracker.stopped"),
    }
    endpoints.activate("payroll", **{**registered, **changes})
    return endpoints.find("payroll")


def test_an_endpoint_begins_pending_with_a_key_that_it_accepts(endpoints):
    opened = endpoints.open("payroll", now=NOON)

    assert (opened.name, opened.state, opened.created_at, opened.deliveries) == ("payroll", "pending", NOON, 0)
    assert opened.accepts(hash_key(opened.pending_key), at=NOON)
    assert not opened.accepts(hash_key("another key"), at=NOON)


def test_opening_it_again_changes_nothing(endpoints):
    opened = endpoints.open("payroll", now=NOON)

    assert endpoints.open("payroll", now=LATER) == opened == endpoints.find("payroll")
    assert endpoints.list() == [opened]


def test_once_its_webhook_is_known_the_key_is_forgotten_and_still_accepted(endpoints):
    key = endpoints.open("payroll", now=NOON).pending_key
    active = activate(endpoints, key)

    assert (active.state, active.webhook_id, active.workspace_id) == ("active", "31", "12")
    assert (active.conn_id, active.events) == ("webwork_default", ("tracker.started", "tracker.stopped"))
    assert (active.webhook_token, active.pending_key) == (TOKEN, None)
    assert active.accepts(hash_key(key), at=LATER)
    assert activate(endpoints, key) == active
    assert endpoints.open("payroll", now=LATER) == active


def test_a_webhook_without_a_token_is_recorded_as_such(endpoints):
    key = endpoints.open("payroll", now=NOON).pending_key

    assert activate(endpoints, key, webhook_token=None).webhook_token is None


def test_renewing_gives_one_more_key_and_keeps_the_former_until_the_new_one_is_in_use(endpoints):
    old = endpoints.open("payroll", now=NOON).pending_key
    activate(endpoints, old)
    renewed = endpoints.renew("payroll", now=LATER)
    new = renewed.pending_key

    assert new != old
    assert set(renewed.key_hashes) == {hash_key(old), hash_key(new)}
    assert all(renewed.accepts(each, at=LATER) for each in renewed.key_hashes)
    assert endpoints.renew("payroll", now=LATER) == renewed

    assert set(activate(endpoints, new, webhook_id="32").key_hashes) == {hash_key(new)}


def test_renewing_an_endpoint_that_waits_for_its_webhook_keeps_its_key(endpoints):
    opened = endpoints.open("payroll", now=NOON)

    assert endpoints.renew("payroll", now=LATER) == opened


def test_a_key_that_was_replaced_meanwhile_cannot_take_the_place_of_the_one_in_use(endpoints):
    old = endpoints.open("payroll", now=NOON).pending_key
    activate(endpoints, old)
    new = endpoints.renew("payroll", now=LATER).pending_key
    active = activate(endpoints, new)

    with pytest.raises(WebWorkLogUnavailableError, match="Another process gave the endpoint"):
        activate(endpoints, old, webhook_id="99")
    assert endpoints.find("payroll") == active


def test_a_key_of_another_endpoint_is_not_taken(endpoints):
    endpoints.open("payroll", now=NOON)
    other = endpoints.open("billing", now=NOON)

    with pytest.raises(WebWorkLogUnavailableError):
        activate(endpoints, other.pending_key)
    assert endpoints.find("billing") == other


def test_what_does_not_exist_is_named_and_leaves_nothing_behind(endpoints):
    with pytest.raises(WebWorkLogError, match=r"no endpoint 'payroll'.*airflow webwork endpoints list"):
        endpoints.renew("payroll", now=NOON)
    with pytest.raises(WebWorkLogError, match="no endpoint 'payroll'"):
        activate(endpoints, "key")

    assert endpoints.find("payroll") is None
    assert len(endpoints.open("payroll", now=NOON).key_hashes) == 1


def test_a_deleted_endpoint_is_gone_with_its_keys_and_its_name_is_free(endpoints):
    old = endpoints.open("payroll", now=NOON).pending_key
    other = endpoints.open("billing", now=NOON)
    for _ in range(2):
        endpoints.delete("payroll")
        assert endpoints.list() == [other]

    assert not endpoints.open("payroll", now=LATER).accepts(hash_key(old), at=LATER)


def test_endpoints_are_listed_by_name(endpoints):
    for name in ("payroll", "billing", "a"):
        endpoints.open(name, now=NOON)

    assert [each.name for each in endpoints.list()] == ["a", "billing", "payroll"]


def test_a_key_is_accepted_until_it_expires(endpoints):
    opened = replace(endpoints.open("payroll", now=NOON), key_hashes={"h": LATER})

    assert opened.accepts("h", at=LATER - timedelta(microseconds=1))
    assert not opened.accepts("h", at=LATER)


def test_an_endpoint_is_read_as_usual_until_it_says_otherwise(endpoints):
    assert endpoints.open("payroll", now=NOON).reading == Reading()
    for reading in (Reading(type="meta.kind", volatile=("token",)), Reading()):
        endpoints.read_as("payroll", reading)
        assert endpoints.get("payroll").reading == reading

    with pytest.raises(WebWorkLogError, match="no endpoint 'billing'"):
        endpoints.read_as("billing", Reading())


@pytest.mark.parametrize("name", ["a", "payroll", "team.payroll-2_b", "a" * 63])
def test_names_that_an_endpoint_can_have(name):
    assert checked_name(name, of="endpoint") == name


@pytest.mark.parametrize("name", ["", "A", "1a", "-a", "a b", "a/b", "a" * 64, "payroll\n", "é", None, 7])
def test_names_that_it_cannot_have_are_refused_before_anything_is_stored(endpoints, name):
    with pytest.raises(ValueError, match=r"endpoint: .* is not a name"):
        checked_name(name, of="endpoint")
    with pytest.raises(ValueError, match=r"endpoint: .* is not a name"):
        endpoints.open(name, now=NOON)
    assert endpoints.list() == []


def open_endpoints(url, key, barrier):
    store = Store(url)
    endpoints = Endpoints(store, Vault([key]))
    opened = []
    for number in range(20):
        barrier.wait(timeout=60)
        opened.append(endpoints.open(f"payroll-{number}", now=NOON))
    store.close()
    return [(each.pending_key, sorted(each.key_hashes)) for each in opened]


def test_processes_that_open_the_same_endpoint_at_once_get_the_same_key(store_url):
    key = Fernet.generate_key().decode()
    answers = together(open_endpoints, [(store_url, key, FRESH.Barrier(3))] * 3)

    assert answers[0] == answers[1] == answers[2]
    assert all(hashes == [hash_key(pending)] for pending, hashes in answers[0])


def record_sightings(url, key, names):
    store = Store(url)
    endpoints = Endpoints(store, Vault([key]))
    for _ in range(50):
        endpoints.record({name: Sighting(deliveries=1) for name in names})
    store.close()


def test_receivers_that_saw_the_same_endpoints_in_different_orders_do_not_lock_each_other_out(store_url, store):
    key = Fernet.generate_key().decode()
    names = ["billing", "payroll", "support"]
    endpoints = Endpoints(store, Vault([key]))
    for name in names:
        endpoints.open(name, now=NOON)
    together(record_sightings, [(store_url, key, names), (store_url, key, names[::-1])])

    assert [each.deliveries for each in endpoints.list()] == [100, 100, 100]


# What receivers saw.


def test_sightings_of_several_receivers_add_up_and_the_latest_time_counts(endpoints):
    endpoints.open("payroll", now=NOON)
    opened = endpoints.open("billing", now=NOON)
    endpoints.record({"payroll": Sighting(deliveries=3, last_delivery_at=LATER)})
    endpoints.record({"payroll": Sighting(deliveries=2, last_delivery_at=NOON, last_probe_at=NOON), "gone": Sighting()})
    endpoints.record({"payroll": Sighting(last_probe_at=LATER)})
    endpoints.record({})

    seen = endpoints.find("payroll")
    assert (seen.deliveries, seen.last_delivery_at, seen.last_probe_at) == (5, LATER, LATER)
    assert endpoints.find("billing") == opened


# Secrets.


@pytest.fixture
def bytes_on_disk(store_url, tmp_path, request):
    """Reads everything that the database has on disk: for PostgreSQL its write-ahead log, which everything passes."""
    if store_url.startswith("sqlite"):
        return lambda: b"".join(path.read_bytes() for path in sorted(tmp_path.glob("events.db*")))
    wal = Path(sa.make_url(store_url).query["host"], "data", "pg_wal")
    return lambda: b"".join(path.read_bytes() for path in sorted(wal.glob("0*")))


def test_neither_keys_nor_tokens_are_in_the_files_in_clear(endpoints, bytes_on_disk):
    first = endpoints.open("payroll", now=NOON).pending_key
    while_pending = bytes_on_disk()
    activate(endpoints, first)
    second = endpoints.renew("payroll", now=LATER).pending_key
    after = bytes_on_disk()

    # The search itself works: it finds what may be there, also in the write-ahead log.
    assert all(text in after for text in (b"tracker.stopped", hash_key(first).encode(), hash_key(second).encode()))
    assert hash_key(first).encode() in while_pending
    for secret in (first, second, TOKEN):
        assert secret.encode() not in while_pending + after
        assert secret.encode("utf-16-le") not in while_pending + after


def test_no_repr_shows_a_secret(endpoints):
    key = endpoints.open("payroll", now=NOON).pending_key
    activate(endpoints, key)
    renewed = endpoints.renew("payroll", now=LATER)

    assert "payroll" in repr(renewed)
    assert not any(secret in repr(renewed) for secret in (key, renewed.pending_key, TOKEN, hash_key(key)))


def test_another_secret_key_is_refused_with_the_names_of_both(endpoints, store, vault):
    key = endpoints.open("payroll", now=NOON).pending_key
    stranger = Vault([Fernet.generate_key().decode()])
    others = Endpoints(store, stranger)

    for attempt in (
        others.list,
        lambda: others.find("payroll"),
        lambda: others.open("billing", now=NOON),
        lambda: activate(others, key),
    ):
        with pytest.raises(WebWorkSecretError) as refused:
            attempt()
        assert vault.fingerprint in str(refused.value)
        assert stranger.fingerprint in str(refused.value)
        assert "[webwork] secret_key" in str(refused.value)
    assert [each.name for each in endpoints.list()] == ["payroll"]


def test_with_the_former_key_behind_a_new_one_everything_goes_on(store):
    former, new = (Fernet.generate_key().decode() for _ in range(2))
    key = Endpoints(store, Vault([former])).open("payroll", now=NOON).pending_key
    both = Endpoints(store, Vault([new, former]))

    assert both.find("payroll").pending_key == key
    assert activate(both, key).webhook_token == TOKEN


def test_without_any_key_storing_is_refused_with_the_command_that_makes_one(store):
    keyless = Endpoints(store, Vault([]))

    with pytest.raises(WebWorkSecretError, match=r"Fernet\.generate_key\(\)"):
        keyless.open("payroll", now=NOON)
    assert keyless.list() == []


def test_without_any_key_nothing_that_needs_one_is_read(endpoints, store):
    endpoints.open("payroll", now=NOON)

    with pytest.raises(WebWorkSecretError, match=r"Fernet\.generate_key\(\)"):
        Endpoints(store, Vault([])).list()

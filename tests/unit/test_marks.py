"""A mark is good for one key, for a while, and only who has the secret key can make one."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.errors import WebWorkSecretError
from airflow_provider_webwork.events.marks import SECONDS, is_mark, new_mark
from airflow_provider_webwork.secrets import Vault

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = "canary-of-a-callback-key"


@pytest.fixture
def secret_key():
    return Fernet.generate_key().decode()


@pytest.fixture
def vault(secret_key):
    return Vault([secret_key])


def test_a_mark_is_known_and_tells_no_secret(vault):
    mark = new_mark(vault, key=KEY, now=NOW)
    assert is_mark(mark, vault, key=KEY, now=NOW)
    assert KEY not in mark
    assert mark.isascii()


def test_a_mark_outlives_the_rotation_of_the_secret_key(vault, secret_key):
    after = Vault([Fernet.generate_key().decode(), secret_key])
    assert is_mark(new_mark(vault, key=KEY, now=NOW), after, key=KEY, now=NOW)


@pytest.mark.parametrize(("seconds", "good"), [(SECONDS - 1, True), (SECONDS + 1, False), (-59, True), (-62, False)])
def test_a_mark_is_good_for_a_while(vault, seconds, good):
    mark = new_mark(vault, key=KEY, now=NOW)
    assert is_mark(mark, vault, key=KEY, now=NOW + timedelta(seconds=seconds)) is good


def test_what_is_not_made_for_this_key_with_this_secret_is_no_mark(vault):
    mark = new_mark(vault, key=KEY, now=NOW)
    forged = [
        new_mark(vault, key="another-key", now=NOW),
        new_mark(Vault([Fernet.generate_key().decode()]), key=KEY, now=NOW),
        vault.encrypt(KEY),
        "",
        KEY,
        "é\0\udcff",
        "gAAAAA",
        mark * 100,
        mark[:-1],
        *(mark[:place] + ("A" if mark[place] != "A" else "B") + mark[place + 1 :] for place in range(len(mark) - 4)),
    ]
    assert [text for text in forged if is_mark(text, vault, key=KEY, now=NOW)] == []


def test_without_a_secret_key_nothing_is_marked(vault):
    with pytest.raises(WebWorkSecretError, match="There is no key"):
        new_mark(Vault([]), key=KEY, now=NOW)
    assert not is_mark(new_mark(vault, key=KEY, now=NOW), Vault([]), key=KEY, now=NOW)

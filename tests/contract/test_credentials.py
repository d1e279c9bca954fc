"""Secret texts that many processes read and one at a time replaces."""

from __future__ import annotations

import signal
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from airflow_provider_webwork.errors import WebWorkLogUnavailableError, WebWorkSecretError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.credentials import HELD, Credentials
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.secrets import Vault
from tests.contract.processes import together

KEY = Fernet.generate_key().decode()


def impatient(seconds):
    raise TimeoutError


@pytest.fixture
def credentials(store):
    return Credentials(store, Vault([KEY]), sleep=impatient)


def rows(store):
    with store.read() as connection:
        return list(connection.execute(sa.select(schema.credential)))


def test_what_is_made_is_kept_for_the_next_process(credentials, open_store):
    assert credentials.get("one") is None
    assert credentials.replace("one", outdated=None, make=lambda present: f"after {present}") == "after None"

    later = Credentials(open_store(), Vault([KEY]), sleep=impatient)
    assert (later.get("one"), later.get("two")) == ("after None", None)
    assert later.replace("one", outdated="after None", make=lambda present: f"after {present}") == "after after None"
    assert credentials.get("one") == "after after None"


def test_who_comes_too_late_gets_what_another_made(credentials):
    credentials.replace("one", outdated=None, make=lambda _: "first")
    credentials.replace("one", outdated="first", make=lambda _: "second")

    assert credentials.replace("one", outdated="first", make=pytest.fail) == "second"
    assert credentials.replace("one", outdated=None, make=pytest.fail) == "second"


def test_texts_are_encrypted(credentials, store):
    credentials.replace("one", outdated=None, make=lambda _: "canary-of-a-token")

    [row] = rows(store)
    assert "canary" not in repr(tuple(row))
    assert Vault([KEY]).decrypt(row.value) == "canary-of-a-token"


@pytest.mark.parametrize(
    ("keys", "text"), [([], "There is no key"), ([Fernet.generate_key().decode()], "encrypts its secrets with the key")]
)
def test_nothing_is_made_that_could_not_be_kept(keys, text, credentials, store):
    credentials.replace("one", outdated=None, make=lambda _: "first")
    other = Credentials(store, Vault(keys), sleep=impatient)

    with pytest.raises(WebWorkSecretError, match=text):
        other.replace("one", outdated="first", make=pytest.fail)
    assert credentials.get("one") == "first"


def test_a_failure_keeps_the_old_text_and_lets_the_next_one_try(credentials):
    credentials.replace("one", outdated=None, make=lambda _: "first")

    def fail(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        credentials.replace("one", outdated="first", make=fail)
    assert credentials.get("one") == "first"
    assert credentials.replace("one", outdated="first", make=lambda _: "second") == "second"


def test_while_one_makes_it_the_others_wait(credentials, open_store):
    other = Credentials(open_store(), Vault([KEY]), sleep=impatient)

    def make(_):
        with pytest.raises(TimeoutError):
            other.replace("one", outdated=None, make=pytest.fail)
        assert other.replace("two", outdated=None, make=lambda _: "another") == "another"
        return "made"

    assert credentials.replace("one", outdated=None, make=make) == "made"


@pytest.mark.parametrize("ahead", [timedelta(), 9_000 * HELD], ids=["died long ago", "by a wrong clock"])
def test_who_died_while_making_it_keeps_nobody_waiting_for_long(ahead, credentials, store):
    credentials.replace("one", outdated=None, make=lambda _: "first")
    with store.write() as connection:
        held = {"holder": "dead", "held_until": store.now(connection) + ahead}
        connection.execute(schema.credential.update().values(held))

    assert credentials.replace("one", outdated="first", make=lambda _: "second") == "second"


def test_who_died_a_moment_ago_may_still_be_alive(credentials, store):
    credentials.replace("one", outdated=None, make=lambda _: "first")
    with store.write() as connection:
        held = {"holder": "dead", "held_until": store.now(connection) + HELD}
        connection.execute(schema.credential.update().values(held))

    with pytest.raises(TimeoutError):
        credentials.replace("one", outdated="first", make=pytest.fail)


def test_what_was_made_is_kept_although_a_signal_ends_the_task_meanwhile(credentials):
    class EndedError(Exception):
        """What Airflow raises in the main thread when a task takes longer than it may."""

    def end(*_):
        raise EndedError

    def make(_):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
        return "made"

    before = signal.signal(signal.SIGUSR1, end)
    try:
        with pytest.raises(EndedError):
            credentials.replace("one", outdated=None, make=make)
    finally:
        signal.signal(signal.SIGUSR1, before)
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()  # as Python does before the process ends
    assert credentials.get("one") == "made"


def test_what_was_made_is_kept_although_the_log_was_away_for_a_moment(store, monkeypatch):
    slept = []
    credentials = Credentials(store, Vault([KEY]), sleep=slept.append)
    away = iter([True, True, False])
    keep = Credentials._keep

    def keep_if_there(self, name, text):
        if next(away):
            raise WebWorkLogUnavailableError("The event log is not available.")
        keep(self, name, text)

    monkeypatch.setattr(Credentials, "_keep", keep_if_there)
    assert credentials.replace("one", outdated=None, make=lambda _: "made") == "made"
    assert credentials.get("one") == "made"
    assert len(slept) == 2


def replace_in_a_process(url, key):
    store = Store(url)
    credentials = Credentials(store, Vault([key]), sleep=lambda seconds: threading.Event().wait(seconds))
    made = []

    def make(present):
        made.append(present)
        return f"{int(present or 0) + 1}"

    texts = [credentials.replace("one", outdated=None, make=make)]
    texts.append(credentials.replace("one", outdated="1", make=make))
    store.close()
    return texts, made


def test_of_processes_that_replace_it_at_once_one_makes_it(store, store_url):
    store.upgrade()
    outcomes = together(replace_in_a_process, [(store_url, KEY)] * 4)

    assert sorted(each for _, made in outcomes for each in made if each is not None) == ["1"]
    assert sum(made.count(None) for _, made in outcomes) == 1
    assert {texts[1] for texts, _ in outcomes} == {"2"}

"""Secret texts that are read and replaced by tasks on any machine, encrypted: the tokens of OAuth2."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkCancelledError, WebWorkLogUnavailableError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.keyring import check_vault
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.secrets import Vault

log = logging.getLogger(__name__)

HELD = timedelta(minutes=3)
"""How long whoever replaces a text keeps the others from it, at most. To make one has to take less."""

FORGOTTEN_AFTER = timedelta(days=400)
"""When a text that nobody replaced is removed: WebWork's refresh tokens live 30 days."""

PAUSES = (0.05, 1.0)
"""Seconds between two looks at what another process makes, the first and the longest."""

SAVING = (0.2, 1.0, 5.0, 15.0)
"""Seconds between the tries to keep what was made, because nobody could go on without it."""


class Credentials:
    """The texts in an event log.

    Everybody goes by the clock of the database.

    :param sleep: waits for a number of seconds, or raises ``WebWorkCancelledError``.
    """

    def __init__(self, store: Store, vault: Vault, *, sleep: Callable[[float], None]) -> None:
        self._store = store
        self._vault = vault
        self._sleep = sleep

    def get(self, name: str) -> str | None:
        """Return the text of a name; ``None`` if there is none.

        :raises WebWorkLogUnavailableError: if the log cannot be read right now.
        :raises WebWorkSecretError: if it is encrypted with another key.
        """
        with self._store.read() as connection:
            check_vault(connection, self._vault, log_name=self._store.name)
            return self._text(connection, name)

    def replace(self, name: str, *, outdated: str | None, make: Callable[[str | None], str]) -> str:
        """Return a newer text than the outdated one.

        That is what somebody else put in its place meanwhile, or what ``make`` makes of it. Of all processes that want
        to replace it at once, one does and the others wait.

        :raises WebWorkLogUnavailableError: if the log cannot be read or written right now.
        :raises WebWorkSecretError: if there is no key to encrypt it with, or it is encrypted with another one.
        """
        holder = uuid.uuid4().hex
        pause, longest = PAUSES
        while True:
            with self._store.write(lock="clients") as connection:
                # Before the old text is used up, and not when the new one cannot be kept.
                check_vault(connection, self._vault, log_name=self._store.name, claim=True)
                text = self._text(connection, name)
                if text is not None and text != outdated:
                    return text
                if self._hold(connection, name, holder):
                    break
            self._sleep(pause)
            pause = min(pause * 2, longest)
        # A signal that ends the task is handled in its main thread. In another one what was begun comes to its end, or
        # the old text would be used up and the new one lost.
        with ThreadPoolExecutor(1, thread_name_prefix="webwork-credential") as thread:
            return thread.submit(self._make, name, holder, text, make).result()

    def _make(self, name: str, holder: str, text: str | None, make: Callable[[str | None], str]) -> str:
        try:
            made = make(text)
        except BaseException:
            self._let_go(name, holder)
            raise
        for seconds in SAVING:
            try:
                self._keep(name, made)
            except WebWorkLogUnavailableError as error:
                log.warning("%s The new tokens are kept in %g s.", error, seconds)
                with suppress(WebWorkCancelledError):
                    self._sleep(seconds)
            else:
                return made
        self._keep(name, made)
        return made

    def _text(self, connection: sa.Connection, name: str) -> str | None:
        table = schema.credential
        value = connection.scalar(sa.select(table.c.value).where(table.c.name == name))
        return None if value is None else self._vault.decrypt(value)

    def _hold(self, connection: sa.Connection, name: str, holder: str) -> bool:
        """Keep all others from a text; return whether it could be done."""
        table = schema.credential
        now = self._store.now(connection)
        mine = {"holder": holder, "held_until": now + HELD}
        # A time so far ahead that nobody can have meant it is that of a wrong clock.
        free = sa.or_(table.c.holder.is_(None), table.c.held_until <= now, table.c.held_until > now + 2 * HELD)
        if connection.execute(table.update().where(table.c.name == name, free).values(mine)).rowcount:
            return True
        if connection.scalar(sa.select(table.c.name).where(table.c.name == name)) is not None:
            return False
        connection.execute(table.delete().where(table.c.updated_at < now - FORGOTTEN_AFTER))
        connection.execute(table.insert().values(name=name, updated_at=now, **mine))
        return True

    def _keep(self, name: str, text: str) -> None:
        table = schema.credential
        with self._store.write(lock="clients") as connection:
            values = {"value": self._vault.encrypt(text), "updated_at": self._store.now(connection)}
            free = {"holder": None, "held_until": None}
            connection.execute(table.update().where(table.c.name == name).values(**values, **free))

    def _let_go(self, name: str, holder: str) -> None:
        table = schema.credential
        try:
            with self._store.write(lock="clients") as connection:
                mine = table.update().where(table.c.name == name, table.c.holder == holder)
                connection.execute(mine.values(holder=None, held_until=None))
        except WebWorkLogUnavailableError as error:
            log.warning("%s Others can renew the tokens of the connection in %s.", error, HELD)

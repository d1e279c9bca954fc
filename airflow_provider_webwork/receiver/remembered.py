"""The endpoints as they were when the event log was last seen, so that a receiver can start without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkError
from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.endpoints import TABLES, Endpoints
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.outage import Outage
from airflow_provider_webwork.secrets import Vault

_Rows: TypeAlias = Mapping[str, Sequence[Mapping[Any, Any]]]


class RememberedEndpoints:
    """Reads the endpoints from the event log, and keeps a copy of their tables in a file of this machine.

    The copy has hashes of keys and encrypted secrets, as the tables have. It is not the last word: a key that it
    does not know may have been made since.

    :param log: the event log.
    :param memory: where the copy is kept; a log of its own, in which only these tables are used.
    """

    def __init__(self, log: Store, memory: Store, vault: Vault) -> None:
        self._log = log
        self._memory = memory
        self._of_log = Endpoints(log, vault)
        self._of_memory = Endpoints(memory, vault)
        self._copied: _Rows = {}
        self._outage = Outage("The endpoints cannot be remembered for a start without the event log")

    def load(self) -> list[Endpoint]:
        """Return the endpoints of the event log, and remember them.

        :raises WebWorkLogUnavailableError: if the log cannot be read right now.
        """
        rows = self._read()
        try:
            if rows != self._copied:
                self._remember(rows)
            endpoints = self._of_memory.list()
        except WebWorkError as error:
            self._outage.failed(error)
            return self._of_log.list()
        self._outage.worked()
        return endpoints

    def recall(self) -> list[Endpoint]:
        """Return the endpoints as they were; none if this machine has never seen the event log."""
        return self._of_memory.list()

    def _read(self) -> _Rows:
        with self._log.read() as connection:
            return {
                table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()] for table in TABLES
            }

    def _remember(self, rows: _Rows) -> None:
        with self._memory.write() as connection:
            for table in TABLES:
                connection.execute(table.delete())
                if rows[table.name]:
                    connection.execute(table.insert(), [dict(row) for row in rows[table.name]])
        self._copied = rows

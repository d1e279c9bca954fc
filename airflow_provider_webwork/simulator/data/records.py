"""A collection of records: those that follow from the seed, made when first asked for, and what writes made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from airflow_provider_webwork.simulator.refusals import RefusedError

Record: TypeAlias = dict[str, Any]
"""One thing that a workspace knows; its ``id`` is a number, or opaque text where WebWork encodes it."""


class Records:
    """Records of one kind, oldest first.

    :param noun: what one of them is called in refusals, such as ``Project``.
    :param seeded: the records that are there from the beginning.
    :param new_id: the id of the n-th record that is added, from 1; by default one more than the highest.
    """

    def __init__(
        self,
        noun: str,
        *,
        seeded: Callable[[], Iterable[Record]],
        new_id: Callable[[int], str] | None = None,
    ) -> None:
        self._noun = noun
        self._seeded = seeded
        self._new_id = new_id
        self._loaded: dict[str, Record] | None = None
        self._added = 0

    def all(self) -> list[Record]:
        """Return every record."""
        return list(self._rows.values())

    def find(self, record_id: object) -> Record | None:
        """Return a record by its id, which may be numeric text, or ``None`` if there is none."""
        return self._rows.get(str(record_id))

    def get(self, record_id: object) -> Record:
        """Return a record.

        :raises RefusedError: 404 if there is none of this id.
        """
        record = self.find(record_id)
        if record is None:
            raise RefusedError(404, f"{self._noun} not found.")
        return record

    def add(self, values: Mapping[str, Any]) -> Record:
        """Add a record under a new id and return it."""
        rows = self._rows
        self._added += 1
        record_id = self._new_id(self._added) if self._new_id else max(map(int, rows), default=0) + 1
        record = rows[str(record_id)] = {"id": record_id, **values}
        return record

    def remove(self, record_id: object) -> Record:
        """Forget a record and return what it was.

        :raises RefusedError: 404 if there is none of this id.
        """
        record = self.get(record_id)
        del self._rows[str(record_id)]
        return record

    @property
    def _rows(self) -> dict[str, Record]:
        if self._loaded is None:
            self._loaded = {str(record["id"]): record for record in self._seeded()}
        return self._loaded

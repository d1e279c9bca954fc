"""What most operations do: list, show, create, change, archive or remove records of one kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from airflow_provider_webwork.simulator.data.records import Record, Records
from airflow_provider_webwork.simulator.data.workspace import Workspace
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call, Handler
from airflow_provider_webwork.simulator.rest.fields import Field, Reader, read_fields
from airflow_provider_webwork.simulator.rest.pages import Listing

View: TypeAlias = Callable[[Call, Record], Any]
"""Returns a record as an answer shows it."""

Complete: TypeAlias = Callable[[Call, dict[str, Any]], dict[str, Any]]
"""Checks the values of a write against the workspace and returns them with whatever else a record needs."""

Amend: TypeAlias = Callable[[Call, Record, dict[str, Any]], dict[str, Any]]
"""The same for a change, of which it sees the record too."""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A parameter of a listing, and which records it lets through.

    :param matches: whether a record goes with the value of the parameter.
    """

    name: str
    read: Reader
    matches: Callable[[Record, Any], bool]


def equals(name: str, read: Reader, *, column: str | None = None) -> Filter:
    """Return a filter for records that have exactly this value."""
    return Filter(name=name, read=read, matches=lambda record, value: record[column or name] == value)


def contains(name: str, read: Reader) -> Filter:
    """Return a filter for records whose text has the value somewhere in it, in upper or lower case."""
    return Filter(name=name, read=read, matches=lambda record, value: value.lower() in record[name].lower())


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Records of one kind, and how a version of the API reads and writes them.

    :param records: where a workspace keeps them.
    :param key: the parameter in the path that holds an id.
    :param view: how an answer shows one.
    :param visible: which of them the caller is shown.
    :param fields: what a write may give.
    :param complete: what a creation adds to the fields that were given, after checking them.
    :param amend: what a change makes of the fields that were given, after checking them against the record.
    :param created: the answer to a creation, and likewise ``changed`` and ``removed``.
    :param events: the events that webhooks are told, by ``created``, ``changed`` and ``removed``.
    """

    records: Callable[[Workspace], Records]
    key: str
    view: View
    created: View = lambda _call, _record: {"success": True}
    changed: View = lambda _call, _record: {"success": True}
    removed: View = lambda _call, _record: {"success": True}
    visible: Callable[[Call, Record], bool] = lambda _call, _record: True
    fields: tuple[Field, ...] = ()
    filters: tuple[Filter, ...] = ()
    complete: Complete = lambda _call, values: values
    amend: Amend = lambda _call, _record, values: values
    events: Mapping[str, str] = field(default_factory=dict)

    def listing(self, listing: Listing) -> Handler:
        """Return the operation that lists the records that are not archived."""

        def handler(call: Call) -> Any:
            rows = [row for row in self.matching(call) if not row.get("deleted_at")]
            return call.paged(rows, listing=listing, view=lambda row: self.view(call, row))

        return handler

    def showing(self, answer: Callable[[Call, Any], Any]) -> Handler:
        """Return the operation that shows one record, archived or not."""
        return lambda call: answer(call, self.view(call, self.one(call)))

    def creating(self, *required: str) -> Handler:
        """Return the operation that adds a record.

        :param required: the fields without which it says no.
        """

        def handler(call: Call) -> Any:
            values = self.complete(call, read_fields(self.fields, call.body, required=required))
            record = self.records(call.workspace).add(values)
            self._tell(call, "created", record)
            return self.created(call, record)

        return handler

    def changing(self, *required: str) -> Handler:
        """Return the operation that changes the fields that it is given."""

        def handler(call: Call) -> Any:
            record = self.one(call)
            values = read_fields(self.fields, call.body, required=required)
            record.update({**self.amend(call, record, values), "updated_at": call.now})
            self._tell(call, "changed", record)
            return self.changed(call, record)

        return handler

    def archiving(self) -> Handler:
        """Return the operation that takes a record out of the listings; by its id it is still shown."""

        def handler(call: Call) -> Any:
            record = self.one(call)
            record.update({"deleted_at": call.now, "status": _archived(record["status"])})
            self._tell(call, "removed", record)
            return self.removed(call, record)

        return handler

    def removing(self) -> Handler:
        """Return the operation that forgets a record."""

        def handler(call: Call) -> Any:
            record = self.records(call.workspace).remove(self.one(call)["id"])
            self._tell(call, "removed", record)
            return self.removed(call, record)

        return handler

    def matching(self, call: Call) -> list[Record]:
        """Return the records that the caller is shown and that go with the filters of the call."""
        rows = [row for row in self.records(call.workspace).all() if self.visible(call, row)]
        for each in self.filters:
            value = each.read(call.query, each.name)
            if value is not None:
                rows = [row for row in rows if each.matches(row, value)]
        return rows

    def one(self, call: Call) -> Record:
        """Return the record that the path names.

        :raises RefusedError: 404 if there is none, 403 if the caller is not shown it.
        """
        record = self.records(call.workspace).get(call.path[self.key])
        if not self.visible(call, record):
            raise RefusedError(403, "You do not have access to this.")
        return record

    def _tell(self, call: Call, what: str, record: Record) -> None:
        if what in self.events:
            call.emit(self.events[what], self.view(call, record))


def _archived(status: Any) -> Any:
    """Return the status of an archived record; projects have a number, which their pages do not explain."""
    return "inactive" if isinstance(status, str) else 0

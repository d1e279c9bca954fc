"""How API v1 answers, and how its tables write an operation: the workspace is that of the account."""

from __future__ import annotations

from typing import Any

from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import plain_stamp
from airflow_provider_webwork.simulator.rest.call import Access, Call, Handler, Operation
from airflow_provider_webwork.simulator.rest.resource import View

SUCCESS = {"success": True}


def bare(_call: Call, content: Any) -> Any:
    """Answer with nothing around the content."""
    return content


def under(noun: str, view: View) -> View:
    """Return an answer that has the new record under its own noun, such as ``expense``."""
    return lambda call, record: {**SUCCESS, noun: view(call, record)}


def shows(operation_id: str, path: str, handler: Handler, *, access: Access = "everybody") -> Operation:
    """Return an operation that reads."""
    return Operation(operation_id, "GET", path, handler, workspace="none", access=access)


def does(operation_id: str, method: str, path: str, handler: Handler) -> Operation:
    """Return an operation that writes."""
    return Operation(operation_id, method, path, handler, workspace="none", access="managers")


def life(record: Record) -> dict[str, Any]:
    """Return the stamps that most rows end with."""
    deleted = record["deleted_at"]
    return {
        "created_at": plain_stamp(record["created_at"]),
        "updated_at": plain_stamp(record["updated_at"]),
        "deleted_at": deleted and plain_stamp(deleted),
    }

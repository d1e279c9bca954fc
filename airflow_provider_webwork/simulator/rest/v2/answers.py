"""The envelopes of API v2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import micro_stamp
from airflow_provider_webwork.simulator.rest.call import Call


def data(call: Call, content: Any) -> dict[str, Any]:
    """Answer with data."""
    return {"success": True, "data": content, "meta": call.world.meta()}


def said(message: str) -> Callable[[Call, Record], dict[str, Any]]:
    """Return an answer without data, as of time entries, leaves and approvals."""
    return lambda call, _record: {"success": True, "message": message, "meta": call.world.meta()}


def life(record: Record) -> dict[str, Any]:
    """Return the stamps that most rows end with."""
    deleted = record["deleted_at"]
    return {
        "created_at": micro_stamp(record["created_at"]),
        "updated_at": micro_stamp(record["updated_at"]),
        "deleted_at": deleted and micro_stamp(deleted),
    }


def born(call: Call) -> dict[str, Any]:
    """Return the stamps of a record that a call makes."""
    return {"created_at": call.now, "updated_at": call.now, "deleted_at": None}

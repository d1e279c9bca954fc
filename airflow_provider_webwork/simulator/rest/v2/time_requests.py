"""Requests for manual time in API v2; an approved one becomes a time entry."""

from __future__ import annotations

from typing import Any

from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import micro_stamp, stamp
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call, reads, writes
from airflow_provider_webwork.simulator.rest.fields import (
    Field,
    day,
    integer,
    optional_day,
    optional_integer,
    optional_moment,
    optional_text,
    present,
)
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.resource import Filter, Resource, equals
from airflow_provider_webwork.simulator.rest.v2.answers import data, said
from airflow_provider_webwork.simulator.rest.v2.time_entries import save_manual


def time_request_row(call: Call, request: Record) -> dict[str, Any]:
    """Return a time request; its text is called ``notes`` in old pages."""
    text = request["activity_description"]
    notes = {} if call.new else {"notes": text}
    described = {} if call.old else {"activity_description": text}
    return {
        **{column: request[column] for column in ("id", "user_id", "contract_id", "project_id", "task_id")},
        "start": stamp(request["start"]),
        "end": stamp(request["end"]),
        "status": request["status"],
        **notes,
        **described,
        "comment": request["comment"],
        "updated_by": request["updated_by"],
        "created_at": micro_stamp(request["created_at"]),
        "updated_at": micro_stamp(request["updated_at"]),
    }


def new_time_request(call: Call, values: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a request; here none is approved by itself, which WebWork's settings could do."""
    member = call.world.member(values["user_id"], workspace=call.workspace)
    contract_id = values.get("contract_id")
    if call.old:
        present(contract_id, "contract_id")
    contract = None if contract_id is None else call.workspace.contracts.get(contract_id)
    if contract and contract["user_id"] != member["id"]:
        raise RefusedError(400, f"Contract {contract_id} is not a contract of the member.")
    if values["start"] >= values["end"]:
        raise RefusedError(400, "The end field must be after start.")
    empty = {"contract_id": None, "task_id": None, "activity_description": None, "comment": None, "updated_by": None}
    project = {"project_id": contract and contract["project_id"], "status": "pending"}
    return {**empty, **values, **project, "created_at": call.now, "updated_at": call.now}


def list_time_requests(call: Call) -> Any:
    """List requests of a period, which old pages let one leave out."""
    if call.new:
        day(call.query, "date_from")
        day(call.query, "date_to")
    return _list(call)


def approve(call: Call) -> Any:
    """Approve a request, which stores its time."""
    request = _pending(call)
    columns = ("user_id", "contract_id", "project_id", "task_id", "activity_description", "start", "end")
    save_manual(call, {column: request[column] for column in columns})
    request.update({"status": "approved", "updated_by": call.caller["id"], "updated_at": call.now})
    return said("Time request approved.")(call, request)


def reject(call: Call) -> Any:
    """Reject a request with a comment."""
    request, comment = _pending(call), present(optional_text(call.body, "comment") or None, "comment")
    changed = {"status": "rejected", "comment": comment, "updated_by": call.caller["id"], "updated_at": call.now}
    request.update(changed)
    return said("Time request rejected.")(call, request)


def _pending(call: Call) -> Record:
    request = call.workspace.time_requests.get(call.path["timeRequestId"])
    if request["status"] != "pending":
        raise RefusedError(400, f"The time request is {request['status']} already.")
    return request


def _created(call: Call, request: Record) -> dict[str, Any]:
    row = time_request_row(call, request)
    return data(call, {"id": row["id"], "status": row["status"]} if call.new else row)


TIME_REQUESTS = Resource(
    records=lambda workspace: workspace.time_requests,
    key="id",
    view=time_request_row,
    visible=lambda call, request: call.sees_user(request["user_id"]),
    fields=(
        Field("user_id", integer),
        Field("contract_id", optional_integer),
        Field("start", optional_moment, nullable=False),
        Field("end", optional_moment, nullable=False),
        Field("notes", optional_text, column="activity_description"),
        Field("activity_description", optional_text),
        Field("task_id", optional_integer),
    ),
    filters=(
        equals("id", optional_text),
        equals("status", optional_text),
        equals("user_id", optional_integer),
        equals("project_id", optional_integer),
        Filter(name="date_from", read=optional_day, matches=lambda row, since: row["start"].date() >= since),
        Filter(name="date_to", read=optional_day, matches=lambda row, until: row["start"].date() <= until),
    ),
    complete=new_time_request,
    created=_created,
)

# The envelope of this listing is not shown; a third party's catalogue reads the pagination here.
_list = TIME_REQUESTS.listing(Listing(operation_id="getTimeRequests", shape="meta_pagination"))
_create = TIME_REQUESTS.creating("user_id", "start", "end")
_REQUEST = "/time-requests/{timeRequestId}"

OPERATIONS = (
    reads("getTimeRequests", "/time-requests", list_time_requests),
    writes("createTimeRequest", "POST", "/time-requests", _create, status=201),
    reads("getTimeRequest", "/time-requests/{id}", TIME_REQUESTS.showing(data)),
    writes("approveTimeRequest", "POST", f"{_REQUEST}/approve", approve),
    writes("rejectTimeRequest", "POST", f"{_REQUEST}/reject", reject),
)

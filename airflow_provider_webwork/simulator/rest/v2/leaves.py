"""Leaves of API v2: requests, policies and what is left of them."""

from __future__ import annotations

from datetime import date
from typing import Any

from airflow_provider_webwork.simulator.data.leaves import POLICIES, Policy, days_left, days_of
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import plain_stamp
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call, Handler, reads, writes
from airflow_provider_webwork.simulator.rest.fields import (
    Field,
    check_order,
    day,
    integer,
    optional_clock,
    optional_day,
    optional_integer,
    optional_number,
    optional_text,
    present,
)
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.resource import Filter, Resource, equals
from airflow_provider_webwork.simulator.rest.v2.answers import data, said
from airflow_provider_webwork.simulator.rest.worked import check_range


def leave_row(_call: Call, leave: Record) -> dict[str, Any]:
    """Return a leave; ``is_paid`` is ``yes`` or ``no``."""
    columns = (
        *("id", "user_id", "policy_id", "status", "note", "is_paid"),
        *("created_by", "approved_by", "rejected_by", "reject_reason"),
    )
    days = sum(1 for _ in days_of(leave))
    return {
        **{column: leave[column] for column in columns},
        "start_date": f"{leave['start']}",
        "end_date": f"{leave['end']}",
        "created_on": plain_stamp(leave["created_on"]),
        "total": {"days": days, "hours": days * leave["hours_per_day"]},
    }


def new_leave(call: Call, values: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a leave that is asked for."""
    call.world.member(values["user_id"], workspace=call.workspace)
    policy = _policy(values["policy_id"])
    check_order(values, "start", "end")
    check_range(values["start"], values["end"])
    if policy.unit == "hours":
        for name in ("start_time", "end_time", "hours_per_day"):
            present(values.get(name), name)
    fresh = {"status": "pending", "created_by": call.caller["id"], "created_on": call.now, "is_paid": policy.is_paid}
    open_ends = dict.fromkeys(("approved_by", "rejected_by", "reject_reason", "note"))
    return {**open_ends, "hours_per_day": 8, **values, **fresh}


def decide(status: str, *, of: Resource) -> Handler:
    """Return the operation that approves or rejects a pending leave; the balances count approved ones."""

    def handler(call: Call) -> Any:
        leave = of.one(call)
        if leave["status"] != "pending":
            raise RefusedError(400, f"The leave is {leave['status']} already.")
        leave.update({"status": status, f"{status}_by": call.caller["id"]})
        if status == "rejected":
            leave["reject_reason"] = optional_text(call.body, "reason")
        return of.changed(call, leave)

    return handler


def balance_rows(call: Call, *, since: date, until: date) -> list[dict[str, Any]]:
    """Return what is left of each policy for each member that the caller sees, in words as ``10 days``."""
    wanted, leaves = optional_integer(call.query, "user_id"), call.workspace.leaves.all()
    rows = []
    for member in call.workspace.members.all():
        if not call.sees_user(member["id"]) or wanted not in {None, member["id"]}:
            continue
        own = [leave for leave in leaves if leave["user_id"] == member["id"]]
        left = {policy.name: days_left(own, policy, since=since, until=until) for policy in POLICIES}
        rows.append(
            {
                "user_id": member["id"],
                "user_name": f"{member['firstname']} {member['lastname']}",
                "leave_information": [{"leave_type": name, "balance": f"{days} days"} for name, days in left.items()],
                "total_balance": f"{sum(left.values())} days",
            }
        )
    return rows


def get_balances(call: Call) -> Any:
    """Show the balances of a period; not paged."""
    return data(call, balance_rows(call, since=day(call.query, "date_from"), until=day(call.query, "date_to")))


def policy_rows(_call: Call) -> list[dict[str, Any]]:
    """Return the policies; WebWork only names the page, so the fields are made up."""
    return [
        {"id": policy.id, "name": policy.name, "is_paid": policy.is_paid, "days": policy.days, "unit": policy.unit}
        for policy in POLICIES
    ]


def _policy(policy_id: int) -> Policy:
    found = next((policy for policy in POLICIES if policy.id == policy_id), None)
    if found is None:
        raise RefusedError(404, "Leave policy not found.")
    return found


LEAVES = Resource(
    records=lambda workspace: workspace.leaves,
    key="leaveId",
    view=leave_row,
    visible=lambda call, leave: call.sees_user(leave["user_id"]),
    fields=(
        Field("policy_id", integer),
        Field("start", optional_day, nullable=False),
        Field("end", optional_day, nullable=False),
        Field("user_id", integer),
        Field("start_time", optional_clock),
        Field("end_time", optional_clock),
        Field("hours_per_day", optional_number, nullable=False),
        Field("leave_period", optional_integer, choices=(0, 1, 2)),
        Field("reason", optional_text, column="note"),
    ),
    filters=(
        equals("id", optional_text),
        equals("policy_id", optional_integer),
        equals("is_paid", optional_text),
        equals("status", optional_text),
        equals("user_id", optional_integer),
        Filter(name="date_from", read=optional_day, matches=lambda row, since: row["end"] >= since),
        Filter(name="date_to", read=optional_day, matches=lambda row, until: row["start"] <= until),
    ),
    complete=new_leave,
    created=said("Leave requested."),
    changed=said("Leave updated."),
)

# The example shows no pagination though `page` and `per_page` are documented; a third party's catalogue reads it here.
_LEAVES = Listing(operation_id="getLeaves", shape="meta_pagination")

OPERATIONS = (
    reads("getLeaves", "/leaves", LEAVES.listing(_LEAVES)),
    writes(
        "createLeaveRequest", "POST", "/leaves", LEAVES.creating("policy_id", "start", "end", "user_id"), status=201
    ),
    # Named by WebWork without a path: both follow its timesheets.
    writes("approveLeave", "PUT", "/leaves/{leaveId}/approve", decide("approved", of=LEAVES)),
    writes("rejectLeave", "PUT", "/leaves/{leaveId}/reject", decide("rejected", of=LEAVES)),
    reads("getLeaveBalances", "/leaves/balances", get_balances),
    reads("getLeavePolicies", "/leaves/policies", lambda call: data(call, policy_rows(call))),
)

"""Timesheets, leaves and expenses of API v1; approvals put the verb before the id."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from airflow_provider_webwork.simulator.data.entries import minutes
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import plain_stamp
from airflow_provider_webwork.simulator.data.timesheets import entries_of
from airflow_provider_webwork.simulator.rest.call import Call
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.v1.answers import SUCCESS, does, shows, under
from airflow_provider_webwork.simulator.rest.v2.expenses import EXPENSES, expense_row
from airflow_provider_webwork.simulator.rest.v2.leaves import LEAVES, balance_rows, decide, leave_row, policy_rows
from airflow_provider_webwork.simulator.rest.v2.timesheets import TIMESHEETS, moves


def timesheet_row(call: Call, timesheet: Record) -> dict[str, Any]:
    """Return a timesheet with its hours."""
    total = sum(minutes(entry, now=call.now) for entry in entries_of(timesheet, call.workspace.entries))
    return {
        "id": timesheet["id"],
        "user_id": timesheet["user_id"],
        "date_from": f"{timesheet['date_from']}",
        "date_to": f"{timesheet['date_to']}",
        "total_hours": round(total / 60, 2),
        "submitted_on": timesheet["submitted_on"] and plain_stamp(timesheet["submitted_on"]),
        "reject_reason": timesheet["reject_reason"],
        "status": timesheet["status"],
    }


def leave_row_v1(call: Call, leave: Record) -> dict[str, Any]:
    """Return a leave, which does not say by which policy."""
    return {name: value for name, value in leave_row(call, leave).items() if name != "policy_id"}


def expense_row_v1(call: Call, expense: Record) -> dict[str, Any]:
    """Return an expense; unlike API v2 this one can spell ``added_date``."""
    row = expense_row(call, expense)
    return {**{name: value for name, value in row.items() if name != "added_dte"}, "added_date": row["added_dte"]}


def balances(call: Call) -> Any:
    """Show the balances of the current year."""
    year = call.now.astimezone(call.workspace.zone).year
    return balance_rows(call, since=date(year, 1, 1), until=date(year, 12, 31))


def _succeed(_call: Call, _record: Record) -> dict[str, Any]:
    return SUCCESS


TIMESHEETS_V1 = replace(TIMESHEETS, key="id", view=timesheet_row, changed=_succeed)
LEAVES_V1 = replace(LEAVES, key="id", view=leave_row_v1, changed=_succeed)
EXPENSES_V1 = replace(
    EXPENSES,
    key="expense_id",
    view=expense_row_v1,
    created=under("expense", expense_row_v1),
    changed=_succeed,
    removed=_succeed,
)

_TIMESHEETS = Listing(operation_id="v1ListTimesheets", shape="max_rows")
_LEAVES = Listing(operation_id="v1ListLeaves", shape="max_rows")
_EXPENSES = Listing(operation_id="v1ListExpenses", shape="max_rows")
_create_expense = EXPENSES_V1.creating("expense_name", "date", "amount", "category_id")

OPERATIONS = (
    shows("v1ListTimesheets", "/rest-api/timesheets", TIMESHEETS_V1.listing(_TIMESHEETS)),
    does("v1ApproveTimesheet", "PUT", "/rest-api/timesheets/approve/{id}", moves("approved", of=TIMESHEETS_V1)),
    does("v1RejectTimesheet", "PUT", "/rest-api/timesheets/reject/{id}", moves("rejected", of=TIMESHEETS_V1)),
    does("v1SubmitTimesheet", "PUT", "/rest-api/timesheets/submit/{id}", moves("submitted", of=TIMESHEETS_V1)),
    does("v1UnsubmitTimesheet", "PUT", "/rest-api/timesheets/unsubmit/{id}", moves("open", of=TIMESHEETS_V1)),
    shows("v1ListLeaves", "/rest-api/leaves", LEAVES_V1.listing(_LEAVES)),
    does("v1ApproveLeave", "PUT", "/rest-api/leaves/approve/{id}", decide("approved", of=LEAVES_V1)),
    does("v1RejectLeave", "PUT", "/rest-api/leaves/reject/{id}", decide("rejected", of=LEAVES_V1)),
    # WebWork only names these two: path, parameters and fields are made up, after API v2.
    shows("v1LeaveBalances", "/rest-api/leaves/balance", balances),
    shows("v1LeavePolicies", "/rest-api/leaves/policies", policy_rows),
    shows("v1ListExpenses", "/rest-api/expenses", EXPENSES_V1.listing(_EXPENSES)),
    does("v1CreateExpense", "POST", "/rest-api/expenses", _create_expense),
    does("v1UpdateExpense", "PUT", "/rest-api/expenses/{expense_id}", EXPENSES_V1.changing()),
    # WebWork only names this one.
    does("v1DeleteExpense", "DELETE", "/rest-api/expenses/{expense_id}", EXPENSES_V1.removing()),
)

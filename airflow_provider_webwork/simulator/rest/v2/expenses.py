"""Expenses of API v2."""

from __future__ import annotations

from typing import Any

from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.stamps import american_day
from airflow_provider_webwork.simulator.rest.call import Call, reads, writes
from airflow_provider_webwork.simulator.rest.fields import (
    Field,
    optional_day,
    optional_flag,
    optional_integer,
    optional_number,
    optional_text,
    present,
)
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.resource import Filter, Resource, equals
from airflow_provider_webwork.simulator.rest.v2.answers import data, said


def expense_row(call: Call, expense: Record) -> dict[str, Any]:
    """Return an expense with names instead of ids, days in words, and ``added_dte`` spelt as WebWork spells it."""
    member = call.workspace.members.get(expense["user_id"])
    project = call.workspace.projects.find(expense["project_id"])
    category = call.workspace.categories.find(expense["category_id"])
    return {
        "id": expense["id"],
        "member": f"{member['firstname']} {member['lastname']}",
        "expense_date": american_day(expense["date"]),
        "expense_name": expense["expense_name"],
        "project": project and project["name"],
        "category": category and category["name"],
        "amount": expense["amount"],
        "note": expense["note"],
        "type": "billable" if expense["is_billable"] else "non-billable",
        "added_dte": american_day(expense["added"]),
    }


def new_expense(call: Call, values: dict[str, Any]) -> dict[str, Any]:
    """Return the record of an expense of the caller; which fields are required is where the sources disagree."""
    if call.old:
        for name in ("date", "amount", "category_id"):
            present(values.get(name), name)
    today = call.now.astimezone(call.workspace.zone).date()
    empty = {"amount": 0, "category_id": None, "project_id": None, "note": None, "is_billable": False}
    expense = {**empty, "date": today, **values, "user_id": call.caller["id"], "added": today}
    return check_references(call, expense, expense)


def check_references(call: Call, _expense: Record, values: dict[str, Any]) -> dict[str, Any]:
    """Refuse a project or category that there is none of."""
    if values.get("project_id") is not None:
        call.workspace.projects.get(values["project_id"])
    if values.get("category_id") is not None:
        call.workspace.categories.get(values["category_id"])
    return values


def list_categories(call: Call) -> Any:
    """List the categories; WebWork only names the page, so path and fields are made up."""
    return data(call, call.workspace.categories.all())


EXPENSES = Resource(
    records=lambda workspace: workspace.expenses,
    key="expenseId",
    view=expense_row,
    visible=lambda call, expense: call.sees_user(expense["user_id"]),
    fields=(
        Field("expense_name", optional_text, nullable=False),
        Field("date", optional_day, nullable=False),
        Field("amount", optional_number, nullable=False),
        Field("category_id", optional_text),
        Field("project_id", optional_integer),
        Field("note", optional_text),
        Field("description", optional_text, column="note"),
        Field("is_billable", optional_flag),
    ),
    filters=(
        equals("id", optional_text),
        Filter(name="date_from", read=optional_day, matches=lambda row, since: row["date"] >= since),
        Filter(name="date_to", read=optional_day, matches=lambda row, until: row["date"] <= until),
    ),
    complete=new_expense,
    amend=check_references,
    created=lambda call, expense: data(call, expense_row(call, expense)),
    changed=lambda call, expense: data(call, expense_row(call, expense)),
    removed=said("Expense deleted."),
)

# The example shows no pagination though `page` and `per_page` are documented; a third party's catalogue reads it here.
_EXPENSES = Listing(operation_id="getExpenses", shape="meta_pagination")
_EXPENSE = "/expenses/{expenseId}"

OPERATIONS = (
    reads("getExpenses", "/expenses", EXPENSES.listing(_EXPENSES)),
    writes("createExpense", "POST", "/expenses", EXPENSES.creating("expense_name"), status=201),
    writes("updateExpense", "PUT", _EXPENSE, EXPENSES.changing()),
    # Named by WebWork without a path.
    writes("deleteExpense", "DELETE", _EXPENSE, EXPENSES.removing()),
    reads("getExpenseCategories", "/expenses/categories", list_categories),
)

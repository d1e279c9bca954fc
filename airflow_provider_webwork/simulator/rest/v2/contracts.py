"""Contracts of API v2: which member works on which project."""

from __future__ import annotations

from typing import Any

from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call, reads, writes
from airflow_provider_webwork.simulator.rest.fields import (
    Field,
    integer,
    optional_integer,
    optional_number,
    optional_text,
)
from airflow_provider_webwork.simulator.rest.pages import Listing
from airflow_provider_webwork.simulator.rest.resource import Resource, equals
from airflow_provider_webwork.simulator.rest.v2.answers import born, data, life

SCREENSHOTS = (
    *("full", "blurred", "no_preview", "no_screenshot", "background_blurred"),
    *("video_full", "video_blurred", "video_full_silent", "video_blurred_silent"),
)


def contract_row(call: Call, contract: Record) -> dict[str, Any]:
    """Return a contract with the names of the two that it ties together."""
    project = call.workspace.projects.get(contract["project_id"])
    member = call.workspace.members.get(contract["user_id"])
    return {
        "id": contract["id"],
        "contract_name": f"{member['firstname']} {member['lastname']} - {project['name']}",
        "project_id": project["id"],
        "project_name": project["name"],
        "project_icon": project["icon"],
        "user_id": member["id"],
        "user_firstname": member["firstname"],
        "user_lastname": member["lastname"],
        "user_email": member["email"],
        "user_role": member["current_role"],
        "weekly_hours_limit": contract["weekly_hours_limit"],
        "screenshots": contract["screenshots"],
        "screenshots_label": contract["screenshots"].replace("_", " ").capitalize(),
        "rate": contract["rate"] if call.sees_rates and project["is_billable"] else None,
        "rate_type": contract["rate_type"],
        "currency": "USD",
        "status": contract["status"],
        **{key: value for key, value in life(contract).items() if key != "deleted_at"},
    }


def new_contract(call: Call, values: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a contract that is created."""
    call.workspace.projects.get(values["project_id"])
    member = call.workspace.members.get(values["user_id"])
    contracts = call.workspace.contracts.all()
    if any((each["project_id"], each["user_id"]) == (values["project_id"], member["id"]) for each in contracts):
        raise RefusedError(400, "The member has a contract on this project already.")
    rate = {} if call.sees_rates else {"rate": None}
    rules = {"weekly_hours_limit": None, "screenshots": "full", "rate": None, "rate_type": 1, "status": "active"}
    return {**rules, "notes": None, **values, **rate, **born(call)}


def changed_contract(call: Call, _contract: Record, values: dict[str, Any]) -> dict[str, Any]:
    """Return what a change makes of a contract: member and project stay, and rates are for those who see them."""
    fixed = {"project_id", "user_id"} if call.sees_rates else {"project_id", "user_id", "rate"}
    return {name: value for name, value in values.items() if name not in fixed}


CONTRACTS = Resource(
    records=lambda workspace: workspace.contracts,
    key="contractId",
    view=contract_row,
    visible=lambda call, contract: call.sees_user(contract["user_id"]),
    fields=(
        Field("project_id", integer),
        Field("user_id", integer),
        Field("weekly_hours_limit", optional_integer),
        Field("screenshots", optional_text, choices=SCREENSHOTS, nullable=False),
        Field("rate", optional_number),
        Field("status", optional_text, choices=("active", "paused"), nullable=False),
    ),
    filters=(
        equals("project_id", optional_integer),
        equals("user_id", optional_integer),
        equals("status", optional_text),
    ),
    complete=new_contract,
    amend=changed_contract,
    created=lambda call, contract: data(call, contract_row(call, contract)),
    changed=lambda call, contract: data(call, contract_row(call, contract)),
)

_CONTRACTS = Listing(operation_id="getContracts", shape="top_level_pagination")
_CONTRACT = "/contracts/{contractId}"

OPERATIONS = (
    reads("getContracts", "/contracts", CONTRACTS.listing(_CONTRACTS)),
    writes("createContract", "POST", "/contracts", CONTRACTS.creating("project_id", "user_id"), workspace="disputed"),
    reads("getContract", _CONTRACT, CONTRACTS.showing(data)),
    writes("updateContract", "PUT", _CONTRACT, CONTRACTS.changing(), workspace="disputed"),
)

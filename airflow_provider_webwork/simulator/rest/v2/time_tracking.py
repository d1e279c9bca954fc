"""Time tracking of API v2: clocking members in and out."""

from __future__ import annotations

from typing import Any

from airflow_provider_webwork.simulator.data.stamps import stamp
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call, Operation, reads
from airflow_provider_webwork.simulator.rest.fields import integer, optional_integer, optional_text, present
from airflow_provider_webwork.simulator.rest.v2.answers import data


def start_time_tracking(call: Call) -> Any:
    """Clock a member in; the contract was required once."""
    user_id, contract_id = integer(call.body, "user_id"), optional_integer(call.body, "contract_id")
    _check_whom(call, user_id)
    tracker, _ = call.world.start_tracker(
        user_id,
        contract_id=present(contract_id, "contract_id") if call.old else contract_id,
        task_id=optional_integer(call.body, "task_id"),
        activity_description=optional_text(call.body, "activity_description"),
        workspace=call.workspace,
    )
    return data(call, {"message": "Tracker started.", **tracker.row()})


def stop_time_tracking(call: Call) -> Any:
    """Clock a member out; old pages know no body and mean the caller."""
    user_id = call.caller["id"] if call.old else integer(call.body, "user_id")
    _check_whom(call, user_id)
    stopped_at, _ = call.world.stop_tracker(user_id, workspace=call.workspace)
    return data(call, {"message": "Tracker stopped.", "stopped_at": stamp(stopped_at)})


def get_current_tracker_data(call: Call) -> Any:
    """Show what a member tracked today."""
    member = call.world.member(integer(call.query, "user_id"), workspace=call.workspace)
    if not call.sees_user(member["id"]):
        raise RefusedError(403, "You do not have access to this.")
    return data(call, call.workspace.trackers.current(member, at=call.now))


def _check_whom(call: Call, user_id: int) -> None:
    own = call.old and user_id == call.caller["id"]
    if not (call.is_manager or own):
        raise RefusedError(403, "Only workspace owners and executive managers may do this.")


OPERATIONS = (
    Operation("startTimeTracking", "POST", "/time-tracking/start", start_time_tracking, workspace="body", access="own"),
    Operation("stopTimeTracking", "POST", "/time-tracking/stop", stop_time_tracking, workspace="maybe", access="own"),
    reads("getCurrentTrackerData", "/time-tracking/current-data", get_current_tracker_data),
)

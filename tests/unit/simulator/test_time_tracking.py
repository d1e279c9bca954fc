"""Trackers are started and stopped through the API as through the levers, and both tell the webhooks."""

from __future__ import annotations

import pytest


@pytest.fixture
def client(running, clock):
    return running(now=clock)


def test_a_start_answers_who_what_and_when(client):
    contract = 107
    answer = client.send(
        "POST", "/time-tracking/start", user_id=7, contract_id=contract, activity_description="Review"
    ).json()
    data = answer["data"]
    assert answer["success"] is True
    assert data.pop("message")
    project_id = data.pop("project_id")
    assert data.pop("project_name") == f"Project {project_id}"
    assert data == {
        "user_id": 7,
        "user_name": "Member 7",
        "user_email": "member7@example.com",
        "contract_id": contract,
        "task_id": None,
        "activity_description": "Review",
        "start_time": "2026-11-19T15:00:00Z",
    }


def test_a_contract_is_optional(client):
    data = client.send("POST", "/time-tracking/start", user_id=7, contract_id=None).json()["data"]
    assert (data["contract_id"], data["project_id"]) == (None, None)


def test_a_second_start_and_a_second_stop_are_refused(client):
    start, stop = (
        (lambda verb=verb: client.send("POST", f"/time-tracking/{verb}", user_id=7)) for verb in ("start", "stop")
    )
    assert [call().status_code for call in (stop, start, start, stop, stop, start)] == [400, 200, 400, 200, 400, 200]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"user_id": 26}, 404),
        ({"user_id": 7, "contract_id": 108}, 400),
        ({"user_id": 7, "task_id": 11}, 400),
        ({"user_id": 7, "contract_id": 107, "task_id": 99}, 400),
        ({"user_id": 7, "activity_description": 5}, 400),
        ({"user_id": 7, "workspace_id": 2}, 403),
    ],
)
def test_a_start_that_makes_no_sense_is_refused(client, body, status):
    assert client.send("POST", "/time-tracking/start", **body).status_code == status
    assert client.send("POST", "/time-tracking/stop", user_id=7).status_code == 400


def test_current_data_adds_the_running_tracker_to_the_day(client, clock):
    client.simulator.start_tracker(7)
    clock.advance(minutes=30)
    client.simulator.stop_tracker(7)
    clock.advance(hours=1)
    client.simulator.start_tracker(7)
    clock.advance(minutes=5, seconds=20)
    data = client.get("/time-tracking/current-data", user_id=7).json()["data"]
    assert (data["total_minutes"], data["total_seconds"], data["date"]) == (35, 20, "2026-11-19")
    assert (data["user_id"], data["contract_id"]) == (7, 107)


def test_current_data_counts_from_midnight_and_survives_having_no_tracker(client, clock):
    clock.advance(hours=8, minutes=50)
    client.simulator.start_tracker(7)
    clock.advance(minutes=20)
    client.simulator.stop_tracker(7)
    data = client.get("/time-tracking/current-data", user_id=7).json()["data"]
    assert (data["total_minutes"], data["date"], data["contract_id"]) == (10, "2026-11-20", None)


def test_the_task_of_the_running_tracker_is_named(client):
    started = client.send("POST", "/time-tracking/start", user_id=7, contract_id=107).json()["data"]
    assert client.get("/time-tracking/current-data", user_id=7).json()["data"]["task_title"] is None
    client.simulator.stop_tracker(7)
    task_id = 10 * started["project_id"] + 1
    client.send("POST", "/time-tracking/start", user_id=7, contract_id=107, task_id=task_id)
    data = client.get("/time-tracking/current-data", user_id=7).json()["data"]
    assert (data["task_id"], data["task_title"]) == (task_id, f"Task {task_id}")

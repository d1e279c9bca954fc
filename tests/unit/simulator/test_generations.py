"""Where WebWork's pages disagree, the old or the new ones are followed to the letter, or either is taken."""

from __future__ import annotations

import pytest
import requests


@pytest.fixture(params=["old", "new"])
def generation(request):
    return request.param


@pytest.fixture
def client(running, generation):
    return running(generation=generation)


def test_a_disputed_write_names_its_workspace_where_the_pages_say(client, generation):
    in_body = client.send("POST", "/projects", name="Bridge").status_code
    in_query = client.call("POST", "/projects", params={"workspace_id": 1}, json={"name": "Tunnel"}).status_code
    assert (in_body, in_query) == ((200, 400) if generation == "old" else (400, 200))
    in_both = client.call(
        "POST", "/projects", params={"workspace_id": 1}, json={"workspace_id": 1, "name": "Both"}
    ).status_code
    assert in_both == 200


def test_either_place_will_do_by_default(running):
    client = running()
    assert client.send("POST", "/projects", name="Bridge").status_code == 200
    in_query = client.call("PUT", "/members/7", params={"workspace_id": 1}, json={"firstname": "M."})
    assert in_query.status_code == 200


def test_a_tracker_needs_a_contract_by_the_old_pages(client, generation):
    expected = 400 if generation == "old" else 200
    assert client.send("POST", "/time-tracking/start", user_id=7).status_code == expected


def test_a_stop_without_a_body_stops_the_caller_by_the_old_pages(client, generation):
    client.simulator.start_tracker(1)
    expected = 200 if generation == "old" else 400
    assert client.call("POST", "/time-tracking/stop").status_code == expected


def test_webhooks_are_listed_in_the_shape_of_their_pages(client, generation):
    page = client.get("/webhooks").json()
    assert set(page) == (
        {"max_rows", "current_page", "total_pages", "data"} if generation == "old" else {"success", "data", "meta"}
    )


def test_tasks_are_named_and_listed_as_their_pages_say(client, generation):
    by_contract = client.get("/tasks", contract_id=107).status_code
    (task, *_) = client.get("/tasks", project_id=1, status=0).json()["data"] or client.rows("/tasks", project_id=1)
    names = {"old": {"Incomplete", "Doing", "Done", "Completed"}, "new": {"Open", "In Progress", "Done", "Closed"}}
    assert by_contract == (400 if generation == "old" else 200)
    assert task["status_name"] in names[generation]
    assert ("assignees" in task) is (generation == "old")


def test_timesheets_count_hours_or_minutes_and_call_a_new_one_open_or_pending(client, generation):
    newest = client.rows("/timesheets", date_from="2026-11-16")[0]
    assert newest["status"] == ("open" if generation == "old" else "pending")
    assert ("total_hours" in newest, "total_minutes" in newest) == (generation == "old", generation == "new")


def test_time_requests_need_dates_and_have_a_description_by_the_new_pages(client, generation):
    assert client.get("/time-requests").status_code == (200 if generation == "old" else 400)
    (request, *_) = client.rows("/time-requests", date_from="2026-11-02", date_to="2026-11-06")
    assert ("notes" in request, "activity_description" in request) == (generation == "old", generation == "new")


def test_an_expense_needs_more_than_a_name_by_the_old_pages(client, generation):
    expected = 400 if generation == "old" else 201
    assert client.send("POST", "/expenses", expense_name="Train").status_code == expected


def test_users_by_address_are_one_object_by_the_older_page_of_v1(client, generation):
    simulator = client.simulator
    answer = requests.get(
        f"{simulator.base_url_v1}/rest-api/users",
        params={"email": "member7@example.com"},
        auth=(simulator.login, simulator.password),
        timeout=10,
    ).json()
    user = answer if generation == "old" else answer[0]
    assert user["id"] == 7
    assert ("fullname" in user, "current_role" in user) == (generation == "old", generation == "new")

"""Who sees what and who may do what, by role; and the older pages, which open the API to managers alone."""

from __future__ import annotations

import pytest
import requests

URL = "https://receiver.example.com/hooks/k"


@pytest.fixture(scope="module")
def shared(running_for_module):
    return running_for_module()


@pytest.fixture
def client(shared):
    shared.simulator.reset()
    return shared


def as_member(client, user_id, *, role):
    """Return a way to call in the name of a member who has this role."""
    assert client.send("PUT", f"/members/{user_id}", role=role).status_code == 200
    headers = {"Authorization": f"Bearer {client.simulator.token_of(user_id)}"}

    def call(method, path, **fields):
        where = (
            {"params": {"workspace_id": 1, **fields}} if method == "GET" else {"json": {"workspace_id": 1, **fields}}
        )
        return client.call(method, path, headers=headers, **where)

    return call


@pytest.mark.parametrize("role", ["Team manager", "Project manager", "Regular User", "Project viewer"])
@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("POST", "/members", {"email": "a@example.com", "firstname": "A", "lastname": "B", "role": "Regular User"}),
        ("POST", "/projects", {"name": "New"}),
        ("DELETE", "/tasks/11", {"project_id": 1}),
        ("POST", "/time-entries", {"user_id": 7, "date": "2026-11-02", "start_time": "20:00", "end_time": "21:00"}),
        ("POST", "/time-tracking/start", {"user_id": 7}),
        ("POST", "/webhooks", {"url": URL, "events": ["tracker.started"]}),
        ("GET", "/webhooks", {}),
        ("GET", "/reports/tracked-hours", {}),
    ],
)
def test_writes_webhooks_and_reports_are_for_managers(client, role, method, path, fields):
    refused = as_member(client, 7, role=role)(method, path, **fields)
    assert (refused.status_code, refused.json()["success"]) == (403, False)
    allowed = as_member(client, 7, role="Executive manager")(method, path, **fields)
    assert allowed.status_code in {200, 201}


def test_a_regular_user_sees_what_is_the_users_own(client):
    call = as_member(client, 7, role="Regular User")
    own_projects = {row["project_id"] for row in client.rows("/contracts", user_id=7)}
    for path in ("/contracts", "/timesheets", "/leaves", "/leaves/balances?date_from=2026-01-01&date_to=2026-12-31"):
        rows = call("GET", path).json()["data"]
        assert {row["user_id"] for row in rows} == {7}, path
    assert [row["id"] for row in call("GET", "/members").json()["data"]] == [7]
    assert {row["id"] for row in call("GET", "/projects").json()["data"]} == own_projects
    assert {row["member"] for row in call("GET", "/expenses").json()["data"]} == {"Member 7"}
    for path in ("/members/8", "/contracts/108", f"/projects/{next(iter({1, 2, 3} - own_projects))}"):
        assert call("GET", path).status_code == 403
    day = {"date": "2026-11-02"}
    assert call("GET", "/time-entries", user_id=7, **day).json()["data"]
    assert call("GET", "/time-entries", user_id=8, **day).status_code == 403
    assert call("GET", "/time-tracking/current-data", user_id=8).status_code == 403


def test_a_project_manager_sees_those_on_the_managers_projects(client):
    call = as_member(client, 7, role="Project manager")
    contracts = client.rows("/contracts", per_page=100)
    own = {row["project_id"] for row in contracts if row["user_id"] == 7}
    theirs = {row["user_id"] for row in contracts if row["project_id"] in own}
    assert 1 < len(theirs) < 25
    assert {row["id"] for row in call("GET", "/members", per_page=100).json()["data"]} == theirs


def test_rates_are_shown_to_those_who_may_see_them(client):
    call = as_member(client, 7, role="Executive manager")
    assert client.rows("/members")[6]["rate"] > 0
    assert call("GET", "/members").json()["data"][6]["rate"] is None
    assert "total_amount" not in call("GET", "/reports/tracked-hours").json()["data"]["totals"]
    client.send("PUT", "/members/7", rate_status=1)
    assert call("GET", "/members").json()["data"][6]["rate"] > 0
    assert call("GET", "/reports/tracked-hours").json()["data"]["totals"]["total_amount"]["USD"] > 0


def test_an_archived_member_is_locked_out(client):
    call = as_member(client, 7, role="Executive manager")
    client.send("DELETE", "/members/7")
    assert call("GET", "/members").status_code == 403
    assert call("GET", "/workspaces").status_code == 403


def test_a_token_of_nobody_is_401(client):
    headers = {"Authorization": f"Bearer {client.simulator.token_of(7)}x"}
    assert client.call("GET", "/workspaces", headers=headers).status_code == 401


def test_members_sign_in_to_v1_with_their_own_rights(client):
    simulator = client.simulator
    as_member(client, 7, role="Regular User")
    auth = ("member7@example.com", simulator.password_of(7))
    users = requests.get(f"{simulator.base_url_v1}/rest-api/users", auth=auth, timeout=10)
    assert [row["id"] for row in users.json()] == [7]
    created = requests.post(f"{simulator.base_url_v1}/rest-api/projects", auth=auth, data={"name": "x"}, timeout=10)
    assert created.json()["success"] is False


def test_the_old_pages_open_the_api_to_managers_and_to_nobody_else(running):
    client = running(generation="old")
    regular = as_member(client, 7, role="Regular User")
    for path in ("/workspaces", "/members", "/timesheets"):
        assert regular("GET", path).status_code == 403
    assert regular("POST", "/time-tracking/start", user_id=7, contract_id=107).status_code == 200
    assert regular("POST", "/time-tracking/start", user_id=8, contract_id=108).status_code == 403
    stopped = client.call(
        "POST", "/time-tracking/stop", headers={"Authorization": f"Bearer {client.simulator.token_of(7)}"}
    )
    assert stopped.status_code == 200

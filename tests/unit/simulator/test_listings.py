"""Every listing in its documented page shape, and in each of the others."""

from __future__ import annotations

import pytest
import requests

from airflow_provider_webwork.simulator import Company, Paging


def test_the_workspace_names_the_role_of_the_caller(client):
    body = client.call("GET", "/workspaces").json()
    (workspace,) = body["data"]
    assert (workspace["id"], workspace["role"], workspace["status"]) == (1, "Owner", "active")
    assert workspace["created_at"].endswith("000000Z")
    assert workspace["activated_at"] == "2025-02-19 19:24:55"
    span = {"total": 1, "per_page": 20, "current_page": 1, "last_page": 1, "from": 1, "to": 1}
    assert body["meta"]["pagination"] == span


def test_members_come_in_pages_of_twenty(client):
    first, second, third = (client.get("/members", page=page).json() for page in (1, 2, 3))
    assert [len(page["data"]) for page in (first, second, third)] == [20, 5, 0]
    assert [row["id"] for page in (first, second) for row in page["data"]] == list(range(1, 26))
    pagination = {"total": 25, "per_page": 20, "last_page": 2}
    assert first["meta"]["pagination"] == {**pagination, "current_page": 1, "from": 1, "to": 20}
    assert second["meta"]["pagination"] == {**pagination, "current_page": 2, "from": 21, "to": 25}
    assert third["meta"]["pagination"] == {**pagination, "current_page": 3, "from": None, "to": None}


@pytest.mark.parametrize(("asked", "given"), [(3, 3), (100, 25), (1000, 25)])
def test_the_caller_chooses_the_page_size_up_to_a_hundred(running, asked, given):
    page = running().get("/members", per_page=asked).json()
    assert len(page["data"]) == given
    assert page["meta"]["pagination"]["per_page"] == min(asked, 100)


@pytest.mark.parametrize("query", [{"page": 0}, {"page": "x"}, {"per_page": 0}, {"per_page": -1}])
def test_a_page_that_cannot_be_is_400(client, query):
    assert client.get("/members", **query).status_code == 400


def test_members_are_filtered(client):
    (member,) = client.get("/members", email="member7@example.com").json()["data"]
    assert (member["id"], member["firstname"], member["lastname"]) == (7, "Member", "7")
    assert [row["id"] for row in client.get("/members", status="inactive").json()["data"]] == [12, 24]
    assert [row["id"] for row in client.get("/members", role="Owner").json()["data"]] == [1]
    assert client.get("/members", email="nobody@example.com").json()["data"] == []


def test_one_member_is_shown_by_id(client):
    assert client.get("/members/7").json()["data"] == client.get("/members").json()["data"][6]
    assert client.get("/members/26").status_code == 404


def test_webhooks_come_in_max_rows_pages_of_fifty(client):
    made = [client.register(f"https://receiver.example.com/{n}") for n in range(51)]
    first, second = (client.get("/webhooks", page=page).json() for page in (1, 2))
    assert first == {"max_rows": 51, "current_page": 1, "total_pages": 2, "data": made[:50]}
    assert second["data"] == made[50:]


def rows_and_total(shape, body):
    if shape == "bare_array":
        return body, len(body)
    if shape == "max_rows":
        return body["data"], body["max_rows"]
    pagination = body["meta"]["pagination"] if shape == "meta_pagination" else body["pagination"]
    assert body["success"] is True
    assert body["meta"]["api_version"] == "2.0.0"
    return body["data"], pagination["total"]


@pytest.mark.parametrize("shape", ["max_rows", "meta_pagination", "top_level_pagination", "bare_array"])
def test_every_listing_takes_every_shape(running, shape):
    client = running(paging=Paging(shape=shape, size=2))
    made = [client.register(f"https://receiver.example.com/{n}") for n in range(3)]
    wanted = made if shape == "bare_array" else made[:2]
    simulator = client.simulator
    v1 = requests.get(
        f"{simulator.base_url_v1}/rest-api/v1/webhooks", auth=(simulator.login, simulator.password), timeout=10
    )
    for answer in (client.get("/webhooks"), v1):
        assert rows_and_total(shape, answer.json()) == (wanted, 3)
    rows, total = rows_and_total(shape, client.get("/members").json())
    assert ([row["id"] for row in rows][:2], total) == ([1, 2], 25)
    assert rows_and_total(shape, client.get("/workspaces").json())[1] == 1


def test_an_unknown_shape_is_refused():
    with pytest.raises(ValueError, match="bare_array"):
        Paging(shape="cursor")


def test_a_listing_can_keep_its_pages_to_itself(running):
    client = running(paging=Paging(shape="meta_only", size=10))
    pages = [client.get("/members", page=page).json() for page in (1, 2, 3, 4)]
    assert [len(page["data"]) for page in pages] == [10, 10, 5, 0]
    assert set(pages[0]) == {"success", "message", "data", "meta"}
    assert set(pages[0]["meta"]) == {"api_version", "timestamp"}


def test_one_listing_can_have_a_shape_of_its_own(running):
    client = running(paging=Paging(shapes={"getWebhooks": "meta_pagination"}))
    client.register("https://receiver.example.com/k")
    assert client.get("/webhooks").json()["meta"]["pagination"]["total"] == 1
    assert "pagination" in client.get("/contracts").json()


DOCUMENTED = {
    "/members": "meta_pagination",
    "/projects": "meta_pagination",
    "/tasks?project_id=1": "meta_pagination",
    "/project-viewers": "meta_pagination",
    "/contracts": "top_level_pagination",
    "/time-entries?user_id=7&date=2026-11-02": "meta_pagination",
    "/timesheets": "meta_pagination",
    "/time-requests?date_from=2026-11-02&date_to=2026-11-06": "meta_pagination",
    "/leaves": "meta_pagination",
    "/expenses": "meta_pagination",
    "/webhooks": "max_rows",
    "/reports/daily-timeline?date=2026-11-02": "meta_pagination",
}
DOCUMENTED_V1 = {
    "/users": "bare_array",
    "/projects": "bare_array",
    "/tasks": "bare_array",
    "/contracts": "bare_array",
    "/project-viewers": "bare_array",
    "/timesheets": "max_rows",
    "/leaves": "max_rows",
    "/expenses": "max_rows",
    "/v1/webhooks": "max_rows",
}


def test_every_listing_has_its_documented_shape(client):
    client.register("https://receiver.example.com/k")
    simulator = client.simulator
    auth = (simulator.login, simulator.password)
    for path, shape in DOCUMENTED.items():
        assert rows_and_total(shape, client.get(path).json())[0], path
    for path, shape in DOCUMENTED_V1.items():
        answer = requests.get(f"{simulator.base_url_v1}/rest-api{path}", auth=auth, timeout=10)
        assert rows_and_total(shape, answer.json())[0], path


def test_time_entries_come_in_pages_of_fifty_at_most(running):
    client = running(company=Company(entries_per_day=120))
    query = {"user_id": 7, "date": "2026-11-02"}
    pages = [client.get("/time-entries", **query, per_page=100, page=page).json()["data"] for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert len({row["id"] for page in pages for row in page}) == 120


def test_the_largest_page_can_be_chosen_and_a_larger_one_refused(running):
    client = running(paging=Paging(largest=10, oversize="refused"))
    assert len(client.get("/members", per_page=10).json()["data"]) == 10
    assert client.get("/members", per_page=11).status_code == 400


@pytest.mark.parametrize(
    ("past_end", "status", "first"), [("empty", 200, None), ("last", 200, 21), ("refused", 404, None)]
)
def test_a_page_past_the_end_is_what_was_chosen(running, past_end, status, first):
    client = running(paging=Paging(past_end=past_end))
    answer = client.get("/members", page=9)
    assert answer.status_code == status
    assert [row["id"] for row in answer.json().get("data", [])][:1] == ([first] if first else [])


def test_the_numbers_of_a_page_can_be_text_and_its_totals_can_lie(running):
    client = running(paging=Paging(numbers="text", surplus=-6))
    pagination = client.get("/members", page=1).json()["meta"]["pagination"]
    assert pagination == {
        "total": "19",
        "per_page": "20",
        "current_page": "1",
        "last_page": "1",
        "from": "1",
        "to": "20",
    }
    assert len(client.get("/members", page=2).json()["data"]) == 5


def test_every_workspace_has_projects_of_its_own(running):
    client = running(company=Company(workspaces=2))
    assert [row["id"] for row in client.call("GET", "/workspaces").json()["data"]] == [1, 2]
    first, second = ({row["id"] for row in client.rows("/projects", workspace_id=each)} for each in (1, 2))
    assert first == {1, 2, 3}
    assert not first & second
    entries = client.rows("/time-entries", workspace_id=2, user_id=7, date="2026-11-02")
    assert {row["project_id"] for row in entries} <= second
    client.send("POST", "/webhooks", workspace_id=2, url="https://receiver.example.com/k", events=["nothing.happens"])
    assert client.get("/webhooks").json()["data"] == []
    assert len(client.get("/webhooks", workspace_id=2).json()["data"]) == 1
    assert client.get("/projects", workspace_id=3).status_code == 403

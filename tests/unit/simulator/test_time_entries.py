"""Time entries: what the seed did in the past, what trackers and manual time add, and a day with very many."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest

from airflow_provider_webwork.simulator import Company

MONDAY = "2026-11-02"


def spans(client, *, user_id=7, date=MONDAY):
    rows = client.rows("/time-entries", user_id=user_id, date=date)
    return [(row["start_time"][11:16], row["end_time"] and row["end_time"][11:16]) for row in rows]


def test_an_entry_belongs_to_a_contract_of_its_member_and_a_task_of_its_project(client):
    contracts = {row["id"]: row for row in client.rows("/contracts", per_page=100)}
    seen = 0
    for user_id in range(1, 26):
        for entry in client.rows("/time-entries", user_id=user_id, date=MONDAY):
            contract = contracts[entry["contract_id"]]
            task = client.get(f"/tasks/{entry['task_id']}", project_id=entry["project_id"]).json()["data"]
            assert (contract["user_id"], contract["project_id"]) == (user_id, entry["project_id"])
            assert (entry["project_name"], entry["task_title"]) == (contract["project_name"], task["title"])
            seen += 1
    assert seen > 25


def test_the_entries_of_a_day_follow_each_other_and_last_as_long_as_they_say(client):
    rows = client.rows("/time-entries", user_id=7, date=MONDAY)
    times = [datetime.fromisoformat(row[end]) for row in rows for end in ("start_time", "end_time")]
    assert times == sorted(times)
    assert len(rows) >= 2
    assert [row["duration_minutes"] for row in rows] == [
        (end - start).seconds // 60 for start, end in zip(times[::2], times[1::2], strict=True)
    ]


@pytest.mark.parametrize("date", ["2026-11-01", "2026-11-19", "2027-01-04", "2024-01-01"])
def test_nothing_was_done_on_a_sunday_today_in_the_future_or_long_ago(client, date):
    assert client.rows("/time-entries", user_id=7, date=date) == []


def test_there_is_no_entry_on_an_approved_leave(client):
    leaves = client.rows("/leaves", status="approved", per_page=100)
    assert len(leaves) >= 25
    for leave in leaves:
        assert client.rows("/time-entries", user_id=leave["user_id"], date=leave["start_date"]) == []


def test_a_manual_entry_is_cut_where_another_is_in_its_way(client):
    before = spans(client)
    last = before[-1][1]
    entry = {"user_id": 7, "date": MONDAY, "notes": "Call", "start_time": "09:00", "end_time": "23:00"}
    created = client.send("POST", "/time-entries", **entry)
    assert created.status_code == 201
    body = created.json()
    assert 0 < body["saved_minutes"] == body["data"]["duration_minutes"] < 14 * 60
    assert body["data"]["method"] == "Manually added time"
    late = client.send("POST", "/time-entries", **{**entry, "start_time": "22:00"}).json()
    assert (late["saved_minutes"], late["data"]["activity_description"]) == (60, "Call")
    after = spans(client)
    assert set(before) < set(after)
    assert all(one[1] <= other[0] for one, other in pairwise(after))
    assert after[-1] == ("22:00", "23:00")
    assert last < "22:00"
    assert client.send("POST", "/time-entries", **{**entry, "start_time": "22:00"}).status_code == 400


def test_an_entry_is_changed_moved_to_another_day_and_deleted(client):
    first, *others = client.rows("/time-entries", user_id=7, date=MONDAY)
    path = f"/time-entries/{first['id']}"
    answer = client.send("PUT", path, notes="Changed", start_time="07:00").json()
    assert set(answer) == {"success", "message", "meta"}
    changed, *same = client.rows("/time-entries", user_id=7, date=MONDAY)
    assert same == others
    assert (changed["activity_description"], changed["start_time"][11:16]) == ("Changed", "07:00")
    assert changed["end_time"] == first["end_time"]
    client.send("PUT", path, date="2026-11-01")
    assert client.rows("/time-entries", user_id=7, date=MONDAY) == others
    assert [row["id"] for row in client.rows("/time-entries", user_id=7, date="2026-11-01")] == [first["id"]]
    assert client.send("DELETE", path).status_code == 200
    assert client.rows("/time-entries", user_id=7, date="2026-11-01") == []
    assert client.send("DELETE", path).status_code == 404
    assert client.send("PUT", path, notes="Again").status_code == 404


def test_entries_are_filtered_by_project_and_task(client):
    rows = client.rows("/time-entries", user_id=7, date=MONDAY)
    task = rows[0]["task_id"]
    filtered = client.rows("/time-entries", user_id=7, date=MONDAY, task_id=task)
    assert filtered == [row for row in rows if row["task_id"] == task]
    assert client.rows("/time-entries", user_id=7, date=MONDAY, project_id=99) == []


def test_a_tracker_leaves_an_entry_that_runs_until_it_is_stopped(running, clock):
    client = running(now=clock)
    client.simulator.start_tracker(7, method="Desktop tracker")
    clock.advance(minutes=45)
    (entry,) = client.rows("/time-entries", user_id=7, date="2026-11-19")
    assert (entry["start_time"], entry["end_time"]) == ("2026-11-19T15:00:00Z", None)
    assert (entry["method"], entry["contract_id"], entry["duration_minutes"]) == ("Desktop tracker", 107, 45)
    assert client.get("/time-tracking/current-data", user_id=7).json()["data"]["contract_id"] is None
    client.simulator.stop_tracker(7)
    clock.advance(hours=1)
    (stopped,) = client.rows("/time-entries", user_id=7, date="2026-11-19")
    assert stopped == {**entry, "end_time": "2026-11-19T15:45:00Z"}
    assert client.get("/time-tracking/current-data", user_id=7).json()["data"]["total_minutes"] == 45


def test_an_approved_time_request_becomes_an_entry(client):
    asked = {"user_id": 7, "contract_id": 107, "start": "2026-11-02T20:00:00Z", "end": "2026-11-02T21:30:00+01:00"}
    created = client.send("POST", "/time-requests", **asked, activity_description="Call").json()["data"]
    assert created["status"] == "pending"
    assert ("20:00", "20:30") not in spans(client)
    path = f"/time-requests/{created['id']}"
    assert client.send("POST", f"{path}/approve").status_code == 200
    assert spans(client)[-1] == ("20:00", "20:30")
    assert client.get(path).json()["data"]["status"] == "approved"
    assert client.send("POST", f"{path}/reject", comment="Too late").status_code == 400


def test_a_rejected_time_request_leaves_its_comment_and_no_entry(client):
    asked = {"user_id": 7, "start": "2026-11-02T20:00:00Z", "end": "2026-11-02T20:30:00Z"}
    path = f"/time-requests/{client.send('POST', '/time-requests', **asked).json()['data']['id']}"
    before = spans(client)
    assert client.send("POST", f"{path}/reject").status_code == 400
    assert client.send("POST", f"{path}/reject", comment="Not agreed").status_code == 200
    assert client.get(path).json()["data"]["comment"] == "Not agreed"
    assert spans(client) == before


def test_a_seeded_request_that_was_approved_is_a_manual_entry(client):
    requests = client.rows(
        "/time-requests", status="approved", date_from="2026-11-02", date_to="2026-11-06", per_page=100
    )
    assert requests
    for request in requests:
        rows = client.rows("/time-entries", user_id=request["user_id"], date=request["start"][:10])
        found = [(row["start_time"], row["end_time"]) for row in rows if row["method"] == "Manually added time"]
        assert found == [(request["start"], request["end"])]


def test_days_and_times_of_day_are_those_of_the_owner(running):
    client = running(company=Company(timezone="Asia/Tokyo"))
    entry = {"user_id": 7, "date": "2026-11-03", "start_time": "00:30", "end_time": "01:00"}
    created = client.send("POST", "/time-entries", **entry).json()["data"]
    assert (created["date"], created["start_time"]) == ("2026-11-03", "2026-11-02T15:30:00Z")
    (timeline,) = client.rows("/reports/daily-timeline", date="2026-11-03", user_ids=7)
    assert timeline["entries"][0]["start"] == "2026-11-03T00:30:00+09:00"


def test_a_million_entries_of_one_day_are_paged_without_being_made(running):
    client = running(company=Company(entries_per_day=1_000_000))
    query = {"user_id": 7, "date": MONDAY, "per_page": 50}
    first, again, last = (client.get("/time-entries", **query, page=page).json() for page in (1, 1, 20_000))
    assert first["data"] == again["data"]
    assert last["meta"]["pagination"]["total"] == 1_000_000
    ids = {row["id"] for row in first["data"] + last["data"]}
    assert len(ids) == 100
    assert client.get("/time-entries", **query, page=20_001).json()["data"] == []

"""Reports of both versions, and timesheets, add up to the time entries, also after these were changed."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
import requests

WEEK = [f"{date(2026, 11, 2) + timedelta(days=number)}" for number in range(7)]
RANGE = {"start_date": WEEK[0], "end_date": WEEK[-1]}
MEMBERS = range(1, 26)


@pytest.fixture(scope="module")
def client(running_for_module):
    """A week in which time was added, changed and removed by hand."""
    client = running_for_module()
    first, second = client.rows("/time-entries", user_id=7, date=WEEK[0])[:2]
    client.send("DELETE", f"/time-entries/{first['id']}")
    client.send("PUT", f"/time-entries/{second['id']}", start_time="06:10")
    client.send("POST", "/time-entries", user_id=8, date=WEEK[5], start_time="10:00", end_time="11:40")
    return client


@pytest.fixture(scope="module")
def entries(client):
    """Every time entry of the week."""
    return [
        row for user_id in MEMBERS for day in WEEK for row in client.rows("/time-entries", user_id=user_id, date=day)
    ]


def report_v1(client, name):
    simulator = client.simulator
    url = f"{simulator.base_url_v1}/rest-api/reports/{name}"
    answer = requests.get(url, params=RANGE, auth=(simulator.login, simulator.password), timeout=10)
    return answer.json()["dateReport"]


def summed(entries, *keys):
    minutes = Counter()
    for entry in entries:
        minutes[tuple(entry[key] for key in keys)] += entry["duration_minutes"]
    return minutes


def test_tracked_hours_are_the_minutes_of_the_entries(client, entries):
    report = client.get("/reports/tracked-hours", **RANGE).json()["data"]
    counted = {
        (day, row["user_id"], row["project_id"], row["contract_id"]): row["total_minutes"]
        for day, rows in report["dates"].items()
        for row in rows
    }
    assert counted == summed(entries, "date", "user_id", "project_id", "contract_id")
    assert report["totals"]["total_minutes"] == sum(entry["duration_minutes"] for entry in entries) > 10_000
    rows = [row for rows in report["dates"].values() for row in rows]
    amount = sum(row["total_amount"]["USD"] for row in rows)
    assert report["totals"]["total_amount"]["USD"] == pytest.approx(amount, abs=0.01 * len(rows))


def test_tracked_hours_are_filtered_and_default_to_the_current_week(client, entries):
    def total(**query):
        return client.get("/reports/tracked-hours", **query).json()["data"]["totals"]["total_minutes"]

    by_user = summed(entries, "user_id")
    assert total(**RANGE, user_id=7) == by_user[7,]
    assert total(**RANGE, users="7,8") == by_user[7,] + by_user[8,]
    assert total(**RANGE, **{"users[]": [7, 8]}) == by_user[7,] + by_user[8,]
    assert total(**RANGE, projects=1) == summed(entries, "project_id")[1,]
    assert total() == total(start_date="2026-11-16", end_date="2026-11-22") > 0
    assert (
        client.get("/reports/tracked-hours", user_id=7, start_date="2026-10-01", end_date=WEEK[-1]).status_code == 400
    )
    assert client.get("/reports/tracked-hours", start_date=WEEK[-1], end_date=WEEK[0]).status_code == 400


def test_timesheets_are_the_minutes_of_the_entries(client, entries):
    sheets = client.rows("/timesheets", date_from=WEEK[0], date_to=WEEK[-1], per_page=100)
    by_user, by_day = summed(entries, "user_id"), summed(entries, "user_id", "date")
    assert {(sheet["user_id"],): sheet["total_minutes"] for sheet in sheets if sheet["total_minutes"]} == by_user
    days = {
        (sheet["user_id"], day): sum(row["total_minutes"] for row in rows)
        for sheet in sheets
        for day, rows in sheet["daily_breakdown"].items()
    }
    assert days == by_day


def test_the_daily_timeline_shows_every_entry_of_the_day(client, entries):
    rows = client.rows("/reports/daily-timeline", date=WEEK[0], per_page=100)
    assert client.get("/reports/daily-timeline", date=WEEK[0]).json()["meta"]["pagination"]["per_page"] == 30
    that_day = [entry for entry in entries if entry["date"] == WEEK[0]]
    shown = [(row["user_id"], entry["start"][:16], entry["task"]) for row in rows for entry in row["entries"]]
    assert sorted(shown) == sorted((e["user_id"], e["start_time"][:16], e["task_title"]) for e in that_day)
    assert {(row["user_id"],): row["total_minutes"] for row in rows} == summed(that_day, "user_id")


def test_attendance_tells_who_was_there_who_was_on_leave_and_the_breaks(client, entries):
    rows = client.rows("/reports/daily-attendance", date=WEEK[1])
    that_day = [entry for entry in entries if entry["date"] == WEEK[1]]
    worked = summed(that_day, "user_id")
    assert {row["user_id"]: row["tracked_minutes"] for row in rows} == {each: worked[each,] for each in MEMBERS}
    away = {leave["user_id"] for leave in client.rows("/leaves", status="approved", date_from=WEEK[1], date_to=WEEK[1])}
    assert {row["user_id"] for row in rows if row["statuses"] == ["On leave"]} == away
    assert away
    (seven,) = client.rows("/reports/daily-attendance", date=WEEK[1], users=7)
    assert ("Present" in seven["statuses"]) == (7 not in away)
    filtered = client.rows("/reports/daily-attendance", date=WEEK[1], status="on_leave")
    assert {row["user_id"] for row in filtered} == away
    assert client.get("/reports/daily-attendance", date=WEEK[1], status="asleep").status_code == 400


def test_activity_is_shown_by_member_and_day(client, entries):
    rows = client.rows("/reports/activity-level", **RANGE)
    days = {(row["user_id"], day["date"]) for row in rows for day in row["days"]}
    assert days == {(entry["user_id"], entry["date"]) for entry in entries}
    assert all(0 <= row["overall"] <= 100 for row in rows)
    too_long = {"start_date": "2026-10-01", "end_date": "2026-11-01"}
    assert client.get("/reports/activity-level", **too_long).status_code == 400


def test_the_reports_that_are_only_named_add_up_as_well(client, entries):
    for path, key, column in (
        ("/reports/tasks", "task_id", "task_id"),
        ("/reports/activity-descriptions", "activity_description", "activity_description"),
    ):
        rows = client.rows(path, **RANGE)
        assert {(row[key],): row["total_minutes"] for row in rows} == summed(entries, column)


def test_the_reports_of_v1_are_the_minutes_of_the_entries(client, entries):
    by_user = {f"member{user_id}@example.com": total for (user_id,), total in summed(entries, "user_id").items()}
    full = report_v1(client, "full-data")
    assert {row["email"]: row["totalMinutes"] for row in full} == by_user
    assert {row["email"]: sum(task["minutes"] for task in row["tasks"]) for row in full} == by_user
    by_task = {
        (row["dateTracked"], row["email"], project["projectId"], task["taskId"]): task["minutes"]
        for row in report_v1(client, "daily-data")
        for project in row["projects"]
        for task in project["tasks"]
    }
    assert by_task == {
        (day, f"member{user_id}@example.com", project_id, task_id): total
        for (day, user_id, project_id, task_id), total in summed(
            entries, "date", "user_id", "project_id", "task_id"
        ).items()
    }
    stretches = [
        (row["dateTracked"], stretch["beginDatetime"], stretch["minutes"])
        for row in report_v1(client, "daily-timeline")
        for project in row["projects"]
        for task in project["tasks"]
        for stretch in task["timeEntries"]
    ]
    assert sorted(stretches) == sorted((e["date"], e["start_time"][11:19], e["duration_minutes"]) for e in entries)

"""What a call writes is seen by every later read, section by section; webhooks and trackers have files of their own."""

from __future__ import annotations

import pytest
import requests


@pytest.fixture
def v1(client):
    simulator = client.simulator

    def call(method, path, **fields):
        answer = requests.request(
            method,
            f"{simulator.base_url_v1}/rest-api{path}",
            auth=(simulator.login, simulator.password),
            params=fields if method == "GET" else None,
            data=None if method == "GET" else fields,
            timeout=10,
        )
        assert answer.status_code == 200
        return answer.json()

    return call


def test_a_member_is_invited_changed_and_archived(client):
    given = {"email": "new@example.com", "firstname": "Member", "lastname": "99", "role": "Team manager"}
    invited = client.send("POST", "/members", **given).json()["data"]
    assert set(invited) == {"user_id", "invitation_link"}
    path = f"/members/{invited['user_id']}"
    (shown,) = client.rows("/members", email="new@example.com")
    assert (shown["id"], shown["lastname"], shown["current_role"]) == (invited["user_id"], "99", "Team manager")
    changed = client.send("PUT", path, role="Regular User", timezone="Asia/Yerevan").json()["data"]
    assert client.get(path).json()["data"] == changed
    assert (changed["current_role"], changed["timezone"]) == ("Regular User", "Asia/Yerevan")
    assert client.send("DELETE", path).json()["success"] is True
    assert client.rows("/members", email="new@example.com") == []
    assert client.get(path).json()["data"]["deleted_at"]


def test_an_address_is_taken_once(client):
    person = {"firstname": "Member", "lastname": "7", "email": "member7@example.com"}
    assert client.send("POST", "/members", **person, role="Regular User").status_code == 400
    assert client.send("POST", "/project-viewers", **person).status_code == 400
    assert client.send("PUT", "/members/8", email="member7@example.com").status_code == 400
    assert client.send("PUT", "/members/7", email="member7@example.com").status_code == 200


def test_a_project_is_created_changed_and_archived(client):
    created = client.send("POST", "/projects", name="Bridge", budget=500, start_date="2026-01-01").json()["data"]
    assert (created["name"], created["budget_estimation"], created["contracts_count"]) == ("Bridge", 500, 0)
    path = f"/projects/{created['id']}"
    assert client.rows("/projects", name="BRID") == [created]
    client.send("POST", "/contracts", project_id=created["id"], user_id=7)
    client.send("PUT", path, name="Tunnel", deadline="2026-12-31")
    shown = client.get(path).json()["data"]
    assert (shown["name"], shown["deadline"], shown["contracts_count"]) == ("Tunnel", "2026-12-31", 1)
    client.send("DELETE", path)
    assert created["id"] not in [row["id"] for row in client.rows("/projects")]
    assert client.get(path).json()["data"]["deleted_at"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "x" * 256},
        {"name": 5},
        {"name": "x", "start_date": "2026-02-30"},
        {"name": "x", "start_date": "01.02.2026"},
        {"name": "x", "start_date": "2026-02-01", "deadline": "2026-01-01"},
        {"name": "x", "budget": "much"},
    ],
)
def test_a_project_that_makes_no_sense_is_400_and_not_created(client, fields):
    before = client.rows("/projects")
    answer = client.send("POST", "/projects", **fields)
    assert (answer.status_code, answer.json()["success"]) == (400, False)
    assert client.rows("/projects") == before


def test_a_task_is_created_changed_assigned_and_deleted(client):
    named = {"project_id": 1}
    task = client.send("POST", "/tasks", **named, title="Weld", priority=10).json()["data"]
    assert (task["title"], task["status_name"], task["priority_name"]) == ("Weld", "Open", "Urgent")
    path = f"/tasks/{task['id']}"
    changed = client.send("PUT", path, **named, status=30).json()["data"]
    assert (changed["status_name"], bool(changed["completed_at"])) == ("Closed", True)
    assert client.get(path, **named).json()["data"] == changed
    assert task["id"] in [row["id"] for row in client.rows("/tasks", **named, status=30)]
    assigned = client.send("POST", f"{path}/assign/7", **named).json()["data"]
    assert (assigned["task_id"], assigned["user_id"]) == (str(task["id"]), "7")
    assert [row["email"] for row in client.rows(f"{path}/assignees", **named)] == ["member7@example.com"]
    assert client.send("DELETE", f"{path}/unassign/7", **named).status_code == 200
    assert client.rows(f"{path}/assignees", **named) == []
    assert client.send("DELETE", path, **named).status_code == 200
    assert client.get(path, **named).status_code == 404


def test_a_task_is_found_in_its_own_project_only(client):
    assert client.get("/tasks/11", project_id=2).status_code == 404
    assert client.send("DELETE", "/tasks/11", project_id=2).status_code == 404
    assert client.get("/tasks/11", project_id=1).status_code == 200


def test_tasks_are_listed_by_project_or_contract_in_either_order(client):
    (contract,) = client.rows("/contracts", user_id=7)[:1]
    by_contract = [row["id"] for row in client.rows("/tasks", contract_id=contract["id"])]
    assert by_contract == [row["id"] for row in client.rows("/tasks", project_id=contract["project_id"])]
    assert [row["id"] for row in client.rows("/tasks", contract_id=contract["id"], order_by="desc")] == by_contract[
        ::-1
    ]
    assert client.get("/tasks").status_code == 400


def test_a_viewer_is_invited_given_a_project_archived_and_restored(client):
    person = {"email": "client@example.com", "firstname": "Viewer", "lastname": "99"}
    viewer = client.send("POST", "/project-viewers", **person).json()["data"]
    path = f"/project-viewers/{viewer['id']}"
    client.send("POST", f"{path}/assign-project", project_id=2)
    assert client.get(path).json()["data"]["projects"] == [{"project_id": 2, "project_name": "Project 2"}]
    client.send("DELETE", f"{path}/unassign-project", project_id=2)
    assert client.get(path).json()["data"]["projects"] == []
    client.send("DELETE", path)
    assert client.rows("/project-viewers", email="client@example.com") == []
    client.send("POST", f"{path}/restore")
    assert client.rows("/project-viewers", email="client@example.com") == [viewer]


def test_a_contract_is_created_once_and_paused(client):
    project = client.send("POST", "/projects", name="Bridge").json()["data"]["id"]
    contract = client.send("POST", "/contracts", project_id=project, user_id=7, rate=50).json()["data"]
    assert (contract["user_email"], contract["project_name"], contract["rate"]) == ("member7@example.com", "Bridge", 50)
    assert client.send("POST", "/contracts", project_id=project, user_id=7).status_code == 400
    client.send("PUT", f"/contracts/{contract['id']}", status="paused", screenshots="blurred")
    (shown,) = client.rows("/contracts", project_id=project)
    assert (shown["status"], shown["screenshots"]) == ("paused", "blurred")
    assert client.rows("/contracts", project_id=project, status="active") == []
    assert client.send("PUT", f"/contracts/{contract['id']}", screenshots="sharp").status_code == 400
    start = {"user_id": 7, "contract_id": contract["id"]}
    assert client.send("POST", "/time-tracking/start", **start).status_code == 400


def test_a_timesheet_moves_on_only_in_its_order(client):
    timesheet = client.rows("/timesheets", status="pending")[0]["id"]

    def move(verb, **body):
        return client.send("PUT", f"/timesheets/{timesheet}/{verb}", **body).status_code

    def shown():
        (row,) = client.rows("/timesheets", id=timesheet)
        return row["status"], row["reject_reason"]

    assert move("approve") == 400
    assert move("submit") == 200
    assert shown() == ("submitted", None)
    assert move("reject") == 400  # without a reason
    assert move("reject", reason="A day is missing") == 200
    assert shown() == ("rejected", "A day is missing")
    assert (move("submit"), move("unsubmit"), move("submit"), move("approve")) == (200, 200, 200, 200)
    assert shown() == ("approved", None)
    assert move("reject", reason="Too late") == 400


def test_an_approved_leave_is_taken_off_the_balance(client):
    def vacation():
        (row,) = client.rows("/leaves/balances", user_id=7, date_from="2027-01-01", date_to="2027-12-31")
        return {each["leave_type"]: each["balance"] for each in row["leave_information"]}["Vacation"]

    assert vacation() == "25 days"
    asked = {"policy_id": 1, "user_id": 7, "start": "2027-01-08", "end": "2027-01-12", "reason": "Snow"}
    assert client.send("POST", "/leaves", **asked).status_code == 201
    (leave,) = client.rows("/leaves", user_id=7, date_from="2027-01-01", date_to="2027-01-31", status="pending")
    assert (leave["note"], leave["is_paid"], leave["total"]) == ("Snow", "yes", {"days": 3, "hours": 24})
    assert vacation() == "25 days"
    assert client.send("PUT", f"/leaves/{leave['id']}/approve").status_code == 200
    assert vacation() == "22 days"
    assert client.send("PUT", f"/leaves/{leave['id']}/reject").status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"end": "2027-01-07"},
        {"end": "2029-01-08"},
        {"start": "0001-01-01"},
        {"policy_id": 99},
        {"user_id": 99},
        {"leave_period": 3},
        {"end": None},
    ],
)
def test_a_leave_that_makes_no_sense_is_refused(client, change):
    asked = {"policy_id": 1, "user_id": 7, "start": "2027-01-08", "end": "2027-01-12"}
    assert client.send("POST", "/leaves", **asked).status_code == 201
    assert client.send("POST", "/leaves", **{**asked, **change}).status_code in {400, 404}


@pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity"])
def test_a_number_that_no_answer_could_show_is_refused(client, number):
    body = f'{{"workspace_id": 1, "name": "Bridge", "budget": {number}}}'
    headers = {"Authorization": f"Bearer {client.simulator.token}", "Content-Type": "application/json"}
    assert client.call("POST", "/projects", data=body, headers=headers).status_code == 400


def test_what_must_be_there_cannot_be_taken_away(client):
    for path, field in (("/members/7", "firstname"), ("/projects/1", "name"), ("/contracts/107", "status")):
        before = client.get(path).json()["data"]
        assert client.send("PUT", path, **{field: None}).status_code == 400
        assert client.get(path).json()["data"] == before


def test_a_leave_by_hours_needs_its_hours(client):
    asked = {"policy_id": 4, "user_id": 7, "start": "2027-01-08", "end": "2027-01-08"}
    assert client.send("POST", "/leaves", **asked).status_code == 400
    hours = {"start_time": "09:00", "end_time": "11:00", "hours_per_day": 2}
    assert client.send("POST", "/leaves", **asked, **hours).status_code == 201


def test_an_expense_is_recorded_changed_and_deleted(client):
    category = client.rows("/expenses/categories")[1]
    given = {"expense_name": "Train", "date": "2026-11-02", "amount": 12.5, "category_id": category["id"]}
    created = client.send("POST", "/expenses", **given, project_id=1, is_billable=True).json()["data"]
    assert created == {
        "id": created["id"],
        "member": "Member 1",
        "expense_date": "Nov 02, 2026",
        "expense_name": "Train",
        "project": "Project 1",
        "category": category["name"],
        "amount": 12.5,
        "note": None,
        "type": "billable",
        "added_dte": "Nov 19, 2026",
    }
    path = f"/expenses/{created['id']}"
    client.send("PUT", path, amount=13, note="With seat")
    assert client.rows("/expenses", id=created["id"]) == [{**created, "amount": 13, "note": "With seat"}]
    assert created["id"] in [
        row["id"] for row in client.rows("/expenses", date_from="2026-11-02", date_to="2026-11-02")
    ]
    client.send("DELETE", path)
    assert client.rows("/expenses", id=created["id"]) == []
    assert client.send("POST", "/expenses", **{**given, "category_id": "none"}).status_code == 404


def test_both_versions_read_and_write_the_same_records(client, v1):
    created = v1("POST", "/projects", name="Bridge")["project"]
    assert client.get(f"/projects/{created['id']}").json()["data"]["name"] == "Bridge"
    v1("PUT", f"/projects/{created['id']}", name="Tunnel")
    assert [row["name"] for row in client.rows("/projects", name="tunnel")] == ["Tunnel"]
    assert created["id"] in [row["id"] for row in v1("GET", "/projects")]
    v1("DELETE", f"/projects/{created['id']}")
    assert client.rows("/projects", name="tunnel") == []


def test_users_tasks_contracts_and_viewers_of_v1_are_written_and_read(client, v1):
    person = {"email": "new@example.com", "firstname": "Member", "lastname": "99"}
    user = v1("POST", "/users", **person, role=30)["user"]
    assert v1("GET", "/users", email="new@example.com") == [user]
    v1("PUT", "/users", user_id=user["id"], team="Team 9")
    assert v1("GET", f"/users/{user['id']}")["team_name"] == "Team 9"
    v1("PUT", "/users", timezone="Asia/Yerevan")
    assert v1("GET", "/users/1")["timezone"] == "Asia/Yerevan"
    task = v1("POST", "/tasks", project_id=1, title="Weld")["task"]
    v1("PUT", f"/tasks/{task['id']}", title="Rivet")
    assert v1("GET", f"/tasks/{task['id']}")["title"] == "Rivet"
    contract = v1("POST", "/contracts", project_id=1, user_id=user["id"])["contract"]
    change = {"weekly_hours_limit": 20, "screenshots": "blurred", "rate": 9}
    v1("PUT", "/contracts", contract_id=contract["id"], **change)
    assert change.items() <= v1("GET", f"/contracts/{contract['id']}").items()
    v1("POST", "/project-viewers", **{**person, "email": "client@example.com"})
    (viewer,) = v1("GET", "/project-viewers", email="client@example.com")
    v1("POST", "/project-viewers/assign-project", project_viewer_id=viewer["id"], project_id=1)
    assert v1("GET", f"/project-viewers/{viewer['id']}")["projects"] == [{"project_id": 1, "project_name": "Project 1"}]
    for path in (f"/users/{user['id']}", f"/tasks/{task['id']}", f"/contracts/{contract['id']}"):
        v1("DELETE", path)
    assert v1("GET", "/users", email="new@example.com") == []
    assert v1("GET", f"/tasks/{task['id']}") == {"success": False, "message": ["Task not found."]}
    assert v1("GET", f"/contracts/{contract['id']}") == {"success": False, "message": ["Contract not found."]}


def test_approvals_of_v1_put_the_verb_before_the_id(client, v1):
    timesheet = v1("GET", "/timesheets", status="open")["data"][0]
    v1("PUT", f"/timesheets/submit/{timesheet['id']}")
    v1("PUT", f"/timesheets/approve/{timesheet['id']}")
    (shown,) = client.rows("/timesheets", id=timesheet["id"])
    assert shown["status"] == "approved"
    assert round(shown["total_minutes"] / 60, 2) == timesheet["total_hours"]
    leave = v1("GET", "/leaves", status="pending")["data"][0]
    v1("PUT", f"/leaves/reject/{leave['id']}", reason="Busy")
    assert v1("GET", "/leaves", id=leave["id"])["data"][0]["reject_reason"] == "Busy"


def test_expenses_of_v1_spell_added_date(client, v1):
    category = client.rows("/expenses/categories")[0]["id"]
    given = {"expense_name": "Train", "date": "2026-11-02", "amount": "12.5", "category_id": category}
    expense = v1("POST", "/expenses", **given)["expense"]
    assert (expense["amount"], expense["added_date"]) == (12.5, "Nov 19, 2026")
    v1("PUT", f"/expenses/{expense['id']}", note="With seat")
    assert v1("GET", "/expenses", id=expense["id"])["data"] == [{**expense, "note": "With seat"}]
    v1("DELETE", f"/expenses/{expense['id']}")
    assert v1("GET", "/expenses", id=expense["id"])["data"] == []
    assert v1("POST", "/expenses", expense_name="Train")["success"] is False


def test_a_reset_forgets_every_write(client):
    before = [client.rows(path) for path in ("/members", "/projects", "/contracts", "/expenses", "/leaves")]
    client.send("PUT", "/members/7", firstname="M.")
    client.send("DELETE", "/projects/1")
    client.send("DELETE", f"/expenses/{before[3][0]['id']}")
    client.simulator.reset()
    assert [client.rows(path) for path in ("/members", "/projects", "/contracts", "/expenses", "/leaves")] == before

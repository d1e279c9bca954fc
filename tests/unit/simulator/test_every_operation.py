"""Every operation of both versions answers over HTTP, as WebWork's pages write it down."""

from __future__ import annotations

import pytest
import requests

from airflow_provider_webwork.simulator.app import OPERATION_IDS

WEBHOOK = {"url": "https://receiver.example.com/hooks/k", "events": ["tracker.started"]}
PERSON = {"email": "new@example.com", "firstname": "Member", "lastname": "99"}
EXPENSE = {"expense_name": "Train", "date": "2026-11-02", "amount": 12.5, "category_id": "{category}"}
SPAN = {"start": "2026-11-02T20:00:00Z", "end": "2026-11-02T21:00:00Z"}
ENTRY = {"user_id": 7, "date": "2026-11-02", "start_time": "20:00", "end_time": "21:00"}
RANGE = {"start_date": "2026-11-02", "end_date": "2026-11-06"}
PERIOD = {"date_from": "2026-01-01", "date_to": "2026-12-31"}

V2 = [
    ("getWorkspaces", "GET", "/workspaces", {}, 200),
    ("getMembers", "GET", "/members", {}, 200),
    ("inviteMember", "POST", "/members", {**PERSON, "role": "Regular User"}, 200),
    ("getMember", "GET", "/members/7", {}, 200),
    ("updateMember", "PUT", "/members/7", {"firstname": "M."}, 200),
    ("deleteMember", "DELETE", "/members/7", {}, 200),
    ("getProjects", "GET", "/projects", {}, 200),
    ("createProject", "POST", "/projects", {"name": "New"}, 200),
    ("getProject", "GET", "/projects/1", {}, 200),
    ("updateProject", "PUT", "/projects/1", {"notes": "Changed"}, 200),
    ("deleteProject", "DELETE", "/projects/1", {}, 200),
    ("getTasks", "GET", "/tasks", {"project_id": 1}, 200),
    ("createTask", "POST", "/tasks", {"project_id": 1, "title": "New"}, 200),
    ("getTask", "GET", "/tasks/11", {"project_id": 1}, 200),
    ("updateTask", "PUT", "/tasks/11", {"project_id": 1, "title": "Changed"}, 200),
    ("deleteTask", "DELETE", "/tasks/11", {"project_id": 1}, 200),
    ("getTaskAssignees", "GET", "/tasks/11/assignees", {"project_id": 1}, 200),
    ("assignTask", "POST", "/tasks/11/assign/25", {"project_id": 1}, 200),
    ("unassignTask", "DELETE", "/tasks/11/unassign/{assignee}", {"project_id": 1}, 200),
    ("getProjectViewers", "GET", "/project-viewers", {}, 200),
    ("createProjectViewer", "POST", "/project-viewers", PERSON, 201),
    ("getProjectViewer", "GET", "/project-viewers/9001", {}, 200),
    ("deleteProjectViewer", "DELETE", "/project-viewers/9001", {}, 200),
    ("restoreProjectViewer", "POST", "/project-viewers/9001/restore", {}, 200),
    ("assignProjectToViewer", "POST", "/project-viewers/9001/assign-project", {"project_id": 2}, 200),
    ("unassignProjectFromViewer", "DELETE", "/project-viewers/9001/unassign-project", {"project_id": "{viewed}"}, 200),
    ("getContracts", "GET", "/contracts", {}, 200),
    ("createContract", "POST", "/contracts", {"project_id": "{free}", "user_id": 7}, 200),
    ("getContract", "GET", "/contracts/107", {}, 200),
    ("updateContract", "PUT", "/contracts/107", {"status": "paused"}, 200),
    ("startTimeTracking", "POST", "/time-tracking/start", {"user_id": 7, "contract_id": 107}, 200),
    ("stopTimeTracking", "POST", "/time-tracking/stop", {"user_id": 8}, 200),
    ("getCurrentTrackerData", "GET", "/time-tracking/current-data", {"user_id": 7}, 200),
    ("getTimeEntries", "GET", "/time-entries", {"user_id": 7, "date": "2026-11-02"}, 200),
    ("createTimeEntry", "POST", "/time-entries", ENTRY, 201),
    ("updateTimeEntry", "PUT", "/time-entries/{entry}", {"notes": "Changed"}, 200),
    ("deleteTimeEntry", "DELETE", "/time-entries/{entry}", {}, 200),
    ("getTimesheets", "GET", "/timesheets", {}, 200),
    ("approveTimesheet", "PUT", "/timesheets/{submitted}/approve", {}, 200),
    ("rejectTimesheet", "PUT", "/timesheets/{submitted}/reject", {"reason": "No"}, 200),
    ("submitTimesheet", "PUT", "/timesheets/{open}/submit", {}, 200),
    ("unsubmitTimesheet", "PUT", "/timesheets/{submitted}/unsubmit", {}, 200),
    ("getTimeRequests", "GET", "/time-requests", PERIOD, 200),
    ("createTimeRequest", "POST", "/time-requests", {"user_id": 7, "contract_id": 107, **SPAN}, 201),
    ("getTimeRequest", "GET", "/time-requests/{request}", {}, 200),
    ("approveTimeRequest", "POST", "/time-requests/{request}/approve", {}, 200),
    ("rejectTimeRequest", "POST", "/time-requests/{request}/reject", {"comment": "No"}, 200),
    ("getLeaves", "GET", "/leaves", {}, 200),
    (
        "createLeaveRequest",
        "POST",
        "/leaves",
        {"policy_id": 1, "user_id": 7, "start": "2027-01-04", "end": "2027-01-05"},
        201,
    ),
    ("approveLeave", "PUT", "/leaves/{leave}/approve", {}, 200),
    ("rejectLeave", "PUT", "/leaves/{leave}/reject", {}, 200),
    ("getLeaveBalances", "GET", "/leaves/balances", PERIOD, 200),
    ("getLeavePolicies", "GET", "/leaves/policies", {}, 200),
    ("getExpenses", "GET", "/expenses", {}, 200),
    ("createExpense", "POST", "/expenses", EXPENSE, 201),
    ("updateExpense", "PUT", "/expenses/{expense}", {"amount": 1}, 200),
    ("deleteExpense", "DELETE", "/expenses/{expense}", {}, 200),
    ("getExpenseCategories", "GET", "/expenses/categories", {}, 200),
    ("getWebhooks", "GET", "/webhooks", {}, 200),
    ("createWebhook", "POST", "/webhooks", WEBHOOK, 200),
    ("getWebhook", "GET", "/webhooks/{webhook}", {}, 200),
    ("updateWebhook", "PUT", "/webhooks/{webhook}", WEBHOOK, 200),
    ("deleteWebhook", "DELETE", "/webhooks/{webhook}", {}, 200),
    ("getTrackedHoursReport", "GET", "/reports/tracked-hours", RANGE, 200),
    ("getDailyTimelineReport", "GET", "/reports/daily-timeline", {"date": "2026-11-02"}, 200),
    ("getDailyAttendanceReport", "GET", "/reports/daily-attendance", {"date": "2026-11-02"}, 200),
    ("getActivityLevelReport", "GET", "/reports/activity-level", RANGE, 200),
    ("getActivityDescriptionsReport", "GET", "/reports/activity-descriptions", {}, 200),
    ("getTasksReport", "GET", "/reports/tasks", {}, 200),
]

V1 = [
    ("v1ListWebhooks", "GET", "/v1/webhooks", {}),
    ("v1GetWebhook", "GET", "/v1/webhooks/{webhook}", {}),
    ("v1CreateWebhook", "POST", "/v1/webhooks", WEBHOOK),
    ("v1UpdateWebhook", "PUT", "/v1/webhooks/{webhook}", WEBHOOK),
    ("v1DeleteWebhook", "DELETE", "/v1/webhooks/{webhook}", {}),
    ("v1ListUsers", "GET", "/users", {}),
    ("v1GetUser", "GET", "/users/7", {}),
    ("v1UpdateUser", "PUT", "/users", {"firstname": "M."}),
    ("v1CreateUser", "POST", "/users", {**PERSON, "role": 30}),
    ("v1DeleteUser", "DELETE", "/users/7", {}),
    ("v1ListProjects", "GET", "/projects", {}),
    ("v1GetProject", "GET", "/projects/1", {}),
    ("v1CreateProject", "POST", "/projects", {"name": "New"}),
    ("v1UpdateProject", "PUT", "/projects/1", {"name": "Changed"}),
    ("v1DeleteProject", "DELETE", "/projects/1", {}),
    ("v1ListTasks", "GET", "/tasks", {}),
    ("v1GetTask", "GET", "/tasks/11", {}),
    ("v1UpdateTask", "PUT", "/tasks/11", {"title": "Changed"}),
    ("v1CreateTask", "POST", "/tasks", {"project_id": 1, "title": "New"}),
    ("v1DeleteTask", "DELETE", "/tasks/11", {}),
    ("v1ListContracts", "GET", "/contracts", {}),
    ("v1GetContract", "GET", "/contracts/107", {}),
    ("v1UpdateContract", "PUT", "/contracts", {"weekly_hours_limit": 20, "screenshots": "full", "rate": 9}),
    ("v1CreateContract", "POST", "/contracts", {"project_id": "{free}", "user_id": 7}),
    ("v1DeleteContract", "DELETE", "/contracts/107", {}),
    ("v1ListProjectViewers", "GET", "/project-viewers", {}),
    ("v1GetProjectViewer", "GET", "/project-viewers/9001", {}),
    ("v1InviteProjectViewer", "POST", "/project-viewers", PERSON),
    (
        "v1AssignProjectToViewer",
        "POST",
        "/project-viewers/assign-project",
        {"project_viewer_id": 9001, "project_id": 2},
    ),
    ("v1DeleteProjectViewer", "DELETE", "/project-viewers/9001", {}),
    ("v1ListTimesheets", "GET", "/timesheets", {}),
    ("v1ApproveTimesheet", "PUT", "/timesheets/approve/{submitted}", {}),
    ("v1RejectTimesheet", "PUT", "/timesheets/reject/{submitted}", {"reason": "No"}),
    ("v1SubmitTimesheet", "PUT", "/timesheets/submit/{open}", {}),
    ("v1UnsubmitTimesheet", "PUT", "/timesheets/unsubmit/{submitted}", {}),
    ("v1ListLeaves", "GET", "/leaves", {}),
    ("v1ApproveLeave", "PUT", "/leaves/approve/{leave}", {}),
    ("v1RejectLeave", "PUT", "/leaves/reject/{leave}", {"reason": "No"}),
    ("v1LeaveBalances", "GET", "/leaves/balance", {}),
    ("v1LeavePolicies", "GET", "/leaves/policies", {}),
    ("v1ListExpenses", "GET", "/expenses", {}),
    ("v1CreateExpense", "POST", "/expenses", EXPENSE),
    ("v1UpdateExpense", "PUT", "/expenses/{expense}", {"note": "Changed"}),
    ("v1DeleteExpense", "DELETE", "/expenses/{expense}", {}),
    ("v1FullReport", "GET", "/reports/full-data", RANGE),
    ("v1DailyReport", "GET", "/reports/daily-data", RANGE),
    ("v1DailyTimeline", "GET", "/reports/daily-timeline", RANGE),
]


@pytest.fixture(scope="module")
def shared(running_for_module):
    return running_for_module()


@pytest.fixture(scope="module")
def names(shared):
    """Things that are there from the beginning, by the names that the tables call them."""
    sheets = {sheet["status"]: sheet["id"] for sheet in shared.rows("/timesheets", per_page=50)}
    worked = {contract["project_id"] for contract in shared.rows("/contracts", user_id=7)}
    return {
        "webhook": register(shared),
        "assignee": shared.rows("/tasks/11/assignees", project_id=1)[0]["id"],
        "viewed": shared.rows("/project-viewers")[0]["projects"][0]["project_id"],
        "free": next(project_id for project_id in (1, 2, 3) if project_id not in worked),
        "entry": shared.rows("/time-entries", user_id=7, date="2026-11-02")[0]["id"],
        "submitted": sheets["submitted"],
        "open": sheets["pending"],
        "request": shared.rows("/time-requests", status="pending")[0]["id"],
        "leave": shared.rows("/leaves", status="pending")[0]["id"],
        "expense": shared.rows("/expenses")[0]["id"],
        "category": shared.rows("/expenses/categories")[0]["id"],
    }


@pytest.fixture
def client(shared, names):
    """The same world for each test: ids come in the same order after a reset."""
    shared.simulator.reset()
    assert register(shared) == names["webhook"]
    shared.simulator.start_tracker(8)
    return shared


def register(client):
    return client.register("https://receiver.example.com/hooks/first", ["nothing.happens"])["id"]


def filled(fields, names):
    return {key: value.format(**names) if isinstance(value, str) else value for key, value in fields.items()}


def test_the_tables_name_every_operation():
    assert len(V2) == 69
    assert len(V1) == 47
    assert sorted(row[0] for row in V2 + V1) == sorted(set(OPERATION_IDS) - {"issueToken"})


@pytest.mark.parametrize("row", V2, ids=[row[0] for row in V2])
def test_an_operation_of_v2_answers_in_the_envelope(client, names, row):
    operation, method, path, fields, status = row
    call = client.get if method == "GET" else lambda path, **body: client.send(method, path, **body)
    answer = call(path.format(**names), **filled(fields, names))
    assert client.simulator.requests[-1].operation == operation
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    body = answer.json()
    assert operation == "getWebhooks" or body["success"] is True
    assert "Webhook" in operation or body["meta"]["api_version"] == "2.0.0"


@pytest.mark.parametrize("row", V1, ids=[row[0] for row in V1])
def test_an_operation_of_v1_answers_with_what_it_has(client, names, row):
    operation, method, path, fields = row
    simulator = client.simulator
    given = filled(fields, names)
    answer = requests.request(
        method,
        f"{simulator.base_url_v1}/rest-api{path.format(**names)}",
        auth=(simulator.login, simulator.password),
        params=given if method == "GET" else None,
        data=None if method == "GET" else given,
        timeout=10,
    )
    assert simulator.requests[-1].operation == operation
    assert answer.status_code == 200
    if method == "GET":
        assert answer.json()
        assert "success" not in answer.json() or "data" in answer.json()
    else:
        assert answer.json()["success"] is True, answer.text

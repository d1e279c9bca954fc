"""Every operation that WebWork documents, called once with every argument, and the request that has to come of it.

Written down from WebWork's pages (https://api-docs.webwork-tracker.com and
https://www.webwork-tracker.com/rest-api/doc), not from the catalogue of the package, which is checked against it. The
workspace of the connection is 42. Where pages disagree on the place of the workspace id, it goes to both. Where they
are cut off before the fields, a likely one stands for them. Ids that are opaque texts hold what a URL has to quote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """A call and its request.

    :param arguments: what the caller gives.
    :param request: method, path and query as they are sent; the query may come in any order.
    :param json: the JSON body; ``form``: the fields of a form; neither: no body.
    """

    operation: str
    arguments: dict[str, Any]
    request: str
    json: dict[str, Any] | None = None
    form: dict[str, str] | None = None


CALLS = (
    # Workspaces of v2.
    Call("getWorkspaces", {"page": 2, "per_page": 50}, "GET /workspaces?page=2&per_page=50"),
    # Members of v2.
    Call(
        "getMembers",
        {"email": "member7@example.com", "status": "unknown", "role": "Regular User", "page": 2, "per_page": 50},
        "GET /members?workspace_id=42&email=member7@example.com&status=unknown&role=Regular+User&page=2&per_page=50",
    ),
    Call(
        "inviteMember",
        {"email": "member7@example.com", "firstname": "Member", "lastname": "Seven", "role": "Project viewer"},
        "POST /members?workspace_id=42",
        json={
            "workspace_id": 42,
            "email": "member7@example.com",
            "firstname": "Member",
            "lastname": "Seven",
            "role": "Project viewer",
        },
    ),
    Call("getMember", {"member_id": 7}, "GET /members/7?workspace_id=42"),
    Call(
        "updateMember",
        {
            "member_id": 7,
            "email": "member7@example.com",
            "firstname": "Member",
            "lastname": "Seven",
            "timezone": "Europe/Berlin",
            "role": "Project viewer",
            "rate_status": 1,
            "weekly_hours_limit": 38,
            "remove_avatar": 1,
        },
        "PUT /members/7?workspace_id=42",
        json={
            "workspace_id": 42,
            "email": "member7@example.com",
            "firstname": "Member",
            "lastname": "Seven",
            "timezone": "Europe/Berlin",
            "role": "Project viewer",
            "rate_status": 1,
            "weekly_hours_limit": 38,
            "remove_avatar": 1,
        },
    ),
    Call("deleteMember", {"member_id": 7}, "DELETE /members/7?workspace_id=42", json={"workspace_id": 42}),
    # Projects of v2.
    Call(
        "getProjects",
        {"name": "Payroll", "page": 2, "per_page": 50},
        "GET /projects?workspace_id=42&name=Payroll&page=2&per_page=50",
    ),
    Call(
        "createProject",
        {
            "name": "Payroll",
            "start_date": "2026-11-16",
            "deadline": "2026-12-31",
            "estimation": 40,
            "budget": 1500.5,
            "notes": "From Airflow",
            "icon": "rocket",
        },
        "POST /projects?workspace_id=42",
        json={
            "workspace_id": 42,
            "name": "Payroll",
            "start_date": "2026-11-16",
            "deadline": "2026-12-31",
            "estimation": 40,
            "budget": 1500.5,
            "notes": "From Airflow",
            "icon": "rocket",
        },
    ),
    Call("getProject", {"project_id": 3}, "GET /projects/3?workspace_id=42"),
    Call(
        "updateProject",
        {
            "project_id": 3,
            "name": "Payroll",
            "start_date": "2026-11-16",
            "deadline": "2026-12-31",
            "estimation": 40,
            "budget": 1500.5,
            "notes": "From Airflow",
            "icon": "rocket",
        },
        "PUT /projects/3?workspace_id=42",
        json={
            "workspace_id": 42,
            "name": "Payroll",
            "start_date": "2026-11-16",
            "deadline": "2026-12-31",
            "estimation": 40,
            "budget": 1500.5,
            "notes": "From Airflow",
            "icon": "rocket",
        },
    ),
    Call("deleteProject", {"project_id": 3}, "DELETE /projects/3?workspace_id=42", json={"workspace_id": 42}),
    # Tasks of v2.
    Call(
        "getTasks",
        {
            "project_id": 3,
            "contract_id": 5,
            "status": 10,
            "priority": 40,
            "parent_id": "12",
            "order_by": "desc",
            "page": 2,
            "per_page": 50,
        },
        (
            "GET /tasks?workspace_id=42&project_id=3&contract_id=5&status=10&priority=40&parent_id=12&order_by=desc"
            "&page=2&per_page=50"
        ),
    ),
    Call(
        "createTask",
        {
            "project_id": 3,
            "title": "Close the month",
            "description": "Every account",
            "status": 30,
            "priority": 40,
            "start_date": "2026-11-16",
            "end_date": "2026-11-22",
            "parent_id": 12,
            "assignees": [7, 8],
        },
        "POST /tasks",
        json={
            "workspace_id": 42,
            "project_id": 3,
            "title": "Close the month",
            "description": "Every account",
            "status": 30,
            "priority": 40,
            "start_date": "2026-11-16",
            "end_date": "2026-11-22",
            "parent_id": 12,
            "assignees": [7, 8],
        },
    ),
    Call("getTask", {"task_id": 11, "project_id": 3}, "GET /tasks/11?workspace_id=42&project_id=3"),
    Call(
        "updateTask",
        {
            "task_id": 11,
            "project_id": 3,
            "title": "Close the month",
            "description": "Every account",
            "status": 10,
            "priority": 20,
            "start_date": "2026-11-16",
            "end_date": "2026-11-22",
            "parent_id": 12,
        },
        "PUT /tasks/11",
        json={
            "workspace_id": 42,
            "project_id": 3,
            "title": "Close the month",
            "description": "Every account",
            "status": 10,
            "priority": 20,
            "start_date": "2026-11-16",
            "end_date": "2026-11-22",
            "parent_id": 12,
        },
    ),
    Call(
        "deleteTask", {"task_id": 11, "project_id": 3}, "DELETE /tasks/11", json={"workspace_id": 42, "project_id": 3}
    ),
    Call("getTaskAssignees", {"task_id": 11, "project_id": 3}, "GET /tasks/11/assignees?workspace_id=42&project_id=3"),
    Call(
        "assignTask",
        {"task_id": 11, "user_id": 8, "project_id": 3},
        "POST /tasks/11/assign/8",
        json={"workspace_id": 42, "project_id": 3},
    ),
    Call(
        "unassignTask",
        {"task_id": 11, "user_id": 8, "project_id": 3},
        "DELETE /tasks/11/unassign/8",
        json={"workspace_id": 42, "project_id": 3},
    ),
    # Project viewers of v2.
    Call(
        "getProjectViewers",
        {"email": "member7@example.com", "page": 2, "per_page": 50},
        "GET /project-viewers?workspace_id=42&email=member7@example.com&page=2&per_page=50",
    ),
    Call(
        "createProjectViewer",
        {"email": "member7@example.com", "firstname": "Member", "lastname": "Seven"},
        "POST /project-viewers",
        json={"workspace_id": 42, "email": "member7@example.com", "firstname": "Member", "lastname": "Seven"},
    ),
    Call("getProjectViewer", {"viewer_id": 9}, "GET /project-viewers/9?workspace_id=42"),
    Call("deleteProjectViewer", {"viewer_id": 9}, "DELETE /project-viewers/9", json={"workspace_id": 42}),
    Call("restoreProjectViewer", {"viewer_id": 9}, "POST /project-viewers/9/restore", json={"workspace_id": 42}),
    Call(
        "assignProjectToViewer",
        {"viewer_id": 9, "project_id": 3},
        "POST /project-viewers/9/assign-project",
        json={"workspace_id": 42, "project_id": 3},
    ),
    Call(
        "unassignProjectFromViewer",
        {"viewer_id": 9, "project_id": 3},
        "DELETE /project-viewers/9/unassign-project",
        json={"workspace_id": 42, "project_id": 3},
    ),
    # Contracts of v2.
    Call(
        "getContracts",
        {"project_id": 3, "user_id": 7, "status": "paused", "page": 2, "per_page": 50},
        "GET /contracts?workspace_id=42&project_id=3&user_id=7&status=paused&page=2&per_page=50",
    ),
    Call(
        "createContract",
        {"project_id": 3, "user_id": 7, "weekly_hours_limit": 38, "screenshots": "video_blurred_silent", "rate": 12.5},
        "POST /contracts?workspace_id=42",
        json={
            "workspace_id": 42,
            "project_id": 3,
            "user_id": 7,
            "weekly_hours_limit": 38,
            "screenshots": "video_blurred_silent",
            "rate": 12.5,
        },
    ),
    Call("getContract", {"contract_id": 5}, "GET /contracts/5?workspace_id=42"),
    Call(
        "updateContract",
        {
            "contract_id": 5,
            "weekly_hours_limit": 38,
            "screenshots": "video_blurred_silent",
            "rate": 12.5,
            "status": "paused",
        },
        "PUT /contracts/5?workspace_id=42",
        json={
            "workspace_id": 42,
            "weekly_hours_limit": 38,
            "screenshots": "video_blurred_silent",
            "rate": 12.5,
            "status": "paused",
        },
    ),
    # Time tracking of v2.
    Call(
        "startTimeTracking",
        {"user_id": 7, "contract_id": 5, "task_id": 11, "activity_description": "Bookkeeping"},
        "POST /time-tracking/start",
        json={"workspace_id": 42, "user_id": 7, "contract_id": 5, "task_id": 11, "activity_description": "Bookkeeping"},
    ),
    Call("stopTimeTracking", {"user_id": 7}, "POST /time-tracking/stop", json={"workspace_id": 42, "user_id": 7}),
    Call("getCurrentTrackerData", {"user_id": 7}, "GET /time-tracking/current-data?workspace_id=42&user_id=7"),
    # Time entries of v2.
    Call(
        "getTimeEntries",
        {"user_id": 7, "date": "2026-11-20", "project_id": 3, "task_id": 11, "page": 2, "per_page": 50},
        "GET /time-entries?workspace_id=42&user_id=7&date=2026-11-20&project_id=3&task_id=11&page=2&per_page=50",
    ),
    Call(
        "createTimeEntry",
        {
            "user_id": 7,
            "contract_id": 5,
            "task_id": 11,
            "notes": "From Airflow",
            "date": "2026-11-20",
            "start_time": "09:00",
            "end_time": "17:30",
        },
        "POST /time-entries",
        json={
            "workspace_id": 42,
            "user_id": 7,
            "contract_id": 5,
            "task_id": 11,
            "notes": "From Airflow",
            "date": "2026-11-20",
            "start_time": "09:00",
            "end_time": "17:30",
        },
    ),
    Call(
        "updateTimeEntry",
        {
            "time_entry_id": "entry/1=",
            "project_id": 3,
            "task_id": 11,
            "notes": "From Airflow",
            "date": "2026-11-20",
            "start_time": "09:00",
            "end_time": "17:30",
        },
        "PUT /time-entries/entry%2F1%3D",
        json={
            "workspace_id": 42,
            "project_id": 3,
            "task_id": 11,
            "notes": "From Airflow",
            "date": "2026-11-20",
            "start_time": "09:00",
            "end_time": "17:30",
        },
    ),
    Call(
        "deleteTimeEntry", {"time_entry_id": "entry/1="}, "DELETE /time-entries/entry%2F1%3D", json={"workspace_id": 42}
    ),
    # Timesheets of v2.
    Call(
        "getTimesheets",
        {
            "id": "id/1=",
            "status": "rejected",
            "date_from": "2026-11-01",
            "date_to": "2026-11-30",
            "user_id": 7,
            "order_by": "desc",
            "page": 2,
            "per_page": 50,
        },
        (
            "GET /timesheets?workspace_id=42&id=id/1%3D&status=rejected&date_from=2026-11-01&date_to=2026-11-30"
            "&user_id=7&order_by=desc&page=2&per_page=50"
        ),
    ),
    Call("approveTimesheet", {"timesheet_id": "ts/1="}, "PUT /timesheets/ts%2F1%3D/approve", json={"workspace_id": 42}),
    Call(
        "rejectTimesheet",
        {"timesheet_id": "ts/1=", "reason": "Wrong day"},
        "PUT /timesheets/ts%2F1%3D/reject",
        json={"workspace_id": 42, "reason": "Wrong day"},
    ),
    Call("submitTimesheet", {"timesheet_id": "ts/1="}, "PUT /timesheets/ts%2F1%3D/submit", json={"workspace_id": 42}),
    Call(
        "unsubmitTimesheet", {"timesheet_id": "ts/1="}, "PUT /timesheets/ts%2F1%3D/unsubmit", json={"workspace_id": 42}
    ),
    # Time requests of v2.
    Call(
        "getTimeRequests",
        {
            "date_from": "2026-11-01",
            "date_to": "2026-11-30",
            "status": "rejected",
            "user_id": 7,
            "project_id": 3,
            "id": "id/1=",
            "page": 2,
            "per_page": 50,
        },
        (
            "GET /time-requests?workspace_id=42&date_from=2026-11-01&date_to=2026-11-30&status=rejected&user_id=7"
            "&project_id=3&id=id/1%3D&page=2&per_page=50"
        ),
    ),
    Call(
        "createTimeRequest",
        {
            "user_id": 7,
            "contract_id": 5,
            "start": "2026-11-20T09:00:00Z",
            "end": "2026-11-20T17:30:00Z",
            "activity_description": "Bookkeeping",
            "task_id": 11,
        },
        "POST /time-requests",
        json={
            "workspace_id": 42,
            "user_id": 7,
            "contract_id": 5,
            "start": "2026-11-20T09:00:00Z",
            "end": "2026-11-20T17:30:00Z",
            "activity_description": "Bookkeeping",
            "task_id": 11,
        },
    ),
    Call("getTimeRequest", {"id": "id/1="}, "GET /time-requests/id%2F1%3D?workspace_id=42"),
    Call(
        "approveTimeRequest",
        {"time_request_id": "tr/1="},
        "POST /time-requests/tr%2F1%3D/approve",
        json={"workspace_id": 42},
    ),
    Call(
        "rejectTimeRequest",
        {"time_request_id": "tr/1=", "comment": "Wrong day"},
        "POST /time-requests/tr%2F1%3D/reject",
        json={"workspace_id": 42, "comment": "Wrong day"},
    ),
    # Leaves of v2.
    Call(
        "getLeaves",
        {
            "id": "id/1=",
            "policy_id": 2,
            "is_paid": "no",
            "status": "rejected",
            "date_from": "2026-11-01",
            "date_to": "2026-11-30",
            "user_id": 7,
            "page": 2,
            "per_page": 50,
        },
        (
            "GET /leaves?workspace_id=42&id=id/1%3D&policy_id=2&is_paid=no&status=rejected&date_from=2026-11-01"
            "&date_to=2026-11-30&user_id=7&page=2&per_page=50"
        ),
    ),
    Call(
        "createLeaveRequest",
        {
            "policy_id": 2,
            "start": "2026-11-20",
            "end": "2026-11-21",
            "user_id": 7,
            "start_time": "09:00",
            "end_time": "17:30",
            "hours_per_day": 7.5,
            "leave_period": 2,
            "reason": "Wrong day",
        },
        "POST /leaves",
        json={
            "workspace_id": 42,
            "policy_id": 2,
            "start": "2026-11-20",
            "end": "2026-11-21",
            "user_id": 7,
            "start_time": "09:00",
            "end_time": "17:30",
            "hours_per_day": 7.5,
            "leave_period": 2,
            "reason": "Wrong day",
        },
    ),
    Call("approveLeave", {"leave_id": "lv/1="}, "PUT /leaves/lv%2F1%3D/approve", json={"workspace_id": 42}),
    Call(
        "rejectLeave",
        {"leave_id": "lv/1=", "reason": "Wrong day"},
        "PUT /leaves/lv%2F1%3D/reject",
        json={"workspace_id": 42, "reason": "Wrong day"},
    ),
    Call(
        "getLeaveBalances",
        {"date_from": "2026-11-01", "date_to": "2026-11-30", "user_id": 7, "page": 2},
        "GET /leaves/balances?workspace_id=42&date_from=2026-11-01&date_to=2026-11-30&user_id=7&page=2",
    ),
    Call("getLeavePolicies", {}, "GET /leaves/policies?workspace_id=42"),
    # Expenses of v2.
    Call(
        "getExpenses",
        {"id": "id/1=", "date_from": "2026-11-01", "date_to": "2026-11-30", "page": 2, "per_page": 50},
        "GET /expenses?workspace_id=42&id=id/1%3D&date_from=2026-11-01&date_to=2026-11-30&page=2&per_page=50",
    ),
    Call(
        "createExpense",
        {
            "expense_name": "Train",
            "date": "2026-11-20",
            "amount": 49.9,
            "category_id": "c0ffee",
            "project_id": 3,
            "note": "From Airflow",
            "is_billable": True,
        },
        "POST /expenses",
        json={
            "workspace_id": 42,
            "expense_name": "Train",
            "date": "2026-11-20",
            "amount": 49.9,
            "category_id": "c0ffee",
            "project_id": 3,
            "note": "From Airflow",
            "is_billable": True,
        },
    ),
    Call(
        "updateExpense",
        {
            "expense_id": "ex/1=",
            "expense_name": "Train",
            "date": "2026-11-20",
            "amount": 49.9,
            "category_id": "c0ffee",
            "project_id": 3,
            "note": "From Airflow",
            "is_billable": True,
        },
        "PUT /expenses/ex%2F1%3D",
        json={
            "workspace_id": 42,
            "expense_name": "Train",
            "date": "2026-11-20",
            "amount": 49.9,
            "category_id": "c0ffee",
            "project_id": 3,
            "note": "From Airflow",
            "is_billable": True,
        },
    ),
    Call("deleteExpense", {"expense_id": "ex/1="}, "DELETE /expenses/ex%2F1%3D", json={"workspace_id": 42}),
    Call("getExpenseCategories", {}, "GET /expenses/categories?workspace_id=42"),
    # Webhooks of v2.
    Call("getWebhooks", {"page": 2}, "GET /webhooks?workspace_id=42&page=2"),
    Call(
        "createWebhook",
        {"url": "https://hooks.example.com/x", "events": ["tracker.started", "tracker.stopped"]},
        "POST /webhooks",
        json={
            "workspace_id": 42,
            "url": "https://hooks.example.com/x",
            "events": ["tracker.started", "tracker.stopped"],
        },
    ),
    Call("getWebhook", {"webhook_id": "wh/1="}, "GET /webhooks/wh%2F1%3D?workspace_id=42"),
    Call(
        "updateWebhook",
        {"webhook_id": "wh/1=", "url": "https://hooks.example.com/x", "events": ["tracker.started", "tracker.stopped"]},
        "PUT /webhooks/wh%2F1%3D",
        json={
            "workspace_id": 42,
            "url": "https://hooks.example.com/x",
            "events": ["tracker.started", "tracker.stopped"],
        },
    ),
    Call("deleteWebhook", {"webhook_id": "wh/1="}, "DELETE /webhooks/wh%2F1%3D", json={"workspace_id": 42}),
    # Reports of v2.
    Call(
        "getTrackedHoursReport",
        {
            "user_id": 7,
            "start_date": "2026-11-16",
            "end_date": "2026-11-22",
            "users": [7, 8],
            "projects": [3, 4],
            "teams": [1],
            "titles": [1, 2],
            "currencies": ["EUR", "USD"],
        },
        (
            "GET /reports/tracked-hours?workspace_id=42&user_id=7&start_date=2026-11-16&end_date=2026-11-22&users=7,8"
            "&projects=3,4&teams=1&titles=1,2&currencies=EUR,USD"
        ),
    ),
    Call(
        "getDailyTimelineReport",
        {"date": "2026-11-20", "user_ids": [7, 8], "page": 2, "per_page": 50},
        "GET /reports/daily-timeline?workspace_id=42&date=2026-11-20&user_ids=7,8&page=2&per_page=50",
    ),
    Call(
        "getDailyAttendanceReport",
        {"date": "2026-11-20", "users": [7, 8], "status": ["late", "on_leave"], "page": 2, "per_page": 50},
        (
            "GET /reports/daily-attendance?workspace_id=42&date=2026-11-20&users=7,8&status=late,on_leave&page=2"
            "&per_page=50"
        ),
    ),
    Call(
        "getActivityLevelReport",
        {
            "start_date": "2026-11-16",
            "end_date": "2026-11-22",
            "contract_id": 5,
            "user_ids": [7, 8],
            "page": 2,
            "per_page": 50,
        },
        (
            "GET /reports/activity-level?workspace_id=42&start_date=2026-11-16&end_date=2026-11-22&contract_id=5"
            "&user_ids=7,8&page=2&per_page=50"
        ),
    ),
    Call(
        "getActivityDescriptionsReport",
        {"start_date": "2026-11-16"},
        "GET /reports/activity-descriptions?workspace_id=42&start_date=2026-11-16",
    ),
    Call("getTasksReport", {"start_date": "2026-11-16"}, "GET /reports/tasks?workspace_id=42&start_date=2026-11-16"),
    # Webhooks of v1.
    Call("v1ListWebhooks", {"page": 2}, "GET /rest-api/v1/webhooks?page=2"),
    Call("v1GetWebhook", {"webhook_id": "wh/1="}, "GET /rest-api/v1/webhooks/wh%2F1%3D"),
    Call(
        "v1CreateWebhook",
        {"url": "https://hooks.example.com/x", "events": ["tracker.started", "tracker.stopped"]},
        "POST /rest-api/v1/webhooks",
        json={"url": "https://hooks.example.com/x", "events": ["tracker.started", "tracker.stopped"]},
    ),
    Call(
        "v1UpdateWebhook",
        {"webhook_id": "wh/1=", "url": "https://hooks.example.com/x", "events": ["tracker.started", "tracker.stopped"]},
        "PUT /rest-api/v1/webhooks/wh%2F1%3D",
        json={"url": "https://hooks.example.com/x", "events": ["tracker.started", "tracker.stopped"]},
    ),
    Call("v1DeleteWebhook", {"webhook_id": "wh/1="}, "DELETE /rest-api/v1/webhooks/wh%2F1%3D"),
    # Users of v1.
    Call("v1ListUsers", {"email": "member7@example.com"}, "GET /rest-api/users?email=member7@example.com"),
    Call("v1GetUser", {"user_id": 7}, "GET /rest-api/users/7"),
    Call(
        "v1UpdateUser",
        {"user_id": 7, "firstname": "Member"},
        "PUT /rest-api/users",
        form={"user_id": "7", "firstname": "Member"},
    ),
    Call(
        "v1CreateUser",
        {
            "email": "member7@example.com",
            "firstname": "Member",
            "lastname": "Seven",
            "role": 30,
            "position": "Accountant",
            "team": "Finance",
        },
        "POST /rest-api/users",
        form={
            "email": "member7@example.com",
            "firstname": "Member",
            "lastname": "Seven",
            "role": "30",
            "position": "Accountant",
            "team": "Finance",
        },
    ),
    Call("v1DeleteUser", {"user_id": 7}, "DELETE /rest-api/users/7"),
    # Projects of v1.
    Call("v1ListProjects", {}, "GET /rest-api/projects"),
    Call("v1GetProject", {"project_id": 3}, "GET /rest-api/projects/3"),
    Call(
        "v1CreateProject",
        {
            "name": "Payroll",
            "start_date": "2026-11-16",
            "deadline": "2026-12-31",
            "notes": "From Airflow",
            "estimation": 40,
        },
        "POST /rest-api/projects",
        form={
            "name": "Payroll",
            "start_date": "2026-11-16",
            "deadline": "2026-12-31",
            "notes": "From Airflow",
            "estimation": "40",
        },
    ),
    Call(
        "v1UpdateProject",
        {
            "project_id": 3,
            "name": "Payroll",
            "start_date": "2026-11-16",
            "deadline": "2026-12-31",
            "notes": "From Airflow",
            "estimation": 40,
        },
        "PUT /rest-api/projects/3",
        form={
            "name": "Payroll",
            "start_date": "2026-11-16",
            "deadline": "2026-12-31",
            "notes": "From Airflow",
            "estimation": "40",
        },
    ),
    Call("v1DeleteProject", {"project_id": 3}, "DELETE /rest-api/projects/3"),
    # Tasks of v1.
    Call("v1ListTasks", {"project_id": 3}, "GET /rest-api/tasks?project_id=3"),
    Call("v1GetTask", {"task_id": 11}, "GET /rest-api/tasks/11"),
    Call(
        "v1UpdateTask",
        {"task_id": 11, "title": "Close the month"},
        "PUT /rest-api/tasks/11",
        form={"title": "Close the month"},
    ),
    Call(
        "v1CreateTask",
        {"project_id": 3, "title": "Close the month"},
        "POST /rest-api/tasks",
        form={"project_id": "3", "title": "Close the month"},
    ),
    Call("v1DeleteTask", {"task_id": 11}, "DELETE /rest-api/tasks/11"),
    # Contracts of v1.
    Call("v1ListContracts", {"user_id": 7}, "GET /rest-api/contracts?user_id=7"),
    Call("v1GetContract", {"contract_id": 5}, "GET /rest-api/contracts/5"),
    Call(
        "v1UpdateContract",
        {"weekly_hours_limit": 38, "screenshots": "blurred", "rate": 12, "contract_id": 5},
        "PUT /rest-api/contracts",
        form={"weekly_hours_limit": "38", "screenshots": "blurred", "rate": "12", "contract_id": "5"},
    ),
    Call(
        "v1CreateContract",
        {"user_id": 7, "project_id": 3},
        "POST /rest-api/contracts",
        form={"user_id": "7", "project_id": "3"},
    ),
    Call("v1DeleteContract", {"contract_id": 5}, "DELETE /rest-api/contracts/5"),
    # Project viewers of v1.
    Call(
        "v1ListProjectViewers",
        {"email": "member7@example.com"},
        "GET /rest-api/project-viewers?email=member7@example.com",
    ),
    Call("v1GetProjectViewer", {"id": 9}, "GET /rest-api/project-viewers/9"),
    Call(
        "v1InviteProjectViewer",
        {"email": "member7@example.com", "firstname": "Member", "lastname": "Seven"},
        "POST /rest-api/project-viewers",
        form={"email": "member7@example.com", "firstname": "Member", "lastname": "Seven"},
    ),
    Call(
        "v1AssignProjectToViewer",
        {"project_viewer_id": "9", "project_id": 3},
        "POST /rest-api/project-viewers/assign-project",
        form={"project_viewer_id": "9", "project_id": "3"},
    ),
    Call("v1DeleteProjectViewer", {"id": 9}, "DELETE /rest-api/project-viewers/9"),
    # Timesheets of v1.
    Call(
        "v1ListTimesheets",
        {"status": "approved", "date_from": "2026-11-01", "date_to": "2026-11-30", "page": 2},
        "GET /rest-api/timesheets?status=approved&date_from=2026-11-01&date_to=2026-11-30&page=2",
    ),
    Call("v1ApproveTimesheet", {"id": "id/1="}, "PUT /rest-api/timesheets/approve/id%2F1%3D"),
    Call(
        "v1RejectTimesheet",
        {"id": "id/1=", "reason": "Wrong day"},
        "PUT /rest-api/timesheets/reject/id%2F1%3D",
        form={"reason": "Wrong day"},
    ),
    Call("v1SubmitTimesheet", {"id": "id/1="}, "PUT /rest-api/timesheets/submit/id%2F1%3D"),
    Call("v1UnsubmitTimesheet", {"id": "id/1="}, "PUT /rest-api/timesheets/unsubmit/id%2F1%3D"),
    # Leaves of v1.
    Call(
        "v1ListLeaves",
        {
            "id": "id/1=",
            "user_id": 7,
            "policy_id": 2,
            "is_paid": "no",
            "status": "rejected",
            "date_from": "2026-11-01",
            "date_to": "2026-11-30",
            "page": 2,
        },
        (
            "GET /rest-api/leaves?id=id/1%3D&user_id=7&policy_id=2&is_paid=no&status=rejected&date_from=2026-11-01"
            "&date_to=2026-11-30&page=2"
        ),
    ),
    Call("v1ApproveLeave", {"id": "id/1="}, "PUT /rest-api/leaves/approve/id%2F1%3D"),
    Call(
        "v1RejectLeave",
        {"id": "id/1=", "reason": "Wrong day"},
        "PUT /rest-api/leaves/reject/id%2F1%3D",
        form={"reason": "Wrong day"},
    ),
    Call("v1LeaveBalances", {}, "GET /rest-api/leaves/balance"),
    Call("v1LeavePolicies", {}, "GET /rest-api/leaves/policies"),
    # Expenses of v1.
    Call(
        "v1ListExpenses",
        {"id": "id/1=", "date_from": "2026-11-01", "date_to": "2026-11-30", "page": 2},
        "GET /rest-api/expenses?id=id/1%3D&date_from=2026-11-01&date_to=2026-11-30&page=2",
    ),
    Call(
        "v1CreateExpense",
        {
            "expense_name": "Train",
            "date": "2026-11-20",
            "amount": 49.9,
            "category_id": "c0ffee",
            "project_id": 3,
            "note": "From Airflow",
            "is_billable": True,
        },
        "POST /rest-api/expenses",
        form={
            "expense_name": "Train",
            "date": "2026-11-20",
            "amount": "49.9",
            "category_id": "c0ffee",
            "project_id": "3",
            "note": "From Airflow",
            "is_billable": "1",
        },
    ),
    Call(
        "v1UpdateExpense",
        {"expense_id": "ex/1=", "note": "From Airflow"},
        "PUT /rest-api/expenses/ex%2F1%3D",
        form={"note": "From Airflow"},
    ),
    Call("v1DeleteExpense", {"expense_id": "ex/1="}, "DELETE /rest-api/expenses/ex%2F1%3D"),
    # Reports of v1.
    Call(
        "v1FullReport",
        {"start_date": "2026-11-16", "end_date": "2026-11-22"},
        "GET /rest-api/reports/full-data?start_date=2026-11-16&end_date=2026-11-22",
    ),
    Call(
        "v1DailyReport",
        {"start_date": "2026-11-16", "end_date": "2026-11-22"},
        "GET /rest-api/reports/daily-data?start_date=2026-11-16&end_date=2026-11-22",
    ),
    Call(
        "v1DailyTimeline",
        {"start_date": "2026-11-16", "end_date": "2026-11-22"},
        "GET /rest-api/reports/daily-timeline?start_date=2026-11-16&end_date=2026-11-22",
    ),
)

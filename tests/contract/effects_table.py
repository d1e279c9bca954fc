"""Every operation against the simulator: what a read shows of its data, and the read that shows what a write did.

Written down from WebWork's pages (https://api-docs.webwork-tracker.com and
https://www.webwork-tracker.com/rest-api/doc), not from the catalogue of the package. There is a read for every write;
what none shows is said beside it. The simulator has 25 members, 3 projects with 4 tasks each and 8 weeks of work before
this one; now is Thursday, 2026-11-19, at 15:00.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Call = tuple[str, dict[str, Any]]
"""An operation and its arguments."""


@dataclass(frozen=True)
class Read:
    """A read.

    :param records: how many records it shows.
    :param shows: what one of them holds, among other things.
    """

    call: Call
    records: int
    shows: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Write:
    """A write, and the read that shows its effect.

    :param given: the calls that go before it, each half an hour before the next.
    :param adds: what the record holds, among other things, that the read shows from then on.
    :param removes: the same of the record that it shows no longer.
    :param changes: every field of the one record that it shows changed, but for ``updated_at``.
    """

    call: Call
    seen_by: Call
    given: tuple[Call, ...] = ()
    adds: dict[str, Any] | None = None
    removes: dict[str, Any] | None = None
    changes: dict[str, Any] | None = None


@dataclass(frozen=True)
class Report:
    """A read that sums up time entries.

    :param minutes: where each of its records has its minutes.
    """

    call: Call
    minutes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Found:
    """An id that only WebWork knows: that of the first record of a listing."""

    call: Call


YEAR = {"date_from": "2026-01-01", "date_to": "2026-12-31"}
WEDNESDAY = {"start_date": "2026-11-18", "end_date": "2026-11-18"}
ENTRY = Found(("getTimeEntries", {"user_id": 7, "date": "2026-11-18"}))
OPEN = Found(("getTimesheets", {"user_id": 7, "status": "pending"}))
SUBMITTED = Found(("getTimesheets", {"user_id": 7, "status": "submitted"}))
TIME_REQUEST = Found(("getTimeRequests", {**YEAR, "user_id": 5, "status": "pending"}))
LEAVE = Found(("getLeaves", {"user_id": 7, "status": "pending"}))
EXPENSE = Found(("getExpenses", {}))
CATEGORY = Found(("getExpenseCategories", {}))
WEBHOOK = Found(("getWebhooks", {}))

REGISTERED = ("createWebhook", {"url": "https://receiver.example.com/one", "events": ["tracker.started"]})
STARTED = (
    "startTimeTracking",
    {"user_id": 7, "contract_id": 107, "task_id": 21, "activity_description": "Bookkeeping"},
)

READS = (
    Read(("getWorkspaces", {}), 1, {"id": 1, "role": "Owner", "status": "active"}),
    Read(("getMembers", {}), 25, {"id": 7, "email": "member7@example.com", "status": "active"}),
    Read(("getMember", {"member_id": 7}), 1, {"id": 7, "email": "member7@example.com"}),
    Read(("getProjects", {}), 3, {"id": 2, "name": "Project 2", "start_date": "2025-02-24"}),
    Read(("getProject", {"project_id": 2}), 1, {"id": 2, "name": "Project 2", "owner_id": 1}),
    Read(("getTasks", {"project_id": 2}), 4, {"id": 21, "title": "Task 21", "project_id": 2}),
    Read(("getTask", {"task_id": 21, "project_id": 2}), 1, {"id": 21, "title": "Task 21", "project_id": 2}),
    Read(("getTaskAssignees", {"task_id": 11, "project_id": 1}), 2, {"id": 3, "firstname": "Member", "lastname": "3"}),
    Read(("getProjectViewers", {}), 5, {"id": 9001, "email": "viewer1@example.com"}),
    Read(("getProjectViewer", {"viewer_id": 9001}), 1, {"id": 9001, "email": "viewer1@example.com"}),
    Read(("getContracts", {"user_id": 7}), 1, {"id": 107, "user_id": 7, "status": "active"}),
    Read(("getContract", {"contract_id": 107}), 1, {"id": 107, "user_email": "member7@example.com"}),
    Read(("getCurrentTrackerData", {"user_id": 7}), 1, {"user_id": 7, "date": "2026-11-19", "total_minutes": 0}),
    Read(("getTimeEntries", {"user_id": 7, "date": "2026-11-18"}), 5, {"user_id": 7, "date": "2026-11-18"}),
    Read(("getTimesheets", {"user_id": 7}), 9, {"user_id": 7, "date_from": "2026-11-09", "status": "submitted"}),
    Read(("getTimeRequests", {**YEAR, "status": "pending"}), 5, {"user_id": 5, "status": "pending"}),
    Read(("getTimeRequest", {"id": TIME_REQUEST}), 1, {"user_id": 5, "status": "pending"}),
    Read(("getLeaves", {"user_id": 7, "status": "pending"}), 1, {"user_id": 7, "status": "pending", "is_paid": "yes"}),
    Read(("getLeaveBalances", YEAR), 25, {"user_id": 7, "user_name": "Member 7"}),
    Read(("getLeavePolicies", {}), 4, {"id": 1, "name": "Vacation"}),
    Read(("getExpenses", {}), 50, {"member": "Member 7", "expense_name": "Expense 1 of Member 7"}),
    Read(("getExpenseCategories", {}), 4, {"name": "Travel"}),
    Read(("getWebhooks", {}), 1, {"url": "https://receiver.example.com/one", "events": ["tracker.started"]}),
    Read(("getWebhook", {"webhook_id": WEBHOOK}), 1, {"url": "https://receiver.example.com/one"}),
    Read(("getTrackedHoursReport", WEDNESDAY), 1, {"report_type": "tracked_hours", "start_date": "2026-11-18"}),
    Read(("getDailyTimelineReport", {"date": "2026-11-18"}), 24, {"user_id": 7, "user_name": "Member 7"}),
    Read(("getDailyAttendanceReport", {"date": "2026-11-18"}), 25, {"user_id": 7, "date": "2026-11-18"}),
    Read(("getActivityLevelReport", WEDNESDAY), 24, {"user_id": 7}),
    Read(("getActivityDescriptionsReport", {}), 5, {"activity_description": "Planning"}),
    Read(("getTasksReport", {}), 12, {"task_id": 11}),
    Read(("v1ListWebhooks", {}), 1, {"url": "https://receiver.example.com/one", "events": ["tracker.started"]}),
    Read(("v1GetWebhook", {"webhook_id": WEBHOOK}), 1, {"url": "https://receiver.example.com/one"}),
    Read(("v1ListUsers", {}), 25, {"id": 7, "email": "member7@example.com"}),
    Read(("v1GetUser", {"user_id": 7}), 1, {"id": 7, "email": "member7@example.com"}),
    Read(("v1ListProjects", {}), 3, {"id": 2, "project_name": "Project 2"}),
    Read(("v1GetProject", {"project_id": 2}), 1, {"id": 2, "name": "Project 2"}),
    Read(("v1ListTasks", {"project_id": 2}), 4, {"id": 21, "title": "Task 21", "project_id": 2}),
    Read(("v1GetTask", {"task_id": 21}), 1, {"id": 21, "title": "Task 21", "project_id": 2}),
    Read(("v1ListContracts", {"user_id": 7}), 1, {"id": 107, "user_id": 7, "status": "active"}),
    Read(("v1GetContract", {"contract_id": 107}), 1, {"id": 107, "user_id": 7, "status": "active"}),
    Read(("v1ListProjectViewers", {}), 5, {"id": 9001, "email": "viewer1@example.com"}),
    Read(("v1GetProjectViewer", {"id": 9001}), 1, {"id": 9001, "email": "viewer1@example.com"}),
    Read(("v1ListTimesheets", {"status": "submitted"}), 25, {"user_id": 7, "date_from": "2026-11-09"}),
    Read(("v1ListLeaves", {"user_id": 7, "status": "pending"}), 1, {"user_id": 7, "is_paid": "yes"}),
    Read(("v1LeaveBalances", {}), 25, {"user_id": 7, "user_name": "Member 7"}),
    Read(("v1LeavePolicies", {}), 4, {"id": 1, "name": "Vacation"}),
    Read(("v1ListExpenses", {}), 50, {"member": "Member 7", "expense_name": "Expense 1 of Member 7"}),
    Read(("v1FullReport", WEDNESDAY), 24, {"email": "member7@example.com"}),
    Read(("v1DailyReport", WEDNESDAY), 24, {"email": "member7@example.com"}),
    Read(("v1DailyTimeline", WEDNESDAY), 24, {"email": "member7@example.com"}),
)

WRITES = (
    # Members of v2.
    Write(
        call=(
            "inviteMember",
            {"email": "new@example.com", "firstname": "Member", "lastname": "26", "role": "Team manager"},
        ),
        seen_by=("getMembers", {}),
        adds={"email": "new@example.com", "firstname": "Member", "lastname": "26", "current_role": "Team manager"},
    ),
    Write(
        call=(
            "updateMember",
            {
                "member_id": 7,
                "email": "seven@example.com",
                "firstname": "M.",
                "lastname": "Seven",
                "timezone": "Asia/Tokyo",
                "role": "Project viewer",
                "rate_status": 1,
                "weekly_hours_limit": 38,
                "remove_avatar": 1,
            },
        ),
        seen_by=("getMember", {"member_id": 7}),
        changes={
            "email": "seven@example.com",
            "firstname": "M.",
            "lastname": "Seven",
            "timezone": "Asia/Tokyo",
            "current_role": "Project viewer",
            "rate_status": 1,
            "weekly_hours_limit": 38,
            "avatar": None,
        },
    ),
    Write(
        call=("deleteMember", {"member_id": 7}),
        seen_by=("getMembers", {}),
        removes={"id": 7, "email": "member7@example.com"},
    ),
    # Projects of v2: what is written as budget is read as budget_estimation.
    Write(
        call=(
            "createProject",
            {
                "name": "Bridge",
                "start_date": "2026-11-16",
                "deadline": "2026-12-31",
                "estimation": 40,
                "budget": 1500.5,
                "notes": "From Airflow",
                "icon": "rocket",
            },
        ),
        seen_by=("getProjects", {}),
        adds={
            "name": "Bridge",
            "start_date": "2026-11-16",
            "deadline": "2026-12-31",
            "estimation": 40,
            "budget_estimation": 1500.5,
            "notes": "From Airflow",
            "icon": "rocket",
        },
    ),
    Write(
        call=(
            "updateProject",
            {
                "project_id": 2,
                "name": "Bridge",
                "start_date": "2026-11-16",
                "deadline": "2026-12-31",
                "estimation": 40,
                "budget": 1500.5,
                "notes": "From Airflow",
                "icon": "rocket",
            },
        ),
        seen_by=("getProject", {"project_id": 2}),
        changes={
            "name": "Bridge",
            "start_date": "2026-11-16",
            "deadline": "2026-12-31",
            "estimation": 40,
            "budget_estimation": 1500.5,
            "notes": "From Airflow",
            "icon": "rocket",
        },
    ),
    Write(
        call=("deleteProject", {"project_id": 2}),
        seen_by=("getProjects", {}),
        removes={"id": 2, "name": "Project 2"},
    ),
    # Tasks of v2.
    Write(
        call=(
            "createTask",
            {
                "project_id": 1,
                "title": "Close the month",
                "description": "Until Friday",
                "status": 10,
                "priority": 20,
                "start_date": "2026-11-16",
                "end_date": "2026-11-30",
                "parent_id": 11,
                "assignees": [7, 8],
            },
        ),
        seen_by=("getTasks", {"project_id": 1}),
        adds={
            "project_id": 1,
            "title": "Close the month",
            "description": "Until Friday",
            "status": 10,
            "priority": 20,
            "start_date": "2026-11-16",
            "end_date": "2026-11-30",
            "parent_id": 11,
            "assignees": [
                {"id": 7, "firstname": "Member", "lastname": "7"},
                {"id": 8, "firstname": "Member", "lastname": "8"},
            ],
        },
    ),
    Write(
        call=(
            "updateTask",
            {
                "task_id": 11,
                "project_id": 1,
                "title": "Close the month",
                "description": "Until Friday",
                "status": 10,
                "priority": 20,
                "start_date": "2026-11-16",
                "end_date": "2026-11-30",
                "parent_id": 12,
            },
        ),
        seen_by=("getTask", {"task_id": 11, "project_id": 1}),
        changes={
            "title": "Close the month",
            "description": "Until Friday",
            "status": 10,
            "status_name": "In Progress",
            "status_color": "#2196f3",
            "priority": 20,
            "priority_name": "High",
            "start_date": "2026-11-16",
            "end_date": "2026-11-30",
            "parent_id": 12,
        },
    ),
    Write(
        call=("deleteTask", {"task_id": 11, "project_id": 1}),
        seen_by=("getTasks", {"project_id": 1}),
        removes={"id": 11, "title": "Task 11"},
    ),
    Write(
        call=("assignTask", {"task_id": 11, "user_id": 25, "project_id": 1}),
        seen_by=("getTaskAssignees", {"task_id": 11, "project_id": 1}),
        adds={"id": 25, "email": "member25@example.com"},
    ),
    Write(
        given=(("assignTask", {"task_id": 11, "user_id": 25, "project_id": 1}),),
        call=("unassignTask", {"task_id": 11, "user_id": 25, "project_id": 1}),
        seen_by=("getTaskAssignees", {"task_id": 11, "project_id": 1}),
        removes={"id": 25, "email": "member25@example.com"},
    ),
    # Project viewers of v2.
    Write(
        call=("createProjectViewer", {"email": "new@example.com", "firstname": "Viewer", "lastname": "6"}),
        seen_by=("getProjectViewers", {}),
        adds={"email": "new@example.com", "firstname": "Viewer", "lastname": "6", "status": "active", "projects": []},
    ),
    Write(
        call=("deleteProjectViewer", {"viewer_id": 9001}),
        seen_by=("getProjectViewers", {}),
        removes={"id": 9001, "email": "viewer1@example.com"},
    ),
    Write(
        given=(("deleteProjectViewer", {"viewer_id": 9001}),),
        call=("restoreProjectViewer", {"viewer_id": 9001}),
        seen_by=("getProjectViewers", {}),
        adds={"id": 9001, "email": "viewer1@example.com", "status": "active"},
    ),
    Write(
        call=("assignProjectToViewer", {"viewer_id": 9001, "project_id": 1}),
        seen_by=("getProjectViewer", {"viewer_id": 9001}),
        changes={
            "projects": [
                {"project_id": 2, "project_name": "Project 2"},
                {"project_id": 1, "project_name": "Project 1"},
            ],
        },
    ),
    Write(
        call=("unassignProjectFromViewer", {"viewer_id": 9001, "project_id": 2}),
        seen_by=("getProjectViewer", {"viewer_id": 9001}),
        changes={"projects": []},
    ),
    # Contracts of v2.
    Write(
        call=(
            "createContract",
            {"project_id": 1, "user_id": 7, "weekly_hours_limit": 20, "screenshots": "blurred", "rate": 12.5},
        ),
        seen_by=("getContracts", {}),
        adds={
            "project_id": 1,
            "user_id": 7,
            "weekly_hours_limit": 20,
            "screenshots": "blurred",
            "rate": 12.5,
            "status": "active",
        },
    ),
    Write(
        call=(
            "updateContract",
            {
                "contract_id": 107,
                "weekly_hours_limit": 20,
                "screenshots": "no_screenshot",
                "rate": 12.5,
                "status": "paused",
            },
        ),
        seen_by=("getContract", {"contract_id": 107}),
        changes={
            "weekly_hours_limit": 20,
            "screenshots": "no_screenshot",
            "screenshots_label": "No screenshot",
            "rate": 12.5,
            "status": "paused",
        },
    ),
    # Time tracking of v2.
    Write(
        call=STARTED,
        seen_by=("getCurrentTrackerData", {"user_id": 7}),
        changes={
            "contract_id": 107,
            "task_id": 21,
            "task_title": "Task 21",
            "activity_description": "Bookkeeping",
        },
    ),
    Write(
        call=STARTED,
        seen_by=("getTimeEntries", {"user_id": 7, "date": "2026-11-19"}),
        adds={
            "contract_id": 107,
            "project_id": 2,
            "task_id": 21,
            "activity_description": "Bookkeeping",
            "method": "Web tracker",
            "start_time": "2026-11-19T15:00:00Z",
            "end_time": None,
        },
    ),
    Write(
        given=(STARTED,),
        call=("stopTimeTracking", {"user_id": 7}),
        seen_by=("getCurrentTrackerData", {"user_id": 7}),
        changes={"contract_id": None, "task_id": None, "task_title": None, "activity_description": None},
    ),
    Write(
        given=(STARTED,),
        call=("stopTimeTracking", {"user_id": 7}),
        seen_by=("getTimeEntries", {"user_id": 7, "date": "2026-11-19"}),
        changes={"end_time": "2026-11-19T15:30:00Z"},
    ),
    # Time entries of v2.
    Write(
        call=(
            "createTimeEntry",
            {
                "user_id": 7,
                "contract_id": 107,
                "task_id": 21,
                "notes": "Bookkeeping",
                "date": "2026-11-18",
                "start_time": "20:00",
                "end_time": "21:00",
            },
        ),
        seen_by=("getTimeEntries", {"user_id": 7, "date": "2026-11-18"}),
        adds={
            "user_id": 7,
            "contract_id": 107,
            "project_id": 2,
            "task_id": 21,
            "activity_description": "Bookkeeping",
            "method": "Manually added time",
            "start_time": "2026-11-18T20:00:00Z",
            "end_time": "2026-11-18T21:00:00Z",
            "duration_minutes": 60,
        },
    ),
    Write(
        call=(
            "updateTimeEntry",
            {
                "time_entry_id": ENTRY,
                "project_id": 1,
                "task_id": 11,
                "notes": "Bookkeeping",
                "date": "2026-11-15",
                "start_time": "20:00",
                "end_time": "21:00",
            },
        ),
        seen_by=("getTimeEntries", {"user_id": 7, "date": "2026-11-15"}),
        adds={
            "user_id": 7,
            "project_id": 1,
            "task_id": 11,
            "activity_description": "Bookkeeping",
            "start_time": "2026-11-15T20:00:00Z",
            "end_time": "2026-11-15T21:00:00Z",
            "duration_minutes": 60,
        },
    ),
    Write(
        call=("updateTimeEntry", {"time_entry_id": ENTRY, "notes": "Bookkeeping"}),
        seen_by=("getTimeEntries", {"user_id": 7, "date": "2026-11-18"}),
        changes={"activity_description": "Bookkeeping"},
    ),
    Write(
        call=("deleteTimeEntry", {"time_entry_id": ENTRY}),
        seen_by=("getTimeEntries", {"user_id": 7, "date": "2026-11-18"}),
        removes={"user_id": 7, "contract_id": 107},
    ),
    # Timesheets of v2.
    Write(
        call=("approveTimesheet", {"timesheet_id": SUBMITTED}),
        seen_by=("getTimesheets", {"user_id": 7}),
        changes={"status": "approved"},
    ),
    Write(
        call=("rejectTimesheet", {"timesheet_id": SUBMITTED, "reason": "Wrong day"}),
        seen_by=("getTimesheets", {"user_id": 7}),
        changes={"status": "rejected", "reject_reason": "Wrong day"},
    ),
    Write(
        call=("submitTimesheet", {"timesheet_id": OPEN}),
        seen_by=("getTimesheets", {"user_id": 7}),
        changes={"status": "submitted", "submitted_on": "2026-11-19 15:00:00"},
    ),
    Write(
        call=("unsubmitTimesheet", {"timesheet_id": SUBMITTED}),
        seen_by=("getTimesheets", {"user_id": 7}),
        changes={"status": "pending", "submitted_on": None},
    ),
    # Time requests of v2; an approved one becomes a time entry.
    Write(
        call=(
            "createTimeRequest",
            {
                "user_id": 7,
                "contract_id": 107,
                "start": "2026-11-18T20:00:00Z",
                "end": "2026-11-18T21:00:00Z",
                "activity_description": "Bookkeeping",
                "task_id": 21,
            },
        ),
        seen_by=("getTimeRequests", YEAR),
        adds={
            "user_id": 7,
            "contract_id": 107,
            "project_id": 2,
            "task_id": 21,
            "start": "2026-11-18T20:00:00Z",
            "end": "2026-11-18T21:00:00Z",
            "activity_description": "Bookkeeping",
            "status": "pending",
        },
    ),
    Write(
        call=("approveTimeRequest", {"time_request_id": TIME_REQUEST}),
        seen_by=("getTimeRequest", {"id": TIME_REQUEST}),
        changes={"status": "approved", "updated_by": 1},
    ),
    Write(
        call=("approveTimeRequest", {"time_request_id": TIME_REQUEST}),
        seen_by=("getTimeEntries", {"user_id": 5, "date": "2026-11-16"}),
        adds={
            "user_id": 5,
            "contract_id": 105,
            "activity_description": "Call",
            "method": "Manually added time",
            "start_time": "2026-11-16T20:00:00Z",
            "end_time": "2026-11-16T20:45:00Z",
        },
    ),
    Write(
        call=("rejectTimeRequest", {"time_request_id": TIME_REQUEST, "comment": "Wrong day"}),
        seen_by=("getTimeRequest", {"id": TIME_REQUEST}),
        changes={"status": "rejected", "comment": "Wrong day", "updated_by": 1},
    ),
    # Leaves of v2; the balance counts approved ones. No read shows the times of day of a leave, nor which half of the
    # day it takes: WebWork's page of the listing has no field for them.
    Write(
        call=(
            "createLeaveRequest",
            {
                "policy_id": 4,
                "start": "2027-01-08",
                "end": "2027-01-12",
                "user_id": 7,
                "start_time": "09:00",
                "end_time": "11:00",
                "hours_per_day": 2,
                "leave_period": 1,
                "reason": "Snow",
            },
        ),
        seen_by=("getLeaves", {}),
        adds={
            "policy_id": 4,
            "start_date": "2027-01-08",
            "end_date": "2027-01-12",
            "user_id": 7,
            "note": "Snow",
            "status": "pending",
            "total": {"days": 3, "hours": 6},
        },
    ),
    Write(
        call=("approveLeave", {"leave_id": LEAVE}),
        seen_by=("getLeaves", {"user_id": 7}),
        changes={"status": "approved", "approved_by": 1},
    ),
    Write(
        call=("approveLeave", {"leave_id": LEAVE}),
        seen_by=("getLeaveBalances", {"user_id": 7, **YEAR}),
        changes={
            "leave_information": [
                {"leave_type": "Vacation", "balance": "22 days"},
                {"leave_type": "Sick leave", "balance": "8 days"},
                {"leave_type": "Unpaid leave", "balance": "20 days"},
                {"leave_type": "Hours off", "balance": "5 days"},
            ],
            "total_balance": "55 days",
        },
    ),
    Write(
        call=("rejectLeave", {"leave_id": LEAVE, "reason": "Too many are away"}),
        seen_by=("getLeaves", {"user_id": 7}),
        changes={"status": "rejected", "rejected_by": 1, "reject_reason": "Too many are away"},
    ),
    # Expenses of v2.
    Write(
        call=(
            "createExpense",
            {
                "expense_name": "Train",
                "date": "2026-11-02",
                "amount": 12.5,
                "category_id": CATEGORY,
                "project_id": 2,
                "note": "With seat",
                "is_billable": True,
            },
        ),
        seen_by=("getExpenses", {}),
        adds={
            "member": "Member 1",
            "expense_name": "Train",
            "expense_date": "Nov 02, 2026",
            "amount": 12.5,
            "category": "Travel",
            "project": "Project 2",
            "note": "With seat",
            "type": "billable",
        },
    ),
    Write(
        call=(
            "updateExpense",
            {
                "expense_id": EXPENSE,
                "expense_name": "Train",
                "date": "2026-11-02",
                "amount": 12.5,
                "category_id": CATEGORY,
                "project_id": 2,
                "note": "With seat",
                "is_billable": True,
            },
        ),
        seen_by=("getExpenses", {}),
        changes={
            "expense_name": "Train",
            "expense_date": "Nov 02, 2026",
            "amount": 12.5,
            "category": "Travel",
            "project": "Project 2",
            "note": "With seat",
            "type": "billable",
        },
    ),
    Write(
        call=("deleteExpense", {"expense_id": EXPENSE}),
        seen_by=("getExpenses", {}),
        removes={"member": "Member 1", "expense_name": "Expense 1 of Member 1"},
    ),
    # Webhooks of v2.
    Write(
        call=REGISTERED,
        seen_by=("getWebhooks", {}),
        adds={"url": "https://receiver.example.com/one", "events": ["tracker.started"]},
    ),
    Write(
        given=(REGISTERED,),
        call=(
            "updateWebhook",
            {"webhook_id": WEBHOOK, "url": "https://receiver.example.com/two", "events": ["tracker.stopped"]},
        ),
        seen_by=("getWebhook", {"webhook_id": WEBHOOK}),
        changes={"url": "https://receiver.example.com/two", "events": ["tracker.stopped"]},
    ),
    Write(
        given=(REGISTERED,),
        call=("deleteWebhook", {"webhook_id": WEBHOOK}),
        seen_by=("getWebhooks", {}),
        removes={"url": "https://receiver.example.com/one"},
    ),
    # Webhooks of v1.
    Write(
        call=(
            "v1CreateWebhook",
            {"url": "https://receiver.example.com/one", "events": ["tracker.started", "tracker.stopped"]},
        ),
        seen_by=("v1ListWebhooks", {}),
        adds={"url": "https://receiver.example.com/one", "events": ["tracker.started", "tracker.stopped"]},
    ),
    Write(
        given=(REGISTERED,),
        call=(
            "v1UpdateWebhook",
            {"webhook_id": WEBHOOK, "url": "https://receiver.example.com/two", "events": ["tracker.stopped"]},
        ),
        seen_by=("v1GetWebhook", {"webhook_id": WEBHOOK}),
        changes={"url": "https://receiver.example.com/two", "events": ["tracker.stopped"]},
    ),
    Write(
        given=(REGISTERED,),
        call=("v1DeleteWebhook", {"webhook_id": WEBHOOK}),
        seen_by=("v1ListWebhooks", {}),
        removes={"url": "https://receiver.example.com/one"},
    ),
    # Users of v1.
    Write(
        call=(
            "v1CreateUser",
            {
                "email": "new@example.com",
                "firstname": "Member",
                "lastname": "26",
                "role": 30,
                "position": "Engineer",
                "team": "Team 9",
            },
        ),
        seen_by=("v1ListUsers", {}),
        adds={
            "email": "new@example.com",
            "firstname": "Member",
            "lastname": "26",
            "current_role": "Regular User",
            "team_name": "Team 9",
        },
    ),
    Write(
        call=(
            "v1CreateUser",
            {"email": "new@example.com", "firstname": "Member", "lastname": "26", "position": "Engineer"},
        ),
        seen_by=("getMembers", {}),
        adds={"email": "new@example.com", "title": "Engineer"},
    ),
    Write(
        call=("v1UpdateUser", {"user_id": 7, "firstname": "M."}),
        seen_by=("v1GetUser", {"user_id": 7}),
        changes={"firstname": "M."},
    ),
    Write(
        call=("v1DeleteUser", {"user_id": 7}),
        seen_by=("v1ListUsers", {}),
        removes={"id": 7, "email": "member7@example.com"},
    ),
    # Projects of v1, whose listing shows little of them.
    Write(
        call=(
            "v1CreateProject",
            {
                "name": "Bridge",
                "start_date": "2026-11-16",
                "deadline": "2026-12-31",
                "notes": "From Airflow",
                "estimation": 40,
            },
        ),
        seen_by=("v1ListProjects", {}),
        adds={"project_name": "Bridge", "contract_id": None},
    ),
    Write(
        call=(
            "v1CreateProject",
            {
                "name": "Bridge",
                "start_date": "2026-11-16",
                "deadline": "2026-12-31",
                "notes": "From Airflow",
                "estimation": 40,
            },
        ),
        seen_by=("getProjects", {}),
        adds={
            "name": "Bridge",
            "start_date": "2026-11-16",
            "deadline": "2026-12-31",
            "notes": "From Airflow",
            "estimation": 40,
        },
    ),
    Write(
        call=(
            "v1UpdateProject",
            {
                "project_id": 2,
                "name": "Bridge",
                "start_date": "2026-11-16",
                "deadline": "2026-12-31",
                "notes": "From Airflow",
                "estimation": 40,
            },
        ),
        seen_by=("v1GetProject", {"project_id": 2}),
        changes={
            "name": "Bridge",
            "start_date": "2026-11-16",
            "deadline": "2026-12-31",
            "notes": "From Airflow",
            "estimation": 40,
        },
    ),
    Write(
        call=("v1DeleteProject", {"project_id": 2}),
        seen_by=("v1ListProjects", {}),
        removes={"id": 2, "project_name": "Project 2"},
    ),
    # Tasks of v1; WebWork only names two of these, and the fields are those of v2.
    Write(
        call=("v1CreateTask", {"project_id": 1, "title": "Close the month"}),
        seen_by=("v1ListTasks", {"project_id": 1}),
        adds={"project_id": 1, "title": "Close the month"},
    ),
    Write(
        call=("v1UpdateTask", {"task_id": 11, "title": "Close the month"}),
        seen_by=("v1GetTask", {"task_id": 11}),
        changes={"title": "Close the month"},
    ),
    Write(
        call=("v1DeleteTask", {"task_id": 11}),
        seen_by=("v1ListTasks", {"project_id": 1}),
        removes={"id": 11, "title": "Task 11"},
    ),
    # Contracts of v1; WebWork only names two of these, and shows no id of the one to update.
    Write(
        call=("v1CreateContract", {"project_id": 3, "user_id": 7}),
        seen_by=("v1ListContracts", {}),
        adds={"project_id": 3, "user_id": 7, "status": "active"},
    ),
    Write(
        call=("v1UpdateContract", {"contract_id": 107, "weekly_hours_limit": 20, "screenshots": "blurred", "rate": 12}),
        seen_by=("v1GetContract", {"contract_id": 107}),
        changes={"weekly_hours_limit": 20, "screenshots": "blurred", "rate": 12},
    ),
    Write(
        call=("v1DeleteContract", {"contract_id": 107}),
        seen_by=("v1ListContracts", {}),
        removes={"id": 107, "user_id": 7},
    ),
    # Project viewers of v1.
    Write(
        call=("v1InviteProjectViewer", {"email": "new@example.com", "firstname": "Viewer", "lastname": "6"}),
        seen_by=("v1ListProjectViewers", {}),
        adds={"email": "new@example.com", "firstname": "Viewer", "lastname": "6", "projects": []},
    ),
    Write(
        call=("v1AssignProjectToViewer", {"project_viewer_id": "9001", "project_id": 1}),
        seen_by=("v1GetProjectViewer", {"id": 9001}),
        changes={
            "projects": [
                {"project_id": 2, "project_name": "Project 2"},
                {"project_id": 1, "project_name": "Project 1"},
            ],
        },
    ),
    Write(
        call=("v1DeleteProjectViewer", {"id": 9001}),
        seen_by=("v1ListProjectViewers", {}),
        removes={"id": 9001, "email": "viewer1@example.com"},
    ),
    # Timesheets of v1.
    Write(
        call=("v1ApproveTimesheet", {"id": SUBMITTED}),
        seen_by=("v1ListTimesheets", {}),
        changes={"status": "approved"},
    ),
    Write(
        call=("v1RejectTimesheet", {"id": SUBMITTED, "reason": "Wrong day"}),
        seen_by=("v1ListTimesheets", {}),
        changes={"status": "rejected", "reject_reason": "Wrong day"},
    ),
    Write(
        call=("v1SubmitTimesheet", {"id": OPEN}),
        seen_by=("v1ListTimesheets", {}),
        changes={"status": "submitted", "submitted_on": "2026-11-19 15:00:00"},
    ),
    Write(
        call=("v1UnsubmitTimesheet", {"id": SUBMITTED}),
        seen_by=("v1ListTimesheets", {}),
        changes={"status": "open", "submitted_on": None},
    ),
    # Leaves of v1.
    Write(
        call=("v1ApproveLeave", {"id": LEAVE}),
        seen_by=("v1ListLeaves", {"user_id": 7}),
        changes={"status": "approved", "approved_by": 1},
    ),
    Write(
        call=("v1RejectLeave", {"id": LEAVE, "reason": "Too many are away"}),
        seen_by=("v1ListLeaves", {"user_id": 7}),
        changes={"status": "rejected", "rejected_by": 1, "reject_reason": "Too many are away"},
    ),
    # Expenses of v1.
    Write(
        call=(
            "v1CreateExpense",
            {
                "expense_name": "Train",
                "date": "2026-11-02",
                "amount": 12.5,
                "category_id": CATEGORY,
                "project_id": 2,
                "note": "With seat",
                "is_billable": True,
            },
        ),
        seen_by=("v1ListExpenses", {}),
        adds={
            "member": "Member 1",
            "expense_name": "Train",
            "expense_date": "Nov 02, 2026",
            "amount": 12.5,
            "category": "Travel",
            "project": "Project 2",
            "note": "With seat",
            "type": "billable",
        },
    ),
    Write(
        call=("v1UpdateExpense", {"expense_id": EXPENSE, "note": "With seat"}),
        seen_by=("v1ListExpenses", {}),
        changes={"note": "With seat"},
    ),
    Write(
        call=("v1DeleteExpense", {"expense_id": EXPENSE}),
        seen_by=("v1ListExpenses", {}),
        removes={"member": "Member 1", "expense_name": "Expense 1 of Member 1"},
    ),
)

REPORTS = (
    Report(("getTimesheets", {"user_id": 7}), ("total_minutes",)),
    Report(("getTrackedHoursReport", WEDNESDAY), ("totals", "total_minutes")),
    Report(("getDailyTimelineReport", {"date": "2026-11-18"}), ("total_minutes",)),
    Report(("getDailyAttendanceReport", {"date": "2026-11-18"}), ("tracked_minutes",)),
    Report(("getActivityDescriptionsReport", {"start_date": "2026-11-16"}), ("total_minutes",)),
    Report(("getTasksReport", {"start_date": "2026-11-16"}), ("total_minutes",)),
    Report(("v1FullReport", WEDNESDAY), ("totalMinutes",)),
    Report(("v1DailyReport", WEDNESDAY), ("totalMinutes",)),
    Report(("v1DailyTimeline", WEDNESDAY), ("totalMinutes",)),
)

from __future__ import annotations

import datetime as dt
import logging

import pytest

from airflow_provider_webwork.api.arguments import bind
from airflow_provider_webwork.api.operations import Operation, Parameter, operation


def an_operation(**changes) -> Operation:
    values = {
        "name": "doThing",
        "api_version": "v2",
        "section": "things",
        "method": "POST",
        "path": "/things",
        "summary": "Does a thing.",
        "workspace_id": (),
        "parameters": (),
        "unlisted": None,
        "body_formats": ("json",),
        "paging": "none",
        "records_at": None,
        "lone_record": False,
        "record_at": "data",
        "fields": (),
        "answers": "",
        "confidence": "documented",
        "sources": ("https://example.com",),
        "note": "",
    }
    return Operation(**values | changes)


def a_body(type_, value, **changes):
    parameter = Parameter(name="value", argument="value", place="body", type=type_, **changes)
    return bind(an_operation(parameters=(parameter,)), {"value": value}).body


def test_arguments_go_where_webwork_wants_them():
    bound = bind(
        operation("v2", "updateWebhook"),
        {"webhook_id": "a/b=", "url": "https://example.com/x", "events": ["tracker.started"]},
        42,
    )
    assert bound.path == "/webhooks/a%2Fb%3D"
    assert bound.query == {}
    assert bound.body == {"workspace_id": 42, "url": "https://example.com/x", "events": ["tracker.started"]}


def test_a_workspace_given_wins_over_the_one_of_the_settings():
    assert bind(operation("v2", "getMembers"), {"workspace_id": "7"}, 42).query == {"workspace_id": "7"}
    assert bind(operation("v2", "getMembers"), {}, 42).query == {"workspace_id": "42"}


def test_the_workspace_goes_to_both_places_where_both_are_documented():
    bound = bind(an_operation(workspace_id=("query", "body")), {}, 42)
    assert (bound.query, bound.body) == ({"workspace_id": "42"}, {"workspace_id": 42})


def test_a_missing_workspace_is_refused_with_the_way_to_set_it():
    with pytest.raises(TypeError, match=r"getMembers: missing the argument workspace_id.*connection"):
        bind(operation("v2", "getMembers"), {})


def test_an_operation_without_a_workspace_gets_none():
    assert bind(operation("v1", "v1ListWebhooks"), {}, 42).query == {}
    with pytest.raises(TypeError, match="v1ListWebhooks: unknown argument workspace_id"):
        bind(operation("v1", "v1ListWebhooks"), {"workspace_id": 42})


def test_an_unknown_argument_is_refused_with_the_nearest_names():
    with pytest.raises(TypeError, match=r"getWebhook: unknown argument webhookId\. Did you mean webhook_id"):
        bind(operation("v2", "getWebhook"), {"webhookId": "x"}, 42)


def test_a_missing_argument_is_refused_by_name():
    with pytest.raises(TypeError, match="createWebhook: missing the argument events"):
        bind(operation("v2", "createWebhook"), {"url": "https://example.com"}, 42)


def test_none_means_not_given_unless_webwork_documents_null():
    assert bind(operation("v2", "getMembers"), {"email": None}, 42).query == {"workspace_id": "42"}
    assert a_body("integer", None) == {}
    assert a_body("integer", None, nullable=True) == {"value": None}


@pytest.mark.parametrize(
    ("type_", "value", "sent"),
    [
        ("integer", 7, 7),
        ("integer", "7", 7),
        ("number", 7.5, 7.5),
        ("number", "7.5", 7.5),
        ("number", "-7", -7),
        ("string", "x", "x"),
        ("boolean", True, True),
        ("boolean", "False", False),
        ("date", "2026-11-22", "2026-11-22"),
        ("date", dt.date(2026, 11, 22), "2026-11-22"),
        ("date", dt.datetime(2026, 11, 22, 23, tzinfo=dt.UTC), "2026-11-22"),
        ("datetime", "2026-11-22T04:50:00Z", "2026-11-22T04:50:00Z"),
        ("datetime", dt.datetime(2026, 11, 22, 4, tzinfo=dt.UTC), "2026-11-22T04:00:00+00:00"),
        ("time", "09:30", "09:30"),
        ("time", dt.time(23, 5), "23:05"),
        ("array[integer]", ["1", 2], [1, 2]),
        ("array[string]", {"b", "a"}, ["a", "b"]),
        ("array[string]", ("a",), ["a"]),
    ],
)
def test_values_are_sent_in_the_documented_type(type_, value, sent):
    assert a_body(type_, value) == {"value": sent}


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("integer", True),
        ("integer", "seven"),
        ("integer", 7.0),
        ("number", "1e5"),
        ("number", True),
        ("string", 7),
        ("boolean", 1),
        ("boolean", "yes"),
        ("date", 20261122),
        ("array[string]", "tracker.started"),
        ("array[string]", [1]),
        ("array[integer]", {"a": 1}),
    ],
)
def test_a_value_of_another_type_is_refused_by_the_name_of_its_argument(type_, value):
    with pytest.raises(TypeError, match="doThing: value"):
        a_body(type_, value)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("date", "2026-11-31"),
        ("date", "20261122"),
        ("datetime", "yesterday"),
        ("time", "24:00"),
        ("time", "9:30"),
        ("time", "09:30:00"),
        ("number", float("nan")),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(type_, value):
    with pytest.raises(ValueError, match="doThing: value must be"):
        a_body(type_, value)


def test_a_required_list_must_not_be_empty():
    with pytest.raises(ValueError, match="events must not be empty"):
        bind(operation("v2", "createWebhook"), {"url": "https://example.com", "events": []}, 42)


def test_a_refused_value_is_never_quoted(canary):
    with pytest.raises(TypeError) as refused:
        a_body("integer", canary)
    assert canary not in str(refused.value)


@pytest.mark.parametrize("webhook_id", ["", " ", ".", ".."])
def test_an_id_that_would_address_another_path_is_refused(webhook_id):
    with pytest.raises(ValueError, match="deleteWebhook: webhook_id"):
        bind(operation("v2", "deleteWebhook"), {"webhook_id": webhook_id}, 42)


def test_an_undocumented_enum_value_is_logged_and_sent(caplog):
    with caplog.at_level(logging.WARNING):
        bound = bind(operation("v2", "getMembers"), {"status": "paused"}, 42)
    assert bound.query["status"] == "paused"
    assert "getMembers: status is 'paused', which WebWork does not document" in caplog.text


def test_webhook_events_are_open(caplog):
    events = ["task.updated", "invoice.paid"]
    bound = bind(operation("v2", "createWebhook"), {"url": "https://example.com", "events": events}, 42)
    assert bound.body["events"] == events
    assert not caplog.records


def test_lists_in_a_query_are_comma_separated():
    users = Parameter(name="users", argument="users", place="query", type="array[integer]")
    assert bind(an_operation(parameters=(users,)), {"users": [1, 2]}).query == {"users": "1,2"}


@pytest.mark.parametrize(
    ("name", "arguments", "limits"),
    [
        ("getMembers", {"per_page": 101}, "getMembers: per_page must be between 1 and 100, not 101"),
        ("getMembers", {"per_page": "0"}, "getMembers: per_page must be between 1 and 100, not 0"),
        ("getMembers", {"page": 0}, "getMembers: page must be at least 1, not 0"),
        ("getTimeEntries", {"user_id": 7, "date": "2026-11-22", "per_page": 51}, "per_page must be between 1 and 50"),
    ],
)
def test_a_number_beyond_a_documented_limit_is_refused(name, arguments, limits):
    with pytest.raises(ValueError, match=limits):
        bind(operation("v2", name), arguments, 42)


@pytest.mark.parametrize("name", ["updateMember", "deleteMember", "updateProject", "deleteProject", "updateContract"])
def test_the_workspace_of_a_write_on_which_webworks_pages_disagree_goes_to_both_places(name):
    found = operation("v2", name)
    (path_id,) = (each.argument for each in found.parameters if each.place == "path")
    bound = bind(found, {path_id: 7}, 42)
    assert (bound.query, bound.body) == ({"workspace_id": "42"}, {"workspace_id": 42})


def test_an_id_in_a_path_may_be_a_number_where_webwork_documents_text():
    assert bind(operation("v1", "v1ApproveTimesheet"), {"id": 7}).path == "/rest-api/timesheets/approve/7"


def test_an_argument_that_webworks_pages_leave_room_for_is_logged_by_name_and_sent(caplog, canary):
    with caplog.at_level(logging.WARNING):
        bound = bind(operation("v1", "v1UpdateTask"), {"task_id": 7, "title": canary, "tags": ["a", 1], "x": None})
    assert bound.body == {"title": canary, "tags": ["a", 1]}
    assert [record.getMessage() for record in caplog.records] == [
        "v1UpdateTask: WebWork's pages do not show the argument title; it is sent as it is",
        "v1UpdateTask: WebWork's pages do not show the argument tags; it is sent as it is",
    ]
    assert bind(operation("v1", "v1ListContracts"), {"user_id": [7, 8]}).query == {"user_id": "7,8"}


def test_an_argument_of_unknown_type_must_be_plain():
    with pytest.raises(TypeError, match="v1UpdateTask: details must be text, a number"):
        bind(operation("v1", "v1UpdateTask"), {"task_id": 7, "details": {"a": 1}})

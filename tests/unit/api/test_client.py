from __future__ import annotations

import socket

import pytest
import requests

from airflow_provider_webwork.api.auth import BearerAuth
from airflow_provider_webwork.api.client import Client, ClientSettings
from airflow_provider_webwork.api.retries import RetryPolicy
from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkServerError


@pytest.mark.parametrize(
    ("api_version", "base_url", "asked"),
    [
        ("v2", "", "/members"),
        ("v2", "/", "/members"),
        ("v2", "/api/v2", "/api/v2/members"),
        ("v2", "/api/v2/", "/api/v2/members"),
        ("v1", "", "/rest-api/v1/webhooks"),
        ("v1", "/", "/rest-api/v1/webhooks"),
        ("v1", "/rest-api/", "/rest-api/v1/webhooks"),
        ("v1", "/proxy", "/proxy/rest-api/v1/webhooks"),
    ],
)
def test_paths_are_joined_to_any_form_of_base_url(api_version, base_url, asked, webwork, connect):
    webwork.says([])
    client = connect(api_version=api_version, base_url=webwork.url + base_url)
    client.call("getMembers" if api_version == "v2" else "v1ListWebhooks")
    assert webwork.received[0].path == asked


@pytest.mark.parametrize(
    ("api_version", "base_url"),
    [("v2", "https://api.webwork-tracker.com/api/v2"), ("v1", "https://www.webwork-tracker.com")],
)
def test_without_a_base_url_webworks_own_is_used(api_version, base_url, canary):
    assert ClientSettings(auth=BearerAuth(canary), api_version=api_version).base_url == base_url


@pytest.mark.parametrize(
    "base_url",
    [
        "api.webwork-tracker.com",
        "ftp://api.webwork-tracker.com",
        "https://",
        "https://host:port",
        "https://member7:pass-word@api.webwork-tracker.com",
        "https://api.webwork-tracker.com/api/v2?pass-word=1",
        "https://api.webwork-tracker.com/#pass-word",
        "https://api.webwork tracker.com",
    ],
)
def test_a_base_url_that_cannot_work_is_refused_without_being_quoted(base_url, canary):
    with pytest.raises(WebWorkConfigurationError, match="base URL") as refused:
        ClientSettings(auth=BearerAuth(canary), base_url=base_url)
    assert "pass-word" not in str(refused.value)


def test_an_unknown_api_version_is_refused(canary):
    with pytest.raises(WebWorkConfigurationError, match="api_version must be v2 or v1"):
        ClientSettings(auth=BearerAuth(canary), api_version="v3")


def test_a_ca_file_that_is_not_there_is_named(canary, tmp_path):
    with pytest.raises(WebWorkConfigurationError, match=r"missing\.pem, which does not exist"):
        ClientSettings(auth=BearerAuth(canary), verify=str(tmp_path / "missing.pem"))


def test_a_call_is_sent_as_documented_and_answered_whole(webwork, client, canary):
    answer = {"success": True, "data": [{"id": 7}], "meta": {"api_version": "2.0.0"}}
    webwork.says(answer)
    assert client.call("getMembers", status="active", page=2) == answer
    [request] = webwork.received
    assert (request.method, request.path, request.body) == ("GET", "/members", b"")
    assert request.query == {"workspace_id": ["42"], "status": ["active"], "page": ["2"]}
    assert request.headers["Authorization"] == f"Bearer {canary}"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["User-Agent"].startswith("airflow-provider-webwork/")


def test_nothing_is_sent_for_a_call_that_is_refused(webwork, client):
    with pytest.raises(TypeError, match="getMembers"):
        client.call("getMembers", colour="red")
    with pytest.raises(TypeError, match="getMembers"):
        client.iterate("getMembers", colour="red")
    with pytest.raises(ValueError, match="Did you mean getMembers"):
        client.iterate("getMembrs")
    assert webwork.received == []


def members(count, largest=100):
    """Answer like ``GET /members``: pages of ``per_page`` up to the largest, 20 if not said."""

    def answer(request, json_reply):
        size = min(int(request.query.get("per_page", ["20"])[0]), largest)
        page = int(request.query.get("page", ["1"])[0])
        rows = [{"id": number} for number in range(count)]
        return rows[(page - 1) * size : page * size], {
            "total": count,
            "per_page": size,
            "current_page": page,
            "last_page": max(1, -(-count // size)),
        }

    return answer


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_iterate_asks_for_the_largest_pages_and_yields_every_record(count, requests, webwork, client, json_reply):
    answer = members(count)

    def paged(request):
        rows, pagination = answer(request, json_reply)
        return json_reply({"success": True, "data": rows, "meta": {"pagination": pagination}})

    webwork.route("GET", "/members", paged)
    assert [row["id"] for row in client.iterate("getMembers")] == list(range(count))
    assert len(webwork.received) == requests
    assert all(request.query["workspace_id"] == ["42"] for request in webwork.received)


@pytest.mark.parametrize("largest", [20, 50, 100])
@pytest.mark.parametrize("count", [0, 19, 20, 100, 130])
def test_no_record_is_lost_where_webwork_sends_smaller_pages_and_no_paging(count, largest, webwork, client, json_reply):
    answer = members(count, largest)
    webwork.route("GET", "/members", lambda request: json_reply({"data": answer(request, json_reply)[0]}))
    assert [row["id"] for row in client.iterate("getMembers")] == list(range(count))


def test_iterate_keeps_the_page_size_it_is_given(webwork, client):
    webwork.says({"data": []})
    assert list(client.iterate("getMembers", per_page=5)) == []
    assert webwork.received[0].query["per_page"] == ["5"]


def test_iterate_asks_for_nothing_before_the_first_record_is_wanted(webwork, client):
    client.iterate("getMembers")
    assert webwork.received == []


def test_iterate_refuses_a_page_and_operations_without_records(client):
    with pytest.raises(TypeError, match="reads every page"):
        client.iterate("getMembers", page=2)
    with pytest.raises(ValueError, match="deleteWebhook lists no records"):
        client.iterate("deleteWebhook", webhook_id="w1")


def test_a_request_of_ones_own_goes_below_the_base_url_with_the_token_only(webwork, connect, canary):
    webwork.says({"success": True})
    client = connect(base_url=f"{webwork.url}/api/v2")
    client.request("post", "things/7", params={"deep": True, "none": None}, json={"name": "x"})
    [request] = webwork.received
    assert (request.method, request.path) == ("POST", "/api/v2/things/7")
    assert request.query == {"deep": ["1"]}
    assert request.json == {"name": "x"}
    assert request.headers["Authorization"] == f"Bearer {canary}"


@pytest.mark.parametrize("path", ["https://elsewhere.example/x", "//elsewhere.example/x"])
def test_a_request_to_another_host_is_refused(path, client, webwork):
    with pytest.raises(ValueError, match="not a URL"):
        client.request("GET", path)
    assert webwork.received == []


def test_a_body_that_is_no_object_is_refused(client):
    with pytest.raises(TypeError, match="json must be an object"):
        client.request("POST", "/x", json=[1])


def test_a_client_can_be_used_in_a_with_statement(webwork, canary):
    webwork.says({"success": True})
    with Client(ClientSettings(auth=BearerAuth(canary), base_url=webwork.url)) as client:
        assert client.call("getWorkspaces") == {"success": True}


def test_a_session_signs_what_goes_to_webwork(webwork, connect, canary):
    webwork.says({"success": True})
    client = connect(base_url=f"{webwork.url}/api/v2")
    answer = client.session.get(f"{client.settings.base_url}/members", params={"workspace_id": 42})
    assert answer.json() == {"success": True}
    [request] = webwork.received
    assert (request.path, request.headers["Authorization"]) == ("/api/v2/members", f"Bearer {canary}")


def test_a_session_waits_no_longer_than_the_connection_says(connect):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(requests.ReadTimeout):
            connect(base_url=url, timeout=(1, 0.05)).session.get(f"{url}/members")


def test_a_session_goes_to_no_other_host_not_even_by_a_redirect(webwork, client, reply):
    elsewhere = webwork.url.replace("127.0.0.1", "localhost")
    webwork.replies(reply(302, headers={"Location": f"{elsewhere}/members"}))
    lookalike = webwork.url.replace("127.0.0.1", "127.0.0.1.example.com")
    for url in (f"{elsewhere}/members", f"{lookalike}/members", f"{webwork.url}/members"):
        with pytest.raises(ValueError, match="only: it would show the credentials to another host"):
            client.session.get(url)
    assert [request.path for request in webwork.received] == ["/members"]


def test_an_international_host_name_is_webwork_as_much_as_any(connect, monkeypatch):
    asked = []

    def unknown(host, *arguments, **keywords):
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    client = connect(base_url="https://bücher.example/api/v2", retry=RetryPolicy(attempts=1))
    with pytest.raises(WebWorkServerError, match="DNS does not know this host name"):
        client.call("getMembers")
    assert asked == ["xn--bcher-kva.example"]


@pytest.mark.parametrize(
    ("called", "says"),
    [
        (("getLeavePolicies", {}), "only names this operation, its method and path are guesses"),
        (("getMembers", {}), None),
        (("v1CreateUser", {"email": "a@example.com", "firstname": "M", "lastname": "7"}), "known from public code"),
    ],
)
def test_the_use_of_an_operation_that_webwork_does_not_document_is_logged(called, says, webwork, connect, caplog):
    name, arguments = called
    webwork.says({"success": True, "data": []})
    connect(api_version="v1" if name.startswith("v1") else "v2").call(name, **arguments)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(webwork.received) == 1
    assert [says in warning for warning in warnings] == ([True] if says else [])
    assert all(warning.startswith(f"{name}: ") and "https://" in warning for warning in warnings)


def test_a_write_of_v1_is_a_form(webwork, connect):
    webwork.says({"success": True})
    connect(api_version="v1").call("v1CreateExpense", expense_name="x", date="2026-11-22", amount=1.5, category_id="c")
    [request] = webwork.received
    assert request.form == {"expense_name": ["x"], "date": ["2026-11-22"], "amount": ["1.5"], "category_id": ["c"]}


def test_a_report_that_is_one_object_is_one_record(webwork, client):
    webwork.says({"success": True, "data": {"report_type": "tracked_hours", "totals": {}}, "meta": {}})
    assert list(client.iterate("getTrackedHoursReport")) == [{"report_type": "tracked_hours", "totals": {}}]
    assert len(webwork.received) == 1


@pytest.mark.parametrize("answer", [{"id": 7, "email": "a@example.com"}, [{"id": 7, "email": "a@example.com"}]])
def test_a_member_of_v1_is_found_by_address_whatever_page_of_webwork_is_right(answer, webwork, connect):
    webwork.says(answer)
    found = list(connect(api_version="v1").iterate("v1ListUsers", email="a@example.com"))
    assert found == [{"id": 7, "email": "a@example.com"}]


@pytest.mark.parametrize("body", [b"<html>default backend - 404</html>", b""])
def test_a_404_that_is_not_of_webwork_ends_no_listing(body, webwork, client, json_reply, reply):
    page = {"success": True, "data": [{"id": number} for number in range(100)]}
    webwork.replies(json_reply(page), reply(404, body, {"Content-Type": "text/html"}))
    members = client.iterate("getMembers")
    assert [next(members)["id"] for _ in range(100)] == list(range(100))
    with pytest.raises(WebWorkServerError, match="there is no page 2, and the answer is not one of WebWork"):
        next(members)


def test_a_404_of_webwork_ends_a_listing_whose_end_it_did_not_announce(webwork, client, json_reply):
    page = {"success": True, "data": [{"id": number} for number in range(100)]}
    webwork.replies(json_reply(page), json_reply({"success": False, "message": "No page."}, status=404))
    assert len(list(client.iterate("getMembers"))) == 100

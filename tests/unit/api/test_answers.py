"""What WebWork answers, and what the caller hears."""

from __future__ import annotations

import pytest

from airflow_provider_webwork.errors import (
    WebWorkAPIError,
    WebWorkAuthError,
    WebWorkNotFoundError,
    WebWorkPermissionError,
    WebWorkRequestError,
    WebWorkResponseError,
    WebWorkServerError,
)

PAGE = b"<!DOCTYPE html><html><head><title>Sign in &amp; go</title></head><body><p>Hello</p></body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("status", "kind", "remedy"),
    [
        (400, WebWorkRequestError, "Fix the arguments"),
        (401, WebWorkAuthError, "Renew the token"),
        (403, WebWorkPermissionError, "Use the token of an account with the rights"),
        (404, WebWorkNotFoundError, "Check the ids"),
        (409, WebWorkRequestError, "Fix the arguments"),
        (422, WebWorkRequestError, "Fix the arguments"),
        (500, WebWorkServerError, "Try again later"),
        (501, WebWorkServerError, "Try again later"),
    ],
)
def test_each_status_has_an_error_that_says_what_where_and_what_to_do(status, kind, remedy, webwork, client):
    meta = {"api_version": "2.0.0", "timestamp": "2026-11-22T04:50:00Z"}
    webwork.says({"success": False, "message": "No luck.", "error": "why", "meta": meta}, status=status)
    with pytest.raises(WebWorkAPIError) as caught:
        client.call("getMembers")
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.permanent is (status < 500)
    text = str(caught.value)
    assert f"GET {webwork.url}/members?workspace_id=42 answered {status} " in text
    assert "No luck.; why. " in text
    assert remedy in text


def test_v1_says_what_is_wrong_in_a_list_with_status_200(webwork, connect):
    webwork.says({"success": False, "message": ["The url is invalid.", "The events are missing."]})
    with pytest.raises(WebWorkRequestError) as caught:
        connect(api_version="v1").call("v1CreateWebhook", url="x", events=["tracker.started"])
    assert "200 OK: The url is invalid.; The events are missing. Fix the arguments" in str(caught.value)
    assert not caught.value.effect_unknown


def test_v1_names_login_and_password_when_they_are_refused(webwork, connect):
    webwork.says({"success": False, "message": ["Unauthorized"]}, status=401)
    with pytest.raises(WebWorkAuthError, match="Check the login"):
        connect(api_version="v1").call("v1ListWebhooks")


@pytest.mark.parametrize("document", [{"success": True}, {}, {"data": None}, [], [{"id": 1}]])
def test_any_object_or_list_is_an_answer(document, webwork, client):
    webwork.says(document)
    assert client.request("GET", "/x") == document


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_status_of_success_will_do(status, webwork, client):
    webwork.says({"success": True}, status=status)
    assert client.request("POST", "/x", json={}) == {"success": True}


def test_no_content_is_null(webwork, client, reply):
    webwork.replies(reply(204, b""))
    assert client.request("DELETE", "/x") is None


def test_json_is_taken_whatever_its_content_type_says(webwork, client, reply):
    webwork.replies(reply(body=b'\xef\xbb\xbf{"data": []}', headers=HTML))
    assert client.call("getMembers") == {"data": []}


def test_a_web_page_makes_one_wonder_about_the_base_url(webwork, client, reply):
    webwork.replies(reply(body=PAGE, headers=HTML))
    with pytest.raises(WebWorkResponseError) as caught:
        client.call("getMembers")
    text = str(caught.value)
    assert "answered 200 OK with a body (text/html; charset=utf-8" in text
    assert "a web page titled 'Sign in & go'" in text
    assert "Is the base URL of the connection right?" in text
    assert "Hello" not in text


def test_a_web_page_with_an_error_status_keeps_the_class_of_the_status(webwork, client, reply):
    webwork.replies(reply(404, PAGE, HTML))
    with pytest.raises(WebWorkNotFoundError, match="404 Not Found: a web page titled 'Sign in & go'"):
        client.call("getMembers")


@pytest.mark.parametrize(
    "body",
    [
        b'{"success": true, "data": {"token": "whsec_secret"',
        b"[" * 100_000,
        b'{"a": NaN}',
        b"\xff\xfe\xfd",
        b"",
        b"null",
        b'"whsec_secret"',
        b"7",
    ],
)
def test_a_body_that_is_no_json_answer_is_never_quoted(body, webwork, client, reply):
    webwork.replies(reply(body=body))
    with pytest.raises(WebWorkResponseError) as caught:
        client.call("getMembers")
    assert f"application/json, {len(body)} bytes" in str(caught.value)
    assert "whsec_secret" not in str(caught.value)


def test_text_of_another_type_is_no_answer(webwork, client, reply):
    webwork.replies(reply(body=b"OK", headers={"Content-Type": "text/plain"}))
    with pytest.raises(WebWorkResponseError, match=r"text/plain, 2 bytes\) that is no JSON\. Is the base URL"):
        client.call("getMembers")


def test_what_webwork_says_is_shortened_and_shows_no_callback_key(webwork, client):
    webwork.says({"message": f"https://a.example/hooks/some-callback-key is wrong {'x' * 5000}"}, status=400)
    with pytest.raises(WebWorkRequestError) as caught:
        client.call("getMembers")
    assert "https://a.example/hooks/*** is wrong xxx" in str(caught.value)
    assert "some-callback-key" not in str(caught.value)
    assert len(str(caught.value)) < 700


def test_the_url_in_an_error_shows_numbers_and_dates_only(webwork, client):
    webwork.says({}, status=400)
    with pytest.raises(WebWorkRequestError) as caught:
        client.request("GET", "/hooks/some-callback-key/x", params={"date": "2026-11-22", "q": "whsec_1", "n": 7})
    assert "/hooks/***/x?date=2026-11-22&q=***&n=7 " in str(caught.value)


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("http://[::1", "what is no URL"),
        ("/gr\xfc\xdfe", "another path"),
        ("https://elsewhere.example:many/", "https://elsewhere.example"),
        ("http:///members", "another path"),
        ("", "another path"),
    ],
)
def test_a_redirect_is_told_wherever_it_leads(location, where, webwork, client, reply):
    webwork.replies(reply(302, b"", {"Location": location}))
    with pytest.raises(WebWorkResponseError) as caught:
        client.request("POST", "/x", json={})
    assert f"POST {webwork.url}/x answered 302 Found and points to {where}." in str(caught.value)
    assert "Is the base URL of the connection right?" in str(caught.value)
    assert len(webwork.received) == 1

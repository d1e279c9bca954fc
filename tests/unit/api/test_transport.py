"""Requests that fail: what is sent again, what is not, and what the error says."""

from __future__ import annotations

import logging
import socket
from importlib.util import find_spec

import pytest

from airflow_provider_webwork.api.retries import RetryPolicy
from airflow_provider_webwork.errors import (
    WebWorkAPIError,
    WebWorkConfigurationError,
    WebWorkNotFoundError,
    WebWorkRateLimitError,
    WebWorkResponseError,
    WebWorkServerError,
)

HOOK = {"url": "https://airflow.example.com/hooks/some-callback-key", "events": ["tracker.started"]}
GOOD = {"success": True, "data": {"id": "w1", "url": HOOK["url"], "events": [], "token": "whsec_1"}}


@pytest.fixture
def closed_port():
    """A port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def silent_port():
    """A port that takes requests and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        yield listening.getsockname()[1]


def failure(call, *arguments, **keywords) -> WebWorkAPIError:
    with pytest.raises(WebWorkAPIError) as caught:
        call(*arguments, **keywords)
    return caught.value


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_read_is_sent_again_until_it_is_answered(status, webwork, client, clock, json_reply):
    webwork.replies(json_reply({}, status=status), json_reply({}, status=status), json_reply({"data": []}))
    assert client.call("getMembers") == {"data": []}
    assert clock.sleeps == [0.5, 1.0]


def test_a_refusal_that_asks_for_no_wait_is_sent_again_when_the_minute_must_be_over(webwork, client, clock, json_reply):
    webwork.replies(json_reply({}, status=429), json_reply({"data": []}))
    assert client.call("getMembers") == {"data": []}
    assert 60 <= sum(clock.sleeps) < 63


def test_a_read_is_sent_again_after_a_connection_that_broke(webwork, client, reply, json_reply):
    webwork.replies(reply(hang_up=True), reply(body=b'{"da', missing=5), json_reply({"data": []}))
    assert client.call("getMembers") == {"data": []}
    assert len(webwork.received) == 3


@pytest.mark.parametrize(
    ("name", "arguments"), [("updateWebhook", {"webhook_id": "w1", **HOOK}), ("deleteWebhook", {"webhook_id": "w1"})]
)
def test_a_write_that_can_be_repeated_is_sent_again_with_its_body(name, arguments, webwork, client, reply):
    webwork.replies(reply(hang_up=True), reply(503), reply(body=b'{"success": true}'))
    assert client.call(name, **arguments) == {"success": True}
    assert [request.json["workspace_id"] for request in webwork.received] == [42, 42, 42]


def test_a_post_refused_for_too_many_requests_is_sent_again(webwork, client, clock, json_reply):
    webwork.replies(json_reply({}, status=429, headers={"Retry-After": "7"}), json_reply(GOOD))
    assert client.call("createWebhook", **HOOK) == GOOD
    assert clock.sleeps == [7]


def test_a_retry_after_that_is_a_date_is_waited_for(webwork, client, clock, json_reply):
    date = {"Retry-After": "Sun, 22 Nov 2026 04:50:21 GMT"}
    webwork.replies(json_reply({}, status=503, headers=date), json_reply({"data": []}))
    client.call("getMembers")
    assert clock.sleeps == [21]


def test_a_post_that_could_not_connect_is_sent_again(connect, clock, closed_port):
    client = connect(base_url=f"http://127.0.0.1:{closed_port}", retry=RetryPolicy(attempts=3))
    error = failure(client.call, "createWebhook", **HOOK)
    assert isinstance(error, WebWorkServerError)
    assert not error.effect_unknown
    assert len(clock.sleeps) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_post_that_webwork_failed_on_is_sent_once_and_its_effect_is_unknown(status, webwork, client, json_reply):
    webwork.replies(json_reply({"success": False, "message": "Server Error"}, status=status))
    error = failure(client.call, "createWebhook", **HOOK)
    assert isinstance(error, WebWorkServerError)
    assert error.effect_unknown
    assert "It may have taken effect all the same" in str(error)
    assert len(webwork.received) == 1


def test_a_post_whose_connection_broke_is_sent_once_and_its_effect_is_unknown(webwork, client, reply):
    webwork.replies(reply(hang_up=True))
    error = failure(client.call, "createWebhook", **HOOK)
    assert isinstance(error, WebWorkServerError)
    assert error.effect_unknown
    assert len(webwork.received) == 1


@pytest.fixture
def proxy(monkeypatch):
    """Name the proxy that every request goes through."""

    def use(url):
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.setenv("HTTPS_PROXY", url)

    return use


def test_a_post_whose_connection_broke_behind_a_proxy_is_sent_once_and_its_effect_is_unknown(
    webwork, connect, reply, proxy
):
    proxy(webwork.url)
    webwork.replies(reply(hang_up=True))
    error = failure(connect(base_url="http://webwork.invalid/api/v2").call, "createWebhook", **HOOK)
    assert isinstance(error, WebWorkServerError)
    assert error.effect_unknown
    assert "no answer from webwork.invalid:80: the connection was closed without an answer" in str(error)
    assert len(webwork.received) == 1


def test_a_post_that_no_proxy_took_is_sent_again(connect, clock, closed_port, proxy):
    proxy(f"http://127.0.0.1:{closed_port}")
    client = connect(base_url="http://webwork.invalid/api/v2", retry=RetryPolicy(attempts=3))
    error = failure(client.call, "createWebhook", **HOOK)
    assert not error.effect_unknown
    assert "cannot reach webwork.invalid:80: the proxy does not let the request through" in str(error)
    assert len(clock.sleeps) == 2


def test_a_post_for_which_the_proxy_opens_no_tunnel_is_sent_again(webwork, connect, clock, proxy):
    proxy(webwork.url)  # it knows no CONNECT
    client = connect(base_url="https://webwork.invalid/api/v2", retry=RetryPolicy(attempts=3))
    error = failure(client.call, "createWebhook", **HOOK)
    assert not error.effect_unknown
    assert "the proxy does not let the request through" in str(error)
    assert len(clock.sleeps) == 2
    assert webwork.received == []


def test_a_post_that_timed_out_is_sent_once_and_its_effect_is_unknown(connect, clock, silent_port):
    client = connect(base_url=f"http://127.0.0.1:{silent_port}", timeout=(1, 0.05))
    error = failure(client.call, "createWebhook", **HOOK)
    assert isinstance(error, WebWorkServerError)
    assert error.effect_unknown
    assert f"no answer from 127.0.0.1:{silent_port}: no answer within 0.05 seconds" in str(error)
    assert clock.sleeps == []


def test_a_post_with_an_unreadable_answer_has_an_unknown_effect(webwork, client, reply):
    webwork.replies(reply(body=b'{"success": true, "data": {"token": "whsec_'))
    error = failure(client.call, "createWebhook", **HOOK)
    assert isinstance(error, WebWorkResponseError)
    assert error.effect_unknown


def test_a_read_never_has_an_unknown_effect(webwork, client, json_reply):
    webwork.replies(json_reply({}, status=503))
    error = failure(client.call, "getMembers")
    assert not error.effect_unknown
    assert len(webwork.received) == 5


def test_a_delete_that_was_lost_and_then_found_nothing_may_have_deleted(webwork, client, reply, json_reply):
    webwork.replies(reply(hang_up=True), json_reply({"success": False, "message": "Not found"}, status=404))
    error = failure(client.call, "deleteWebhook", webhook_id="w1")
    assert isinstance(error, WebWorkNotFoundError)
    assert error.effect_unknown


def test_when_the_waiting_does_not_help_the_error_carries_the_wait(webwork, client, clock, json_reply):
    webwork.replies(json_reply({"message": "Too Many Attempts."}, status=429, headers={"Retry-After": "60"}))
    error = failure(client.call, "getMembers")
    assert isinstance(error, WebWorkRateLimitError)
    assert error.retry_after == 60
    assert not error.permanent
    assert "429 Too Many Requests: Too Many Attempts. Try again in 60 seconds" in str(error)
    assert sum(clock.sleeps) <= 240
    assert 1 < len(webwork.received) <= 5


def test_an_hour_of_waiting_is_left_to_the_task(webwork, client, clock, json_reply):
    webwork.replies(json_reply({}, status=429, headers={"Retry-After": "3600"}))
    assert failure(client.call, "getMembers").retry_after == 3600
    assert clock.sleeps == []


def test_each_retry_is_logged_without_secrets(webwork, client, json_reply, caplog):
    webwork.replies(json_reply({}, status=503), json_reply({"data": []}))
    with caplog.at_level(logging.INFO, logger="airflow_provider_webwork"):
        client.call("getMembers", email="member7@example.com")
    [message] = [each.getMessage() for each in caplog.records if each.name.startswith("airflow_provider_webwork")]
    assert message == (f"GET {webwork.url}/members?workspace_id=42&email=***: status 503; attempt 2 follows in 0.5 s")


class TestUnreachable:
    """Plain words instead of a stack of urllib3 errors."""

    @pytest.fixture
    def once(self, connect):
        def make(**settings):
            return connect(retry=RetryPolicy(attempts=1), **settings)

        return make

    def test_a_closed_port(self, once, closed_port):
        error = failure(once(base_url=f"http://127.0.0.1:{closed_port}/api/v2").call, "getMembers")
        assert isinstance(error, WebWorkServerError)
        assert f"cannot reach 127.0.0.1:{closed_port}: connection refused" in str(error)
        assert error.status is None
        assert not error.permanent

    def test_a_host_that_does_not_exist(self, once, monkeypatch):
        def unknown(*arguments, **keywords):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        error = failure(once(base_url="https://webwork.invalid").call, "getMembers")
        assert "cannot reach webwork.invalid:443: DNS does not know this host name" in str(error)

    @pytest.mark.parametrize("host", ["webwork..example.com", ".example.com", "*x", f"{'a' * 64}.example.com"])
    def test_a_name_that_no_host_can_have(self, once, host):
        with pytest.raises(WebWorkConfigurationError, match="has a host name that no host can have") as refused:
            once(base_url=f"https://{host}/api/v2").call("getMembers")
        assert refused.value.__cause__ is None

    def test_a_host_that_does_not_answer_the_connection(self, once, monkeypatch):
        def slow(*arguments, **keywords):
            raise TimeoutError("timed out")

        monkeypatch.setattr("urllib3.util.connection.create_connection", slow)
        client = once(base_url="https://10.0.0.1", timeout=(3, 30))
        error = failure(client.call, "createWebhook", **HOOK)
        assert "cannot reach 10.0.0.1:443: no connection within 3 seconds" in str(error)
        assert not error.effect_unknown

    def test_https_spoken_to_a_plain_port(self, once, webwork):
        error = failure(once(base_url=webwork.url.replace("http:", "https:")).call, "getMembers")
        assert "TLS" in str(error)

    def test_a_proxy_that_is_not_there(self, once, closed_port, proxy):
        proxy(f"http://user:proxy-password@127.0.0.1:{closed_port}")
        error = failure(once(base_url="http://webwork.invalid").call, "getMembers")
        assert "the proxy does not let the request through" in str(error)
        assert "proxy-password" not in str(error)

    @pytest.mark.skipif(find_spec("socks") is not None, reason="PySocks is installed")
    def test_a_socks_proxy_without_what_it_needs(self, once, clock, proxy):
        proxy("socks5h://user:proxy-password@127.0.0.1:9")
        with pytest.raises(WebWorkConfigurationError, match=r"PySocks is missing, so that nothing was sent") as refused:
            once(base_url="http://webwork.invalid").call("createWebhook", **HOOK)
        assert "proxy-password" not in str(refused.value)
        assert clock.sleeps == []

    def test_a_ca_bundle_that_is_not_there(self, once, monkeypatch):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent.pem")
        with pytest.raises(WebWorkConfigurationError, match="REQUESTS_CA_BUNDLE"):
            once(base_url="https://127.0.0.1:9").call("getMembers")


def test_no_error_nor_anything_behind_it_shows_the_token(connect, webwork, canary, closed_port, reply):
    echo = f"<html><title>{canary} refused</title>Bearer {canary}</html>".encode()
    said = f'{{"success": false, "message": "Bearer {canary} is wrong"}}'.encode()
    web_page = {"Content-Type": "text/html; charset=utf-8"}
    client = connect(retry=RetryPolicy(attempts=1))
    errors = [failure(connect(base_url=f"http://127.0.0.1:{closed_port}").call, "getMembers")]
    for status in (200, 302, 400, 401, 403, 404, 429, 500):
        answers = [reply(status, echo, web_page), reply(status, said), reply(status, said[:-1])]
        webwork.route("GET", "/members", lambda _, answers=answers: answers.pop())
        errors += [failure(client.call, "getMembers") for _ in range(3)]
    assert len(errors) == 25
    for error in errors:
        behind: BaseException | None = error
        while behind is not None:
            assert canary not in f"{behind} {behind!r}"
            behind = behind.__cause__ or behind.__context__

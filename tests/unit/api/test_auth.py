from __future__ import annotations

import base64

import pytest
import requests

from airflow_provider_webwork.api.answers import AnswerReader
from airflow_provider_webwork.api.auth import BasicAuth, BearerAuth
from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkResponseError


def signed(auth):
    return requests.Request("GET", "https://example.com", auth=auth).prepare().headers["Authorization"]


def test_a_bearer_token_is_sent_without_the_white_space_around_it(canary):
    assert signed(BearerAuth(f"{canary}\n")) == f"Bearer {canary}"


def test_basic_sends_login_and_password_as_utf_8():
    header = signed(BasicAuth("member7@example.com", "pässword:1"))
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == "member7@example.com:pässword:1"


def test_no_repr_shows_a_secret(canary, connect):
    reader = AnswerReader(secrets=(canary,), auth_remedy="Renew it.")
    auths = BearerAuth(canary), BasicAuth("member7@example.com", canary)
    for value in (*auths, reader, connect(), connect().settings):
        assert canary not in repr(value)
        assert canary not in str(value)


@pytest.mark.parametrize("token", ["", "  \n", "two words", "line\nbreak", "tökén", "nul\0"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_quoted(token):
    with pytest.raises(WebWorkConfigurationError) as refused:
        BearerAuth(token)
    assert not token.strip() or token not in str(refused.value)


@pytest.mark.parametrize(("login", "password"), [("", "secret"), ("member7@example.com", ""), ("a:b", "secret")])
def test_a_login_that_basic_cannot_carry_is_refused(login, password):
    with pytest.raises(WebWorkConfigurationError, match="login"):
        BasicAuth(login, password)


@pytest.mark.parametrize("api_version", ["v2", "v1"])
def test_a_netrc_does_not_replace_the_token(api_version, tmp_path, monkeypatch, webwork, connect):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login stranger password stranger\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    webwork.says({"success": True})
    client = connect(api_version=api_version)
    client.request("GET", "/x")
    assert webwork.received[0].headers["Authorization"] == signed(client.settings.auth)


def test_the_token_does_not_follow_a_redirect(webwork, client, reply):
    elsewhere = webwork.url.replace("127.0.0.1", "localhost")
    webwork.replies(reply(302, b"", {"Location": f"{elsewhere}/hooks/key-of-somebody"}))
    with pytest.raises(WebWorkResponseError) as refused:
        client.call("getMembers")
    assert len(webwork.received) == 1
    assert "answered 302 Found and points to http://localhost" in str(refused.value)
    assert "key-of-somebody" not in str(refused.value)

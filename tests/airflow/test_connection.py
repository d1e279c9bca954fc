"""A connection of type webwork in every form in which people write one down, and its form in the UI."""

from __future__ import annotations

import pytest
from airflow.sdk.log import redact

from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.hooks.sign_in import AUTH_TYPES
from airflow_provider_webwork.hooks.webwork import WebWorkHook

TOKEN = "canary-of-the-access-token"
V2 = "https://api.webwork-tracker.com/api/v2"
V1 = "https://www.webwork-tracker.com"
EXTRA_V1 = {"api_version": "v1"}


def settings_of(connection, fields):
    return WebWorkHook(connection(fields)).client.settings


@pytest.mark.parametrize(
    ("fields", "base_url"),
    [
        ({}, V2),
        ({"host": ""}, V2),
        ({"host": "  "}, V2),
        ({"host": "webwork.example.com"}, "https://webwork.example.com/api/v2"),
        ({"host": "webwork.example.com/"}, "https://webwork.example.com/api/v2"),
        ({"host": "webwork.example.com:8443"}, "https://webwork.example.com:8443/api/v2"),
        ({"host": "webwork.example.com", "port": 8443}, "https://webwork.example.com:8443/api/v2"),
        ({"host": "webwork.example.com/proxied/v2"}, "https://webwork.example.com/proxied/v2"),
        ({"host": "https://webwork.example.com/proxied/v2/"}, "https://webwork.example.com/proxied/v2"),
        ({"host": "http://127.0.0.1:8080/api/v2", "port": 9}, "http://127.0.0.1:8080/api/v2"),
        ({"host": "http://127.0.0.1/api/v2", "port": 8080}, "http://127.0.0.1:8080/api/v2"),
        ({"host": "http://[::1]/api/v2", "port": 8080}, "http://[::1]:8080/api/v2"),
        ({"login": "member7@example.com", "extra": EXTRA_V1}, V1),
        ({"login": "m", "host": "webwork.example.com", "extra": EXTRA_V1}, "https://webwork.example.com"),
        ({"login": "m", "host": f"{V1}/rest-api/", "extra": EXTRA_V1}, V1),
        (f"webwork://:{TOKEN}@", V2),
        (f"webwork://:{TOKEN}@webwork.example.com:8443/?workspace_id=7", "https://webwork.example.com:8443/api/v2"),
        (f"webwork://:{TOKEN}@http%3A%2F%2F127.0.0.1%3A8080%2Fapi%2Fv2", "http://127.0.0.1:8080/api/v2"),
    ],
    ids=str,
)
def test_every_form_of_a_base_url_leads_to_the_same_place(connection, fields, base_url):
    given = fields if isinstance(fields, str) else {"password": TOKEN, **fields}

    assert settings_of(connection, given).base_url == base_url


@pytest.mark.parametrize(
    "fields",
    [
        {"extra": {"workspace_id": 7, "timeout": 5, "verify": False}},
        {"extra": {"workspace_id": "7", "timeout": "5.0", "verify": "False"}},
        {"extra": '{"workspace_id": 7, "timeout": 5, "verify": "false"}'},
        f"webwork://:{TOKEN}@?workspace_id=7&timeout=5&verify=false",
    ],
    ids=str,
)
def test_extras_are_read_from_json_and_from_uris_alike(connection, fields):
    settings = settings_of(connection, fields if isinstance(fields, str) else {"password": TOKEN, **fields})

    assert (settings.workspace_id, settings.timeout, settings.verify) == (7, (5.0, 5.0), False)


@pytest.mark.parametrize(
    ("extra", "requests"),
    [
        ({}, 60),
        ({"requests_per_minute": 30}, 30),
        ({"requests_per_minute": "30"}, 30),
        ({"requests_per_minute": ""}, 60),
    ],
)
def test_the_pace_is_webworks_unless_the_connection_says_another(connection, extra, requests):
    assert settings_of(connection, {"password": TOKEN, "extra": extra}).rate.requests == requests


def test_the_ends_of_what_a_connection_may_say_are_part_of_it_and_the_form_has_the_same(connection, form):
    extra = {"timeout": 3600, "requests_per_minute": 6000}
    settings = settings_of(connection, {"password": TOKEN, "extra": extra})

    assert (settings.timeout, settings.rate.requests) == ((10.0, 3600.0), 6000)
    assert {name: form.extra_fields[name]["schema"]["maximum"] for name in extra} == extra


def test_v1_has_no_documented_pace(connection):
    fields = {"login": "member7@example.com", "password": TOKEN, "extra": EXTRA_V1}
    assert settings_of(connection, fields).rate is None
    paced = {**fields, "extra": {**EXTRA_V1, "requests_per_minute": 5}}
    assert settings_of(connection, paced).rate.requests == 5


def test_without_extras_the_defaults_hold(connection):
    settings = settings_of(
        connection, {"password": TOKEN, "extra": {"workspace_id": "", "timeout": None, "verify": ""}}
    )

    assert (settings.api_version, settings.workspace_id, settings.timeout) == ("v2", None, (10.0, 30.0))
    assert settings.verify is True


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"password": ""}, "password is empty; put the personal access token"),
        ({"extra": EXTRA_V1}, "login is empty"),
        ({"login": "m", "password": "", "extra": EXTRA_V1}, "password is empty; put the password"),
        ({"extra": {"api_version": "v3"}}, "api_version must be v2 or v1"),
        ({"extra": "[7]"}, "extra must be a JSON object"),
        ({"extra": {"workspace_id": "ours"}}, "workspace_id must be a whole number"),
        ({"extra": {"timeout": "soon"}}, "timeout must be a number of seconds above 0"),
        ({"extra": {"timeout": 0}}, "timeout must be"),
        ({"extra": {"timeout": "nan"}}, "timeout must be"),
        ({"extra": {"timeout": "inf"}}, "timeout must be"),
        ({"extra": {"timeout": 3600.5}}, "timeout must be a number of seconds above 0, at most 3,600"),
        ({"extra": {"timeout": 1e12}}, "timeout must be"),
        ({"extra": {"auth_type": "magic"}}, "auth_type must be personal_access_token or client_cred.* for API v2"),
        ({"extra": {"auth_type": "basic"}}, "auth_type must be personal_access_token or .* for API v2"),
        ({"extra": {**EXTRA_V1, "auth_type": "refresh_token"}}, "auth_type must be basic for API v1"),
        ({"extra": {"auth_type": "client_credentials"}}, "needs the client id"),
        ({"login": "id", "password": "", "extra": {"auth_type": "client_credentials"}}, "needs the client secret"),
        ({"login": "id", "extra": {"auth_type": "client_credentials", "oauth_url": "nowhere"}}, "`oauth_url`"),
        (
            {"login": "id", "extra": {"auth_type": "client_credentials", "oauth_request": "fax"}},
            "oauth_request must be",
        ),
        ({"login": "id", "extra": {"auth_type": "refresh_token"}}, "refresh_token is empty"),
        (
            {"login": "id", "extra": {"auth_type": "refresh_token", "refresh_token": TOKEN}},
            r"\[webwork\] event_store_url",
        ),
        ({"extra": {"requests_per_minute": "many"}}, "requests_per_minute must be a whole number above 0"),
        ({"extra": {"requests_per_minute": 0}}, "requests_per_minute must be"),
        ({"extra": {"requests_per_minute": 6001}}, "requests_per_minute must be a whole number .* at most 6,000"),
        ({"extra": {"requests_per_minute": 10**20}}, "requests_per_minute must be"),
        ({"host": "ftp://webwork.example.com"}, "host is not a URL"),
        ({"host": "https://"}, "host is not a URL"),
        ({"host": "https://webwork.example.com:many/api/v2"}, "host is not a URL"),
        ({"host": "http://["}, "host is not a URL"),
        ({"host": "https://webwork.example.com/api/v2?x=1"}, "base URL .* must end with its path"),
        ({"host": f"https://me:{TOKEN}@webwork.example.com"}, "base URL .* holds a login or password"),
        ({"extra": {"verify": "nowhere.pem"}}, "nowhere.pem, which does not exist"),
    ],
    ids=str,
)
def test_a_field_that_cannot_work_is_named_and_no_secret_is(connection, fields, text):
    hook = WebWorkHook(connection({"password": TOKEN, **fields}))

    with pytest.raises(WebWorkConfigurationError, match=text) as refused:
        assert hook.client
    assert TOKEN not in str(refused.value)
    assert hook.test_connection() == (False, str(refused.value))


def test_a_connection_that_does_not_exist_says_what_to_do(monkeypatch):
    monkeypatch.delenv("_AIRFLOW_PROCESS_CONTEXT", raising=False)  # as in a task, which has no database to look at
    passed, text = WebWorkHook("nowhere").test_connection()

    assert not passed
    assert text.startswith("There is no connection 'nowhere'. Make one of type webwork")
    assert text.endswith("or by `airflow connections add`.")


@pytest.fixture(scope="module")
def form():
    """The form of the connection type as the UI gets it."""
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    (meta,) = [meta for meta in HookMetaService.hook_meta_data() if meta.connection_type == "webwork"]
    return meta


def test_the_form_of_the_connection_is_served_by_airflow_and_every_field_explains_itself(form):
    assert form.hook_name == WebWorkHook.hook_name
    assert set(form.extra_fields) == {
        "api_version",
        "auth_type",
        "oauth_request",
        "oauth_url",
        "refresh_token",
        "requests_per_minute",
        "scope",
        "timeout",
        "verify",
        "workspace_id",
    }
    for field in form.extra_fields.values():
        assert field["schema"]["title"]
        assert field["description"].endswith(".")
        assert "null" in field["schema"]["type"], "a field that is not nullable is shown as required"
    assert form.standard_fields.password.title
    assert form.standard_fields.password.placeholder
    assert form.standard_fields.url_schema.hidden


def test_the_form_offers_the_sign_ins_and_requests_that_there_are_and_names_the_guessed_address(form):
    from airflow_provider_webwork.api.token_endpoint import REQUEST_FORMS, TOKEN_URL

    offered = form.extra_fields["auth_type"]["schema"]["enum"]
    assert offered == [None, *AUTH_TYPES["v2"], *AUTH_TYPES["v1"]]
    assert form.extra_fields["oauth_request"]["schema"]["enum"] == list(REQUEST_FORMS)
    assert TOKEN_URL in form.extra_fields["oauth_url"]["description"]


def test_the_form_belongs_to_the_hook(form):
    assert form.hook_class_name == f"{WebWorkHook.__module__}.{WebWorkHook.__name__}"
    assert (form.connection_type, form.hook_name) == (WebWorkHook.conn_type, WebWorkHook.hook_name)
    assert form.default_conn_name in {None, WebWorkHook.default_conn_name}


@pytest.mark.parametrize("name", ["client_secret", "refresh_token", "webhook_secret"])
def test_airflow_masks_the_token_and_secret_extras(connection, name):
    hook = WebWorkHook(connection({"password": TOKEN, "extra": {name: "canary-of-an-extra"}}))
    assert hook.client

    assert redact(f"a log line with {TOKEN} and canary-of-an-extra") == "a log line with *** and ***"
    assert TOKEN not in repr(hook.client) + repr(hook.client.settings)

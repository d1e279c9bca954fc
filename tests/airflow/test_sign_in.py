"""The four ways to sign in through a connection: what they need, what *Test* says of them, and what they never show."""

from __future__ import annotations

import base64
import json

import pytest
from airflow.sdk.log import redact

from airflow_provider_webwork.errors import WebWorkCancelledError
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.hooks.failures import WebWorkTaskError
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.operators.api import WebWorkCallOperator
from airflow_provider_webwork.operators.export import WebWorkExportOperator
from airflow_provider_webwork.operators.webhooks import WebWorkDeleteWebhookOperator
from airflow_provider_webwork.simulator import OAuthRules, Simulator
from tests.server.canaries import every_file, forms

SIGN_INS = ["personal_access_token", "client_credentials", "refresh_token", "basic"]


def fields(simulator, auth_type, **extra):
    """Return the fields of a connection that signs in to the simulator."""
    both = {"auth_type": auth_type, **extra}
    if auth_type == "basic":
        login = {"login": simulator.login, "password": simulator.password}
        return {"host": simulator.base_url_v1, **login, "extra": {**both, "api_version": "v1"}}
    both |= {"workspace_id": simulator.workspace_id}
    if auth_type == "personal_access_token":
        return {"host": simulator.base_url_v2, "password": simulator.token, "extra": both}
    both |= {"oauth_url": simulator.oauth_url}
    if auth_type == "refresh_token":
        both |= {"refresh_token": simulator.refresh_token}
    application = {"login": simulator.client_id, "password": simulator.client_secret}
    return {"host": simulator.base_url_v2, **application, "extra": both}


@pytest.fixture
def simulator():
    with Simulator(oauth=OAuthRules(reuse="revoke")) as running:
        yield running


@pytest.fixture
def site(simulator, connection, webwork_log):
    """Make a hook that signs in to the simulator, with an event log of its own."""

    def sign_in(auth_type, **extra):
        return WebWorkHook(connection(fields(simulator, auth_type, **extra)))

    return sign_in


def exchanges(simulator):
    return [request.status for request in simulator.requests if request.operation == "issueToken"]


@pytest.mark.parametrize(
    ("auth_type", "text"),
    [
        ("personal_access_token", "Workspace Simulated workspace (1), as Owner, with a personal access token."),
        ("client_credentials", "Workspace Simulated workspace (1), as Owner, with OAuth2 client credentials."),
        ("refresh_token", "Workspace Simulated workspace (1), as Owner, with an OAuth2 refresh token."),
        ("basic", "WebWork API v1 accepts the login; it has 0 webhooks."),
    ],
)
def test_test_says_as_whom_and_with_what_one_is_signed_in(auth_type, text, site):
    assert site(auth_type).test_connection() == (True, text)


@pytest.mark.parametrize(
    ("auth_type", "wrong", "text"),
    [
        ("personal_access_token", {"password": "wrong-secret"}, "Renew the token of the connection"),
        ("basic", {"password": "wrong-secret"}, "Check the login (the e-mail address of the account)"),
        ("client_credentials", {"password": "wrong-secret"}, "Check the client id (login) and the client secret"),
        ("refresh_token", {"login": "wrong-application"}, "Check the client id (login) and the client secret"),
    ],
)
@pytest.mark.usefixtures("webwork_log")
def test_test_says_which_field_is_wrong(auth_type, wrong, text, simulator, connection):
    connection({**fields(simulator, auth_type), **wrong})
    passed, said = WebWorkHook().test_connection()

    assert not passed
    assert text in said
    assert "wrong-secret" not in said


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ({"refresh_token": "wrong-secret"}, "sign in to WebWork again, and put the new refresh token into"),
        ({"scope": "everything"}, "Change `scope` of the connection"),
        ({"oauth_url": "{url}/oauth"}, "answered 404 Not Found: Not Found. Is `oauth_url` of the connection right?"),
    ],
)
@pytest.mark.usefixtures("webwork_log")
def test_test_says_which_extra_is_wrong(extra, text, simulator, connection):
    given = fields(simulator, "refresh_token")
    given["extra"] |= {name: value.format(url=simulator.url) for name, value in extra.items()}
    connection(given)
    passed, said = WebWorkHook().test_connection()

    assert not passed
    assert text in said, said
    assert "wrong-secret" not in said


def test_what_fails_at_the_token_endpoint_is_said_at_once(site, simulator):
    simulator.fault("issueToken", status=503, times=9)

    assert site("client_credentials").test_connection()[0] is False
    assert exchanges(simulator) == [503]


def test_a_rotated_refresh_token_is_found_by_every_hook_and_every_process(site, simulator, run_python):
    assert len(list(site("refresh_token").iterate("getMembers"))) == 25
    assert len(list(site("refresh_token").iterate("getMembers"))) == 25
    simulator.revoke_access()
    ended = run_python("-m", "airflow", "webwork", "call", "getMembers", "--all", "-o", "json")

    assert ended.returncode == 0, ended.stderr
    assert len(json.loads(ended.stdout)) == 25
    assert len(list(site("refresh_token").iterate("getMembers"))) == 25
    assert exchanges(simulator) == [200, 200]


def test_hooks_of_one_process_share_the_access_token_of_an_application(site, simulator):
    for _ in range(3):
        site("client_credentials").call("getWorkspaces")

    assert exchanges(simulator) == [200]


@pytest.mark.parametrize("auth_type", ["client_credentials", "refresh_token"])
def test_airflow_masks_tokens_as_soon_as_they_are_there(auth_type, site, simulator):
    site(auth_type).call("getWorkspaces")
    given = issued(simulator)

    assert len(given) >= 1
    assert redact("a log line with " + " and ".join(given)) == "a log line with " + " and ".join(["***"] * len(given))


def issued(simulator):
    """Return the tokens that were given out, but for the first refresh token."""
    tokens = simulator._world.tokens
    return [token for token in (*tokens._access, *tokens._refreshing) if token != simulator.refresh_token]


# The pace.


def test_hooks_of_one_process_share_a_budget(simulator, connection):
    given = fields(simulator, "personal_access_token", requests_per_minute=1)
    WebWorkHook(connection(given)).call("getWorkspaces")
    second = WebWorkHook(connection(given, conn_id="the_same_account"))
    second.cancel()  # or it would wait for a minute

    with pytest.raises(WebWorkCancelledError):
        second.call("getWorkspaces")
    assert len(simulator.requests) == 1


def test_tasks_share_a_budget_through_an_explicit_event_log(simulator, connection, webwork_log, run_python):
    conn_id = connection(fields(simulator, "personal_access_token", requests_per_minute=1))
    ended = run_python("-m", "airflow", "webwork", "call", "getWorkspaces")
    assert ended.returncode == 0, ended.stderr
    here = WebWorkHook(conn_id)
    here.cancel()  # or it would wait for a minute

    with pytest.raises(WebWorkCancelledError):
        here.call("getWorkspaces")


def test_a_log_that_is_away_stops_no_call(simulator, connection, monkeypatch, caplog):
    monkeypatch.setenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", "postgresql://webwork@/log?host=/nonexistent")
    hook = WebWorkHook(connection(fields(simulator, "personal_access_token")))

    assert hook.call("getWorkspaces")["success"]
    assert "Meanwhile this process counts its requests to WebWork alone." in caplog.text


def test_a_log_that_waits_for_its_upgrade_stops_no_call(simulator, connection, monkeypatch, caplog, tmp_path):
    url = f"sqlite:///{tmp_path / 'events.db'}"
    Store(url).upgrade("0006")
    monkeypatch.setenv("AIRFLOW__WEBWORK__EVENT_STORE_URL", url)
    monkeypatch.setenv("AIRFLOW__WEBWORK__AUTO_UPGRADE", "False")
    hook = WebWorkHook(connection(fields(simulator, "personal_access_token")))

    assert hook.call("getWorkspaces")["success"]
    assert "has schema revision 0006" in caplog.text
    assert "Meanwhile this process counts its requests to WebWork alone." in caplog.text


KILLED = {
    "call": lambda _: WebWorkCallOperator(task_id="call", operation="getWorkspaces"),
    "export": lambda path: WebWorkExportOperator(task_id="export", operation="getMembers", path=str(path)),
    "webhooks": lambda _: WebWorkDeleteWebhookOperator(task_id="delete", webhook_id="x"),
}


@pytest.mark.parametrize("name", KILLED)
def test_killing_a_task_ends_its_wait(name, simulator, connection, tmp_path):
    given = fields(simulator, "personal_access_token", requests_per_minute=1)
    WebWorkHook(connection(given)).call("getWorkspaces")
    operator = KILLED[name](tmp_path / "members.jsonl")
    operator.on_kill()

    with pytest.raises(WebWorkTaskError, match="was cancelled while it waited"):
        operator.execute({})
    assert len(simulator.requests) == 1
    assert list(tmp_path.iterdir()) == []


# Nothing secret is shown.


def secrets_of(simulator, auth_type):
    """Return what must be seen nowhere, and what must."""
    return {
        "personal_access_token": [simulator.token],
        "client_credentials": [simulator.client_secret, *issued(simulator)],
        "refresh_token": [simulator.client_secret, simulator.refresh_token, *issued(simulator)],
        "basic": [
            simulator.password,
            base64.b64encode(f"{simulator.login}:{simulator.password}".encode()).decode(),
        ],
    }[auth_type]


def seen(secrets, text):
    return [secret for secret in secrets if any(form in text for form in forms(secret))]


EVERYTHING_LOGGED = """
import logging, sys, traceback
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.operators.api import WebWorkCallOperator
from airflow_provider_webwork.operators.export import WebWorkExportOperator

def told(act):
    try:
        print(act())
    except Exception as error:
        traceback.print_exc()
        print(repr(error), error.__cause__, error.__context__)

operation, path = sys.argv[1:]
WebWorkHook().client  # Airflow sets its logging up for itself
logging.basicConfig(level=0, force=True)
for _ in range(8):
    hook = WebWorkHook()
    told(lambda: hook.call(operation))
    client = hook.client
    print(hook, client, client.settings, client.settings.auth, client.settings.budget, hook.get_conn())
told(lambda: WebWorkCallOperator(task_id="call", operation=operation).execute({}))
told(lambda: WebWorkExportOperator(task_id="export", operation=operation, path=path).execute({}))
told(lambda: hook.get_conn().get(client.settings.base_url).raise_for_status())
"""


@pytest.mark.usefixtures("webwork_log")
@pytest.mark.parametrize("auth_type", SIGN_INS)
def test_no_secret_is_in_the_output_of_a_command_an_error_a_log_or_a_file(
    auth_type, simulator, connection, run_python, tmp_path
):
    connection(fields(simulator, auth_type, requests_per_minute=1_000))
    operation = "v1ListUsers" if auth_type == "basic" else "getWorkspaces"
    called = run_python("-m", "airflow", "webwork", "call", operation, AIRFLOW__LOGGING__LOGGING_LEVEL="DEBUG")
    for name in (operation, "issueToken"):
        simulator.fault(name, status=401, times=2)
        simulator.fault(name, kind="html", status=500)
    if auth_type != "personal_access_token":  # which would stay revoked
        simulator.revoke_access()
    refused = run_python("-m", "airflow", "webwork", "call", operation, AIRFLOW__LOGGING__LOGGING_LEVEL="DEBUG")
    exported = tmp_path / "exported.jsonl"
    failed = run_python("-c", EVERYTHING_LOGGED, operation, str(exported), _AIRFLOW_PROCESS_CONTEXT="server")
    secrets = secrets_of(simulator, auth_type)
    shown = "".join(ended.stdout + ended.stderr for ended in (called, refused, failed))
    files = every_file(tmp_path)

    assert (called.returncode, refused.returncode, failed.returncode) == (0, 1, 0), shown
    assert "Traceback" in shown
    assert "requests.exceptions.HTTPError" in shown
    assert exported.read_bytes()
    assert "DEBUG:urllib3.connectionpool" in shown
    assert len(secrets) >= (4 if auth_type == "refresh_token" else 1)
    assert (seen(secrets, shown), seen(secrets, files)) == ([], [])
    assert "127.0.0.1" in files, "the budget is in the log, and the search reads it"
    (tmp_path / "planted").write_text(" ".join(secrets))
    assert seen(secrets, shown + "".join(secrets)) == seen(secrets, every_file(tmp_path)) == secrets

"""Signing in with OAuth2 at every kind of token endpoint that WebWork may have, and at every moment of a long run."""

from __future__ import annotations

import base64
import datetime as dt
import logging
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests
from cryptography.fernet import Fernet

from airflow_provider_webwork.api.client import Client, ClientSettings
from airflow_provider_webwork.api.oauth import OAuth2
from airflow_provider_webwork.api.retries import RetryPolicy
from airflow_provider_webwork.api.token_endpoint import REQUEST_FORMS, Application, TokenEndpoint
from airflow_provider_webwork.api.tokens import ProcessCredentials, Tokens
from airflow_provider_webwork.api.waiting import Clock
from airflow_provider_webwork.errors import (
    WebWorkAPIError,
    WebWorkAuthError,
    WebWorkConfigurationError,
    WebWorkRateLimitError,
    WebWorkResponseError,
    WebWorkServerError,
)
from airflow_provider_webwork.events.credentials import Credentials
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.secrets import Vault
from airflow_provider_webwork.simulator import OAuthRules, Simulator
from tests.contract.processes import together
from tests.fake_webwork import UNPACED, FakeClock, FakeWebWork, Reply, as_json

DAY = 86_400
GRANTS = ["client_credentials", "refresh_token"]


class Site:
    """A WebWork and clients of it, all by one clock that only sleeping moves."""

    def __init__(self, simulator, clock, stack) -> None:
        self.simulator = simulator
        self.clock = clock
        self.kept = ProcessCredentials()
        self._stack = stack

    def goes_on(self, seconds):
        self.clock.sleeps.append(seconds)

    def auth(self, grant, *, kept=None, hide=lambda _: None, skew=0.0, **changes):
        application = Application(
            client_id=self.simulator.client_id,
            client_secret=self.simulator.client_secret,
            url=self.simulator.oauth_url,
        )
        clock = Clock(
            sleep=self.clock.sleep,
            now=lambda: self.clock.now() + dt.timedelta(seconds=skew),
            monotonic=self.clock.monotonic,
            jitter=lambda: 0.0,
        )
        endpoint = TokenEndpoint(replace(application, **changes), timeout=(60, 60), verify=True, clock=clock)
        first = self.simulator.refresh_token if grant == "refresh_token" else None
        return OAuth2(endpoint, kept or self.kept, now=clock.now, refresh_token=first, hide=hide)

    def client(self, grant="client_credentials", **options):
        return self.client_of(self.auth(grant, **options))

    def client_of(self, auth):
        settings = ClientSettings(
            auth=auth, base_url=self.simulator.base_url_v2, workspace_id=self.simulator.workspace_id, rate=UNPACED
        )
        clock = self.clock
        client = Client(settings, sleep=clock.sleep, now=clock.now, monotonic=clock.monotonic, jitter=lambda: 0.0)
        return self._stack.enter_context(client)

    @property
    def exchanges(self):
        """What the token endpoint answered, in order."""
        return [request.status for request in self.simulator.requests if request.operation == "issueToken"]


@pytest.fixture
def site():
    with ExitStack() as stack:

        def open_site(**rules):
            clock = FakeClock()
            simulator = stack.enter_context(Simulator(now=clock.now, oauth=OAuthRules(**rules)))
            return Site(simulator, clock, stack)

        yield open_site


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("form", REQUEST_FORMS)
def test_every_form_of_a_token_request_is_understood_where_it_is_wanted(grant, form, site):
    wanted = {
        "form": {"encoding": "form", "client_auth": "body"},
        "basic": {"encoding": "form", "client_auth": "header"},
        "json": {"encoding": "json", "client_auth": "body"},
    }
    for understood, rules in wanted.items():
        here = site(**rules)
        client = here.client(grant, request_form=form)
        if understood == form:
            assert client.call("getWorkspaces")["success"]
        else:
            with pytest.raises((WebWorkAuthError, WebWorkResponseError)) as refused:
                client.call("getWorkspaces")
            assert "`oauth_request`" in str(refused.value)


@pytest.mark.parametrize("grant", GRANTS)
def test_one_access_token_serves_every_call_and_every_client_until_it_is_due(grant, site):
    here = site()
    for _ in range(3):
        here.client(grant).call("getWorkspaces")
    here.goes_on(15 * DAY - 400)
    here.client(grant).call("getWorkspaces")
    assert here.exchanges == [200]

    here.goes_on(200)
    here.client(grant).call("getWorkspaces")
    assert here.exchanges == [200, 200]
    assert 401 not in {request.status for request in here.simulator.requests}


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("event", ["expiry", "revocation"])
def test_a_long_reading_goes_on_over_the_end_of_its_access_token(grant, event, site):
    here = site()
    client = here.client(grant)
    read = []
    for member in client.iterate("getMembers", per_page=5):
        read.append(member["id"])
        if len(read) == 12:
            if event == "expiry":
                here.goes_on(15 * DAY)
            else:
                here.simulator.revoke_access()

    assert read == list(range(1, 26))
    assert here.exchanges == [200, 200]
    refused = [request for request in here.simulator.requests if request.status == 401]
    assert len(refused) == (0 if event == "expiry" else 1)


@pytest.mark.parametrize("grant", GRANTS)
def test_a_write_that_is_refused_for_its_token_is_made_once(grant, site):
    here = site()
    client = here.client(grant)
    client.call("getWorkspaces")
    here.simulator.revoke_access()

    client.call("createWebhook", url="https://receiver.example.com/x", events=["tracker.started"])
    assert len(here.simulator.webhooks) == 1


@pytest.mark.parametrize("grant", GRANTS)
def test_who_is_refused_with_a_new_token_as_well_hears_so_after_one_renewal(grant, site):
    here = site()
    here.simulator.fault("getMembers", status=401, times=99)
    client = here.client(grant)

    with pytest.raises(WebWorkAuthError, match="A new access token is refused as well") as refused:
        client.call("getMembers")
    assert here.exchanges == [200, 200]
    assert refused.value.permanent


@pytest.mark.parametrize("skew", [-20 * DAY, -3600, 3600, 20 * DAY])
def test_a_wrong_clock_costs_renewals_and_no_call(skew, site):
    here = site()
    for _ in range(2):
        here.client("refresh_token").call("getWorkspaces")
        here.client("refresh_token", skew=skew).call("getWorkspaces")
        here.goes_on(15 * DAY)
        here.client("refresh_token", skew=skew).call("getWorkspaces")

    assert set(here.exchanges) == {200}
    assert len(here.exchanges) <= 8


def test_tokens_that_say_nothing_of_their_end_are_renewed_when_they_are_refused():
    fake, clock = FakeWebWork(), FakeClock()
    given = iter(["first-access-token", "second-access-token"])
    fake.route("POST", "/oauth/token", lambda _: as_json({"access_token": next(given)}))
    fake.route(
        "GET",
        "/workspaces",
        lambda request: as_json(
            {"data": []}, status=401 if "first" in request.headers["Authorization"] and len(fake.received) > 2 else 200
        ),
    )
    application = Application(client_id="id", client_secret="a-secret", url=f"{fake.url}/oauth/token")
    endpoint = TokenEndpoint(application, timeout=(60, 60), verify=True, clock=Clock(now=clock.now))
    auth = OAuth2(endpoint, ProcessCredentials(), now=clock.now)
    with Client(ClientSettings(auth=auth, base_url=fake.url)) as client:
        client.call("getWorkspaces")
        clock.sleep(400 * DAY)
        client.call("getWorkspaces")
    fake.stop()

    assert [request.headers.get("Authorization", "")[-19:] for request in fake.received if request.method == "GET"] == [
        " first-access-token",
        " first-access-token",
        "second-access-token",
    ]


def test_the_scope_is_asked_for_and_without_one_everything_that_was_granted(site):
    here = site()
    here.client(scope="read").call("getWorkspaces")
    here.client().call("getWorkspaces")
    asked = [request.body for request in here.simulator.requests if request.operation == "issueToken"]

    assert [body.get("scope") for body in asked] == ["read", None]
    assert {body["grant_type"] for body in asked} == {"client_credentials"}


@pytest.mark.parametrize(
    ("grant", "changes", "text"),
    [
        ("client_credentials", {"client_secret": "wrong-secret"}, r"invalid_client.*Check the client id \(login\)"),
        ("client_credentials", {"scope": "everything"}, "invalid_scope.*Change `scope`"),
    ],
)
def test_a_refusal_says_which_field_to_change(grant, changes, text, site):
    here = site()
    with pytest.raises(WebWorkAuthError, match=text) as refused:
        here.client(grant, **changes).call("getWorkspaces")

    assert refused.value.permanent
    assert refused.value.status in {400, 401}
    assert f"POST {here.simulator.oauth_url} answered" in str(refused.value)
    assert len(here.exchanges) == 1
    assert "wrong-secret" not in str(refused.value)


def test_a_refresh_token_that_somebody_else_used_says_to_sign_in_again(site):
    here = site()
    here.client("refresh_token").call("getWorkspaces")
    stranger = here.client("refresh_token", kept=ProcessCredentials())

    with pytest.raises(WebWorkAuthError, match=r"invalid_grant.*sign in to WebWork again") as refused:
        stranger.call("getWorkspaces")
    assert here.simulator.refresh_token not in str(refused.value)


def test_a_refresh_token_that_webwork_does_not_replace_stays_in_use(site):
    here = site(rotates=False, access_seconds=DAY)
    for _ in range(3):
        here.client("refresh_token").call("getWorkspaces")
        here.goes_on(DAY)

    assert here.exchanges == [200, 200, 200]


ODD = [
    {"expires_in": "15 days"},
    {"expires_in": "1296000.0"},
    {"expires_in": [15]},
    {"expires_in": -5},
    {"expires_in": 1e300},
    {"expires_at": "2026-12-07T00:00:00Z", "expires_in": "soon"},
    {"expires_at": [2026, 12, 7]},
    {"error": None},
    {"error": ""},
    {"token_type": 7, "scope": None},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_tokens_in_an_answer_with_oddities_are_kept(odd):
    fake, clock, kept = FakeWebWork(), FakeClock(), ProcessCredentials()
    fake.says({"access_token": "an-access-token", "refresh_token": "the-next-refresh-token", **odd})
    application = Application(client_id="id", client_secret="a-secret", url=f"{fake.url}/oauth/token")
    endpoint = TokenEndpoint(application, timeout=(60, 60), verify=True, clock=Clock(now=clock.now))
    auth = OAuth2(endpoint, kept, now=clock.now, refresh_token="the-first-refresh-token")
    for _ in range(2):
        signed = auth(requests.Request("GET", fake.url).prepare())
        assert signed.headers["Authorization"] == "Bearer an-access-token"
    fake.stop()

    [request] = fake.received
    assert request.form["refresh_token"] == ["the-first-refresh-token"]
    assert "the-next-refresh-token" in auth.secrets


@pytest.mark.parametrize("following", [None, "", " ", 7, ["a-token"]])
def test_a_refresh_token_is_replaced_by_nothing_but_another(following):
    fake = FakeWebWork()
    fake.says({"access_token": "an-access-token", "refresh_token": following})
    application = Application(client_id="id", client_secret="a-secret", url=f"{fake.url}/oauth/token")
    tokens = TokenEndpoint(application, timeout=(60, 60), verify=True, clock=Clock()).ask("the-first-refresh-token")
    fake.stop()

    assert tokens.refresh == "the-first-refresh-token"


@dataclass(frozen=True, kw_only=True)
class Failing:
    """What comes of a token endpoint that fails, and how often it is asked for an application and for a member."""

    fault: dict[str, Any]
    error: type[WebWorkAPIError]
    text: str
    asked: tuple[int, int]


WRONG_PLACE = {"error": WebWorkResponseError, "text": "Is `oauth_url`", "asked": (1, 1)}
FAILING = {
    "overloaded": Failing(fault={"status": 503}, error=WebWorkServerError, text="503 Service", asked=(3, 1)),
    "broken": Failing(fault={"status": 500}, error=WebWorkServerError, text="500 Internal", asked=(1, 1)),
    "asked too often": Failing(fault={"status": 429}, error=WebWorkRateLimitError, text="429 Too Many", asked=(3, 3)),
    "closed": Failing(fault={"kind": "close"}, error=WebWorkServerError, text="Check `oauth_url`", asked=(3, 1)),
    "not found": Failing(fault={"status": 404}, **WRONG_PLACE),
    "a web page": Failing(fault={"kind": "html"}, **WRONG_PLACE),
    "empty": Failing(fault={"kind": "empty"}, **WRONG_PLACE),
    "no JSON": Failing(fault={"kind": "garbage"}, **WRONG_PLACE),
}


@pytest.mark.parametrize("case", FAILING)
def test_a_token_endpoint_that_fails_is_asked_again_only_where_no_token_can_be_lost(case, site):
    failing = FAILING[case]
    for grant, asked in zip(GRANTS, failing.asked, strict=True):
        here = site()
        here.simulator.fault("issueToken", times=99, **failing.fault)

        with pytest.raises(failing.error, match=failing.text):
            here.client(grant).call("getWorkspaces")
        assert len(here.exchanges) == asked


@pytest.mark.parametrize("location", ["{elsewhere}/steal", "http://[::1", "/gr\xfc\xdfe"])
def test_a_redirect_of_the_token_endpoint_is_not_followed_with_the_secret(location):
    elsewhere, fake = FakeWebWork(), FakeWebWork()
    fake.replies(Reply(307, b"", {"Location": location.format(elsewhere=elsewhere.url)}))
    application = Application(client_id="id", client_secret="a-secret", url=f"{fake.url}/oauth/token")
    endpoint = TokenEndpoint(application, timeout=(60, 60), verify=True, clock=Clock())

    with pytest.raises(WebWorkResponseError, match=r"307 Temporary Redirect.*Is `oauth_url`"):
        endpoint.ask()
    fake.stop()
    elsewhere.stop()
    assert elsewhere.received == []


def test_a_refresh_token_whose_answer_was_lost_behind_a_proxy_is_not_used_again(monkeypatch):
    proxy = FakeWebWork()
    proxy.replies(Reply(hang_up=True))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    application = Application(client_id="id", client_secret="a-secret", url="http://webwork.invalid/oauth/token")
    endpoint = TokenEndpoint(application, timeout=(60, 60), verify=True, clock=Clock(sleep=FakeClock().sleep))

    with pytest.raises(WebWorkServerError, match="The refresh token may be used up by this"):
        endpoint.ask("the-refresh-token")
    proxy.stop()
    assert len(proxy.received) == 1


def test_a_token_endpoint_that_is_not_there_is_named(site):
    here = site()
    with pytest.raises(
        WebWorkServerError, match=r"POST http://127\.0\.0\.1:9/oauth/token: cannot reach 127\.0\.0\.1:9"
    ):
        here.client(url="http://127.0.0.1:9/oauth/token").call("getWorkspaces")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"client_id": ""}, "needs the client id"),
        ({"client_secret": ""}, "needs the client secret"),
        ({"client_secret": "wörd-of-passage"}, "needs the client secret"),
        ({"url": "webwork-tracker.com/oauth/token"}, "`oauth_url`"),
        ({"url": "https://me:canary-secret@webwork-tracker.com/oauth/token"}, "`oauth_url`"),
    ],
)
def test_an_application_that_cannot_work_is_refused_without_its_secret(fields, text):
    with pytest.raises(WebWorkConfigurationError, match=text) as refused:
        Application(**{"client_id": "id", "client_secret": "canary-secret", **fields})
    assert "canary" not in str(refused.value)
    assert "wörd" not in str(refused.value)


@pytest.mark.parametrize("grant", GRANTS)
def test_no_secret_is_in_a_repr_an_error_or_a_log(grant, site, caplog):
    caplog.set_level(logging.DEBUG)
    here = site()
    hidden = []
    auth = here.auth(grant, hide=hidden.append)
    client = here.client_of(auth)
    shown = [repr(auth), repr(client), repr(client.settings), repr(auth._endpoint.application)]
    client.call("getWorkspaces")
    here.simulator.fault("getWorkspaces", status=401, times=99)
    failing = [lambda: client.call("getWorkspaces"), lambda: here.client(grant, client_secret="another-one").call("x")]
    here.simulator.fault("issueToken", status=500, skip=1)
    for fail in [*failing, lambda: client.call("getWorkspaces")]:
        with pytest.raises(Exception, match=r".") as failed:
            fail()
        behind: BaseException | None = failed.value
        while behind is not None:
            shown += [str(behind), repr(behind)]
            behind = behind.__cause__ or behind.__context__
    secrets = {*auth.secrets, here.simulator.client_secret, *hidden}
    if grant == "refresh_token":
        secrets.add(here.simulator.refresh_token)
    text = "\n".join(shown + [record.getMessage() for record in caplog.records])

    assert len(secrets) >= 4
    assert len(hidden) >= 2
    assert "POST /oauth/token" in text, "urllib3 logs its requests, and their secrets would be seen"
    assert [secret for secret in secrets if secret in text] == []
    pair = base64.b64encode(f"{here.simulator.client_id}:{here.simulator.client_secret}".encode()).decode()
    assert pair not in text


def test_tokens_are_written_and_read_back_and_not_shown():
    tokens = Tokens(access="a-access", refresh="a-refresh", renew_at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC))

    assert Tokens.from_text(tokens.to_text()) == tokens
    assert Tokens.from_text(replace(tokens, refresh=None, renew_at=None).to_text()).secrets == ("a-access",)
    assert "a-access" not in repr(tokens)
    assert "a-refresh" not in repr(tokens)


# Across processes.


def sign_in_from_a_process(log_url, key, where, times):
    store = Store(log_url)
    clock = Clock()
    application = Application(**where["application"])
    endpoint = TokenEndpoint(application, timeout=(60, 60), verify=True, clock=clock)
    kept = Credentials(store, Vault([key]), sleep=clock.sleep)
    auth = OAuth2(endpoint, kept, now=clock.now, refresh_token=where["refresh_token"])
    settings = ClientSettings(auth=auth, base_url=where["base_url"], rate=UNPACED, retry=RetryPolicy(attempts=1))
    with Client(settings) as client:
        seen = [len(client.call("getWorkspaces")["data"]) for _ in range(times)]
    store.close()
    return seen


def where(simulator):
    return {
        "application": {
            "client_id": simulator.client_id,
            "client_secret": simulator.client_secret,
            "url": simulator.oauth_url,
        },
        "base_url": simulator.base_url_v2,
        "refresh_token": simulator.refresh_token,
    }


def test_processes_that_refresh_at_once_all_go_on_though_a_second_use_would_revoke_everything(store, store_url):
    store.upgrade()
    key = Fernet.generate_key().decode()
    with Simulator(oauth=OAuthRules(reuse="revoke")) as simulator:
        arguments = [(store_url, key, where(simulator), 5)] * 4
        assert together(sign_in_from_a_process, arguments) == [[1] * 5] * 4
        assert [each.status for each in simulator.requests if each.operation == "issueToken"] == [200]

        simulator.revoke_access()
        assert together(sign_in_from_a_process, arguments) == [[1] * 5] * 4
        assert [each.status for each in simulator.requests if each.operation == "issueToken"] == [200, 200]


def test_a_rotated_refresh_token_outlives_the_process_that_got_it(store, store_url):
    store.upgrade()
    key = Fernet.generate_key().decode()
    with Simulator(oauth=OAuthRules(reuse="revoke")) as simulator:
        for _ in range(3):
            # So each needs a new access token, and the refresh token of the connection is used up by the first.
            simulator.revoke_access()
            assert together(sign_in_from_a_process, [(store_url, key, where(simulator), 1)]) == [[1]]
        statuses = [each.status for each in simulator.requests if each.operation == "issueToken"]
        assert statuses == [200, 200, 200]

"""The token endpoint: client credentials, refresh tokens that rotate and expire, and what their reuse costs."""

from __future__ import annotations

import pytest
import requests

from airflow_provider_webwork.simulator import OAuthRules

DAY = 86_400


class Application:
    """The one OAuth2 application, as its developer would call the token endpoint."""

    def __init__(self, client) -> None:
        self.simulator = client.simulator

    def post(self, encoding="data", auth=None, **fields):
        if auth is None:
            fields = {"client_id": self.simulator.client_id, "client_secret": self.simulator.client_secret, **fields}
        return requests.post(self.simulator.oauth_url, **{encoding: fields}, auth=auth, timeout=10)

    def refresh(self, token, **fields):
        return self.post(grant_type="refresh_token", refresh_token=token, **fields)

    def status(self, access_token, method="GET", path="/members", **body):
        return requests.request(
            method,
            f"{self.simulator.base_url_v2}{path}",
            params={"workspace_id": 1},
            json={"workspace_id": 1, **body} if method != "GET" else None,
            headers={"Authorization": f"Bearer {access_token}"},
            timeout=10,
        ).status_code


@pytest.fixture
def app(running, clock):
    return lambda **rules: Application(running(now=clock, oauth=OAuthRules(**rules)))


def test_client_credentials_give_an_access_token_for_fifteen_days(app, clock):
    here = app()
    answer = here.post(grant_type="client_credentials")
    body = answer.json()
    assert set(body) == {"token_type", "expires_in", "access_token"}
    assert (answer.status_code, body["token_type"], body["expires_in"]) == (200, "Bearer", 15 * DAY)
    assert answer.headers["Cache-Control"] == "no-store"
    assert here.status(body["access_token"]) == 200
    clock.advance(days=15, seconds=-1)
    assert here.status(body["access_token"]) == 200
    clock.advance(seconds=1)
    assert here.status(body["access_token"]) == 401


def test_a_refresh_rotates_the_refresh_token(app):
    here = app()
    first = here.refresh(here.simulator.refresh_token).json()
    assert set(first) == {"token_type", "expires_in", "access_token", "refresh_token"}
    assert first["refresh_token"] != here.simulator.refresh_token
    second = here.refresh(first["refresh_token"]).json()
    assert [here.status(each["access_token"]) for each in (first, second)] == [200, 200]


def test_a_refresh_token_used_twice_ends_everything_that_came_of_it(app):
    here = app()
    first = here.refresh(here.simulator.refresh_token).json()
    again = here.refresh(here.simulator.refresh_token)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert here.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert here.status(first["access_token"]) == 401
    assert here.refresh(here.simulator.sign_in(1)).status_code == 200


def test_reuse_can_be_refused_alone(app):
    here = app(reuse="refuse")
    first = here.refresh(here.simulator.refresh_token).json()
    assert here.refresh(here.simulator.refresh_token).status_code == 400
    assert here.status(first["access_token"]) == 200
    assert here.refresh(first["refresh_token"]).status_code == 200


def test_a_refresh_token_need_not_rotate(app):
    here = app(rotates=False)
    answers = [here.refresh(here.simulator.refresh_token).json() for _ in range(2)]
    assert [answer["refresh_token"] for answer in answers] == [here.simulator.refresh_token] * 2
    assert answers[0]["access_token"] != answers[1]["access_token"]


def test_a_refresh_token_expires_after_thirty_days_and_each_rotation_begins_anew(app, clock):
    here = app()
    clock.advance(days=29)
    rotated = here.refresh(here.simulator.refresh_token).json()["refresh_token"]
    clock.advance(days=29)
    rotated = here.refresh(rotated).json()["refresh_token"]
    clock.advance(days=30)
    assert here.refresh(rotated).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "wrong"}, 400, "invalid_grant"),
        ({"scope": "everything"}, 400, "invalid_scope"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_standard(app, fields, status, error):
    answer = app().post(**{"grant_type": "client_credentials", **fields})
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"]


def test_fields_and_credentials_travel_in_any_way_unless_one_is_chosen(app):
    grant = {"grant_type": "client_credentials"}

    def statuses(here):
        basic = (here.simulator.client_id, here.simulator.client_secret)
        return [
            here.post(**grant).status_code,
            here.post(encoding="json", **grant).status_code,
            here.post(auth=basic, **grant).status_code,
        ]

    assert statuses(app()) == [200, 200, 200]
    assert statuses(app(encoding="form")) == [200, 400, 200]
    assert statuses(app(encoding="json")) == [400, 200, 400]
    assert statuses(app(client_auth="body")) == [200, 200, 401]
    assert statuses(app(client_auth="header")) == [401, 401, 200]


def test_a_token_does_what_its_scopes_allow(app):
    here = app()
    new = {"email": "new@example.com", "firstname": "Member", "lastname": "99", "role": "Regular User"}
    for scope, read, write in (("read", 200, 403), ("write", 403, 200), ("admin", 200, 200)):
        here.simulator.reset()
        token = here.post(grant_type="client_credentials", scope=scope).json()["access_token"]
        assert here.status(token) == read
        assert here.status(token, "POST", **new) == write


def test_a_refreshed_token_may_narrow_its_scopes_and_never_widen_them(app):
    here = app()
    token = here.simulator.sign_in(1, scope="read")
    assert here.refresh(token, scope="read write").json()["error"] == "invalid_scope"
    assert here.refresh(token, scope="read").status_code == 200


def test_a_token_acts_for_the_member_who_signed_in(app):
    here = app()
    access_token = here.refresh(here.simulator.sign_in(7)).json()["access_token"]
    headers = {"Authorization": f"Bearer {access_token}"}
    answer = requests.get(f"{here.simulator.base_url_v2}/workspaces", headers=headers, timeout=10)
    assert answer.json()["data"][0]["user_id"] == 7


def test_revoked_access_is_401_and_a_refresh_helps(app):
    here = app()
    first = here.refresh(here.simulator.refresh_token).json()
    here.simulator.revoke_access()
    assert [here.status(token) for token in (first["access_token"], here.simulator.token)] == [401, 401]
    assert here.status(here.refresh(first["refresh_token"]).json()["access_token"]) == 200


def test_the_token_endpoint_fails_on_order_and_after_the_effect_the_old_token_is_spent(app):
    here = app()
    here.simulator.fault("issueToken", kind="close", when="after")
    with pytest.raises(requests.ConnectionError):
        here.refresh(here.simulator.refresh_token)
    assert here.refresh(here.simulator.refresh_token).json()["error"] == "invalid_grant"


def test_secrets_of_the_application_are_not_logged(app):
    here = app()
    here.refresh(here.simulator.refresh_token)
    (logged,) = here.simulator.requests
    assert (logged.operation, logged.path, logged.status) == ("issueToken", "/oauth/token", 200)
    assert logged.body["grant_type"] == "refresh_token"
    assert not [s for s in (here.simulator.client_secret, here.simulator.refresh_token) if s in repr(logged)]
    requests.post(here.simulator.oauth_url, data=here.simulator.client_secret, timeout=10)
    assert here.simulator.client_secret not in repr(here.simulator.requests)


def test_tokens_follow_from_the_seed(app):
    answers = []
    for _ in range(2):
        here = app()
        answers.append([here.simulator.client_secret, here.refresh(here.simulator.refresh_token).json()])
    assert answers[0] == answers[1]

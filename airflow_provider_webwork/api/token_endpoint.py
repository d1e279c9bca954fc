"""The token endpoint of OAuth2: credentials of an application, or a refresh token, for tokens.

WebWork documents two grants, the names of the scopes and how long tokens live
(https://api-docs.webwork-tracker.com/v2/authorization, https://api-docs.webwork-tracker.com/v2/api.md). What we could
read of its pages says neither where the token endpoint is nor how it is asked, so that both can be chosen.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, get_args
from urllib.parse import parse_qsl, urlsplit

from authlib.integrations.requests_client import OAuth2Session

from airflow_provider_webwork.api.adapter import LimitedAdapter
from airflow_provider_webwork.api.answers import AnswerReader, status_text
from airflow_provider_webwork.api.failures import Unanswered, sent
from airflow_provider_webwork.api.redirects import LenientSession
from airflow_provider_webwork.api.retries import RetryPolicy, answered, wait_before_retry
from airflow_provider_webwork.api.settings import USER_AGENT
from airflow_provider_webwork.api.tokens import Tokens
from airflow_provider_webwork.errors import (
    WebWorkAPIError,
    WebWorkAuthError,
    WebWorkConfigurationError,
    WebWorkRateLimitError,
    WebWorkResponseError,
    WebWorkServerError,
)

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    import requests
    from requests.auth import AuthBase

    from airflow_provider_webwork.api.waiting import Clock
    from airflow_provider_webwork.json_types import JSON

_Signed: TypeAlias = "tuple[str, MutableMapping[str, str], str]"

log = logging.getLogger(__name__)

RequestForm: TypeAlias = Literal["form", "basic", "json"]
"""How the endpoint is asked: with id and secret in a form, with a form and both in an HTTP Basic header, or as JSON."""

REQUEST_FORMS: tuple[RequestForm, ...] = get_args(RequestForm)

TOKEN_URL = "https://webwork-tracker.com/oauth/token"  # noqa: S105 - no secret
"""A guess: WebWork documents ``https://webwork-tracker.com/oauth/authorize``, and this is its usual neighbour."""

PATIENCE = RetryPolicy(attempts=3, deadline=15.0)
MOST_SECONDS = 20.0
"""Together they bound how long one process can keep the others from new tokens: under two minutes."""

_EARLIEST = dt.timedelta(minutes=5)
_AUTH_METHODS: dict[RequestForm, str] = {
    "form": "client_secret_post",
    "basic": "client_secret_basic",
    "json": "client_secret_json",
}
_SAID = ("error", "error_description", "message")
_UNREACHED = "Check `oauth_url`, the network and the proxy settings, or try again later."
_SPENT = " The refresh token may be used up by this: if the next try says so, sign in to WebWork again."
# https://datatracker.ietf.org/doc/html/rfc6749#section-5.2
_REMEDIES = {
    "invalid_client": (
        "Check the client id (login) and the client secret (password) of the connection, and `oauth_request`, which "
        "says how they are shown."
    ),
    "invalid_grant": (
        "The refresh token was used before, has expired or was revoked: sign in to WebWork again, and put the new "
        "refresh token into the connection."
    ),
    "invalid_scope": "Change `scope` of the connection to what the application was given.",
    "unauthorized_client": "WebWork registers each application for one grant: change `auth_type` of the connection.",
    "unsupported_grant_type": "WebWork registers each application for one grant: change `auth_type` of the connection.",
    "invalid_request": "Try another `oauth_request` of the connection.",
}


@dataclass(frozen=True, kw_only=True)
class Application:
    """An application that is registered at WebWork under Settings > REST API > OAuth2 Apps.

    :param client_id: its id.
    :param client_secret: its secret.
    :param url: the token endpoint.
    :param scope: what to ask for, separated by spaces (``read``, ``write``, ``admin``); ``None`` for everything that
        was granted.
    :param request_form: how the endpoint is asked.
    :raises WebWorkConfigurationError: if one of them is missing or cannot be used.
    """

    client_id: str
    client_secret: str = field(repr=False)
    url: str = TOKEN_URL
    scope: str | None = None
    request_form: RequestForm = "form"

    def __post_init__(self) -> None:
        for name, text in (("client id", self.client_id), ("client secret", self.client_secret)):
            if not text or not text.isascii() or not text.isprintable():
                raise WebWorkConfigurationError(
                    f"The WebWork connection needs the {name} of the OAuth2 application, in printable characters: "
                    "login is the client id and password the client secret."
                )
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
            raise WebWorkConfigurationError(f"`oauth_url` of the WebWork connection is no URL such as {TOKEN_URL}.")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret, and the pair as a header carries it."""
        pair = f"{self.client_id}:{self.client_secret}".encode()
        return (self.client_secret, base64.b64encode(pair).decode())


class TokenEndpoint:
    """Asks for tokens. Redirects are not followed.

    :param application: who asks.
    :param timeout: seconds to wait for a connection, and for the next bytes of an answer, up to :data:`MOST_SECONDS`.
    :param verify: whether to check TLS certificates, or the file of the CA to check them with.
    :param retry: how long to keep trying.
    :param clock: time and chance.
    """

    def __init__(
        self,
        application: Application,
        *,
        timeout: tuple[float, float],
        verify: bool | str,
        clock: Clock,
        retry: RetryPolicy = PATIENCE,
    ) -> None:
        self.application = application
        self._timeout = (min(timeout[0], MOST_SECONDS), min(timeout[1], MOST_SECONDS))
        self._verify = verify
        self._retry = retry
        self.clock = clock

    def ask(self, refresh_token: str | None = None) -> Tokens:
        """Return new tokens. A refresh token must be expected to be used up by this, whatever comes of it.

        :param refresh_token: what to ask with; ``None`` for the credentials of the application.
        :raises WebWorkAuthError: if the application or the refresh token is not accepted.
        :raises WebWorkAPIError: if the endpoint fails, cannot be reached, or is none.
        """
        started, attempt = self.clock.monotonic(), 0
        while True:
            attempt += 1
            asked_at = self.clock.now()
            answer = self._answer(refresh_token)
            if not isinstance(answer, Unanswered) and (tokens := _tokens(answer, refresh_token, asked_at=asked_at)):
                return tokens
            wait = wait_before_retry(
                answer if isinstance(answer, Unanswered) else answered(answer, now=self.clock.now()),
                method="GET" if refresh_token is None else "POST",  # as to whether it can be repeated
                attempt=attempt,
                elapsed=self.clock.monotonic() - started,
                jitter=self.clock.jitter,
                policy=self._retry,
            )
            if wait is None:
                raise self._error(answer, refresh_token)
            log.info("The token endpoint gave no tokens; attempt %d follows in %.1f s", attempt + 1, wait)
            self.clock.sleep(wait)

    def _answer(self, refresh_token: str | None) -> requests.Response | Unanswered:
        """Ask once. Authlib only signs: it fails on an answer with oddities when the refresh token is used up."""
        fields = {"grant_type": "client_credentials"}
        if refresh_token is not None:
            fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        if self.application.scope:
            fields["scope"] = self.application.scope

        def ask() -> requests.Response:
            with self._session() as session:
                # It is one for requests; the stubs of Authlib tell only what the class above it is.
                sign = cast("AuthBase", session.client_auth(session.token_endpoint_auth_method))
                return session.post(self.application.url, data=fields, auth=sign, allow_redirects=False)

        return sent(ask, timeout=self._timeout)

    def _session(self) -> _Session:
        asking = self.application
        session = _Session(
            client_id=asking.client_id,
            client_secret=asking.client_secret,
            token_endpoint_auth_method=_AUTH_METHODS[asking.request_form],
        )
        session.register_client_auth_method((_AUTH_METHODS["json"], _as_json))
        for scheme in ("https://", "http://"):
            session.mount(scheme, LimitedAdapter(timeout=self._timeout, verify=self._verify))
        session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
        return session

    def _error(self, answer: requests.Response | Unanswered, refresh_token: str | None) -> WebWorkAPIError:
        """Word the error for an answer without tokens."""
        url, secrets = self.application.url, self.application.secrets
        reader = AnswerReader(secrets=(*secrets, refresh_token) if refresh_token else secrets, auth_remedy="")
        if isinstance(answer, Unanswered):
            spent = answer.may_have_arrived and refresh_token is not None
            remedy = f"{_UNREACHED}{_SPENT if spent else ''}"
            return reader.unanswered(answer, method="POST", url=url, effect_unknown=False, remedy=remedy)
        status, document = answer.status_code, _document(answer)
        code = str(document.get("error"))
        what = f"WebWork gives no tokens: {reader.where('POST', url)} answered {status_text(status)}"
        said = reader.quoted(": ".join(str(document[key]) for key in _SAID if document.get(key)))
        if status == 429:
            later = answered(answer, now=self.clock.now()).retry_after
            return WebWorkRateLimitError(f"{what}{said}. Try again later.", retry_after=later)
        if status >= 500:
            return WebWorkServerError(f"{what}{said}. Try again later.", status=status)
        if code in _REMEDIES or status == 401:
            return WebWorkAuthError(f"{what}{said}. {_REMEDIES.get(code, _REMEDIES['invalid_client'])}", status=status)
        return WebWorkResponseError(f"{what}{said}. Is `oauth_url` of the connection right?", status=status)


class _Session(LenientSession, OAuth2Session):
    """Authlib's session."""


def _document(response: requests.Response) -> dict[str, JSON]:
    try:
        document: JSON = response.json()
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _as_json(client: OAuth2Session, _: str, uri: str, headers: MutableMapping[str, str], body: str) -> _Signed:
    """Write the fields of a token request as JSON, with the id and the secret of the application among them."""
    fields = {**dict(parse_qsl(body)), "client_id": client.client_id, "client_secret": client.client_secret}
    headers["Content-Type"] = "application/json"
    return uri, headers, json.dumps(fields)


def _tokens(answer: requests.Response, refresh_token: str | None, *, asked_at: dt.datetime) -> Tokens | None:
    """Read an answer; ``None`` if it holds no token that a header can carry. What else it holds need not make sense.

    A refresh token that is not replaced stays good.
    """
    document = _document(answer) if answer.ok else {}
    access, following = document.get("access_token"), document.get("refresh_token")
    if not isinstance(access, str) or not access or not access.isascii() or not access.isprintable() or " " in access:
        return None
    if refresh_token is not None and isinstance(following, str) and following.strip():
        refresh_token = following
    return Tokens(access=access, refresh=refresh_token, renew_at=_renew_at(document.get("expires_in"), asked_at))


def _renew_at(expires_in: object, asked_at: dt.datetime) -> dt.datetime | None:
    """Return when to get new tokens: a while before these expire, since clocks differ and requests take time."""
    try:
        lifetime = dt.timedelta(seconds=float(str(expires_in)))
        return asked_at + lifetime - min(_EARLIEST, lifetime / 10) if lifetime > dt.timedelta() else None
    except (ValueError, OverflowError):
        return None

"""Signing requests with OAuth2: access tokens that are shared, renewed in time and renewed when they are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_webwork.api.auth import WebWorkAuth, fingerprint
from airflow_provider_webwork.api.tokens import CredentialStore, Tokens
from airflow_provider_webwork.errors import WebWorkConfigurationError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from requests import PreparedRequest

    from airflow_provider_webwork.api.token_endpoint import TokenEndpoint


class OAuth2(WebWorkAuth):
    """Sign requests of API v2 with the access tokens of an OAuth2 application.

    With ``refresh_token`` it acts for the member who gave it out, else for the application itself. WebWork is expected
    to replace a refresh token each time that it is used, and to accept it no second time: what replaces it is in
    ``kept``, which must outlive the process.

    :param endpoint: gives out tokens.
    :param kept: where tokens are kept, for everybody who shares them.
    :param refresh_token: the refresh token that the member was given in the beginning.
    :param now: the present time, with a zone.
    :param hide: told of every new secret, so that logs can mask it.
    """

    def __init__(
        self,
        endpoint: TokenEndpoint,
        kept: CredentialStore,
        *,
        now: Callable[[], dt.datetime],
        refresh_token: str | None = None,
        hide: Callable[[str], None] = lambda _: None,
    ) -> None:
        if refresh_token is not None and not refresh_token.strip():
            raise WebWorkConfigurationError("The WebWork connection has no refresh token: put it into `refresh_token`.")
        application = endpoint.application
        self._endpoint = endpoint
        self._kept = kept
        self._now = now
        self._hide = hide
        self._first_refresh_token = refresh_token.strip() if refresh_token else None
        self._account = fingerprint(application.url, application.client_id, self._first_refresh_token or "")
        # A chain of refresh tokens is one, whatever it is used for; tokens of other scopes are others.
        scope = "" if refresh_token else f"/{application.scope or ''}"
        self._name = f"oauth2/{self._account}{scope}"
        self._text: str | None = None
        first = (self._first_refresh_token,) if self._first_refresh_token else ()
        self._seen = dict.fromkeys((*application.secrets, *first))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret of the application, and every token that this process has seen."""
        return tuple(self._seen)

    @property
    def remedy(self) -> str:
        """What to look at when an access token that was just given out is refused."""
        return (
            "A new access token is refused as well: check in WebWork under Settings > REST API > OAuth2 Apps that the "
            "application is still allowed to act here, and that `host` and `oauth_url` belong together."
        )

    @property
    def method(self) -> str:
        """What it signs in with, in words."""
        return "OAuth2 client credentials" if self._first_refresh_token is None else "an OAuth2 refresh token"

    @property
    def account(self) -> str:
        """A hash of the application and, if it acts for a member, of the refresh token."""
        return self._account

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add the header to a request about to be sent.

        :raises WebWorkAPIError: if a new access token is needed and not given out.
        """
        r.headers["Authorization"] = _header(self._current())
        return r

    def renew(self, refused: PreparedRequest) -> bool:
        """Get another access token than that of a refused request.

        :raises WebWorkAPIError: if none is given out.
        """
        if self._text is not None and refused.headers.get("Authorization") == _header(self._read(self._text)):
            self._replace(self._text)
        return True

    def _current(self) -> Tokens:
        if self._text is None:
            self._text = self._kept.get(self._name)
        tokens = None if self._text is None else self._read(self._text)
        if tokens is not None and not self._is_due(tokens):
            return tokens
        tokens = self._replace(self._text)
        # What somebody else left there may be older than it should be.
        return self._replace(self._text) if self._is_due(tokens) else tokens

    def _replace(self, outdated: str | None) -> Tokens:
        self._text = self._kept.replace(self._name, outdated=outdated, make=self._make)
        return self._read(self._text)

    def _make(self, present: str | None) -> str:
        refresh_token = self._first_refresh_token
        if present is not None and refresh_token is not None:
            refresh_token = self._read(present).refresh
        tokens = self._endpoint.ask(refresh_token)
        self._learn(tokens)
        return tokens.to_text()

    def _read(self, text: str) -> Tokens:
        tokens = Tokens.from_text(text)
        self._learn(tokens)
        return tokens

    def _learn(self, tokens: Tokens) -> None:
        for secret in tokens.secrets:
            if secret not in self._seen:
                self._seen[secret] = None
                self._hide(secret)

    def _is_due(self, tokens: Tokens) -> bool:
        return tokens.renew_at is not None and tokens.renew_at <= self._now()


def _header(tokens: Tokens) -> str:
    return f"Bearer {tokens.access}"

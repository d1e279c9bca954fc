"""Who may call: personal access tokens, OAuth2 tokens with their expiry and rotation, and the passwords of API v1."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from airflow_provider_webwork.simulator.data.seeds import Seed
from airflow_provider_webwork.simulator.refusals import RefusedError

Reuse = Literal["refuse", "revoke"]
TokenEncoding = Literal["any", "form", "json"]
ClientAuth = Literal["any", "body", "header"]

SCOPES = frozenset({"read", "write", "admin"})

_DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class OAuthRules:
    """How OAuth2 tokens live. WebWork documents the two lifetimes and the names of the scopes; the rest is made up.

    :param access_seconds: the life of an access token, 15 days.
    :param refresh_seconds: the life of a refresh token, 30 days.
    :param rotates: whether a refresh gives a new refresh token and ends the old one.
    :param reuse: what becomes of a refresh token that was used before: it is refused (``refuse``), or every token
        that descends from the same sign-in is revoked as well (``revoke``).
    :param encoding: how the request must be written: as a form, as JSON, or in ``any`` of the two.
    :param client_auth: where the application must show its id and secret: among the fields (``body``), in an HTTP
        Basic header, or in ``any`` of the two places.
    """

    access_seconds: float = 15 * _DAY
    refresh_seconds: float = 30 * _DAY
    rotates: bool = True
    reuse: Reuse = "revoke"
    encoding: TokenEncoding = "any"
    client_auth: ClientAuth = "any"

    def __post_init__(self) -> None:
        """Check the values.

        :raises ValueError: if a choice does not exist or a life is not positive.
        """
        for name, choices in (("reuse", Reuse), ("encoding", TokenEncoding), ("client_auth", ClientAuth)):
            if getattr(self, name) not in get_args(choices):
                raise ValueError(f"{name} must be one of {', '.join(get_args(choices))}; not {getattr(self, name)!r}.")
        if self.access_seconds <= 0 or self.refresh_seconds <= 0:
            raise ValueError("access_seconds and refresh_seconds must be positive.")


class GrantError(Exception):
    """The token endpoint would say no, in the words of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True, kw_only=True)
class Holder:
    """In whose name a call is made, and what for."""

    user_id: int
    scopes: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class _Issued:
    """A token that was given out."""

    holder: Holder
    family: int
    expires_at: datetime
    used: bool = False


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a client may show in the name of Member 1, and the one OAuth2 application."""

    token: str = field(repr=False)
    login: str
    password: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


class Tokens:
    """Everything that opens the API.

    :param token: the personal access token of Member 1; by default one that follows from the seed.
    :param now: the clock by which tokens expire.
    """

    def __init__(self, *, seed: Seed, rules: OAuthRules, token: str | None, now: Callable[[], datetime]) -> None:
        self._seed = seed
        self._rules = rules
        self._token = token
        self._now = now
        self._begin()

    def credentials(self) -> Credentials:
        """Return what opens the API in the name of Member 1."""
        return Credentials(
            token=self.personal(1),
            login="member1@example.com",
            password=self.password(1),
            client_id=self._seed.text("client id"),
            client_secret=self._seed.text("client secret"),
            refresh_token=self._first_refresh_token,
        )

    def personal(self, user_id: int) -> str:
        """Return the personal access token of a member."""
        if user_id == 1 and self._token:
            return self._token
        return f"simulated-{user_id}-{self._seed.text('personal token', user_id)}"

    def password(self, user_id: int) -> str:
        """Return the password of a member for API v1."""
        return self._seed.text("password", user_id)

    def holder(self, shown: str) -> Holder:
        """Return whom an access token stands for.

        :raises RefusedError: 401 if it is wrong, expired or revoked; WebWork does not say how it tells them apart.
        """
        issued = self._access.get(shown)
        if issued is not None and issued.expires_at > self._now():
            return issued.holder
        user_id = self._user_of(shown)
        if user_id is None or self._personal_revoked:
            raise RefusedError(401, "Unauthenticated.")
        return Holder(user_id=user_id, scopes=SCOPES)

    def sign_in(self, *, user_id: int, scopes: frozenset[str] = SCOPES) -> str:
        """Return a refresh token as if a member had just allowed the application to act for them."""
        self._families += 1
        return self._refreshable(Holder(user_id=user_id, scopes=scopes), family=self._families)

    def exchange(self, form: Mapping[str, Any], *, client: tuple[str, str]) -> dict[str, Any]:
        """Return what the token endpoint answers.

        :param form: the fields of the request.
        :param client: id and secret of the application, as they were shown.
        :raises GrantError: if it says no.
        """
        ours = self.credentials()
        expected = f"{ours.client_id}:{ours.client_secret}".encode()
        if not hmac.compare_digest(":".join(client).encode(), expected):
            raise GrantError("invalid_client", "Client authentication failed.")
        grant_type = form.get("grant_type")
        if grant_type == "client_credentials":
            # It acts as the owner of the application and gets no refresh token; WebWork says neither.
            self._families += 1
            return self._accessible(Holder(user_id=1, scopes=_scopes(form, granted=SCOPES)), family=self._families)
        if grant_type == "refresh_token":
            return self._refresh(str(form.get("refresh_token") or ""), form)
        raise GrantError("unsupported_grant_type", "Only client_credentials and refresh_token are granted here.")

    def revoke_access(self) -> None:
        """Let every access token given out so far be refused, personal ones included; refresh tokens stay good."""
        self._access.clear()
        self._personal_revoked = True

    def reset(self) -> None:
        """Begin again: tokens come in the same order once more."""
        self._begin()

    def _begin(self) -> None:
        self._access: dict[str, _Issued] = {}
        self._refreshing: dict[str, _Issued] = {}
        self._personal_revoked = False
        self._families = 0
        self._numbered = 0
        self._first_refresh_token = self.sign_in(user_id=1)

    def _user_of(self, shown: str) -> int | None:
        """Return the member whose personal access token this is."""
        named = re.fullmatch(r"simulated-([0-9]{1,18})-.*", shown)
        user_id = int(named[1]) if named else 1
        return user_id if hmac.compare_digest(shown.encode(), self.personal(user_id).encode()) else None

    def _refresh(self, shown: str, form: Mapping[str, Any]) -> dict[str, Any]:
        issued = self._refreshing.get(shown)
        if issued is None or issued.expires_at <= self._now():
            raise GrantError("invalid_grant", "The refresh token is invalid.")
        if issued.used:
            if self._rules.reuse == "revoke":
                self._revoke(issued.family)
            raise GrantError("invalid_grant", "The refresh token has been revoked.")
        holder = replace(issued.holder, scopes=_scopes(form, granted=issued.holder.scopes))
        answer = self._accessible(holder, family=issued.family)
        if not self._rules.rotates:
            return {**answer, "refresh_token": shown}
        self._refreshing[shown] = replace(issued, used=True)
        return {**answer, "refresh_token": self._refreshable(issued.holder, family=issued.family)}

    def _accessible(self, holder: Holder, *, family: int) -> dict[str, Any]:
        token = self._new("access token")
        expires_at = self._now() + timedelta(seconds=self._rules.access_seconds)
        self._access[token] = _Issued(holder=holder, family=family, expires_at=expires_at)
        return {"token_type": "Bearer", "expires_in": int(self._rules.access_seconds), "access_token": token}

    def _refreshable(self, holder: Holder, *, family: int) -> str:
        token = self._new("refresh token")
        expires_at = self._now() + timedelta(seconds=self._rules.refresh_seconds)
        self._refreshing[token] = _Issued(holder=holder, family=family, expires_at=expires_at)
        return token

    def _revoke(self, family: int) -> None:
        self._access = {token: each for token, each in self._access.items() if each.family != family}
        self._refreshing = {token: each for token, each in self._refreshing.items() if each.family != family}

    def _new(self, kind: str) -> str:
        self._numbered += 1
        return self._seed.text(kind, self._numbered)


def _scopes(form: Mapping[str, Any], *, granted: frozenset[str]) -> frozenset[str]:
    """Return the scopes that a request asks for; with none it gets all that it may have."""
    asked = frozenset(str(form.get("scope") or "").split())
    if not asked <= granted:
        raise GrantError("invalid_scope", "The requested scope is invalid, unknown or malformed.")
    return asked or granted

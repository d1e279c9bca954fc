"""How a request proves who asks: a bearer token for v2, HTTP Basic for v1; the tokens of OAuth2 are in ``oauth``.

All are ``requests`` auth objects. Handed to a session they also keep a ``~/.netrc`` of the machine from
replacing them: ``requests`` reads that file only when it has no auth object.
"""

from __future__ import annotations

import abc
import base64
import hashlib
from typing import TYPE_CHECKING

from requests.auth import AuthBase

from airflow_provider_webwork.errors import WebWorkConfigurationError

if TYPE_CHECKING:
    from requests import PreparedRequest


class WebWorkAuth(AuthBase, abc.ABC):
    """What every way to authenticate has in common: it knows its secrets and never shows them."""

    @property
    @abc.abstractmethod
    def secrets(self) -> tuple[str, ...]:
        """Every text that must not be shown, in each form in which it may travel."""

    @property
    @abc.abstractmethod
    def remedy(self) -> str:
        """What to do when WebWork does not accept this proof."""

    @property
    @abc.abstractmethod
    def method(self) -> str:
        """What it signs in with, in words."""

    @property
    @abc.abstractmethod
    def account(self) -> str:
        """A name for who signs in, the same in every process, that tells no secret."""

    def renew(self, refused: PreparedRequest) -> bool:  # noqa: ARG002 - most proofs stay as they are
        """Get a new proof in place of the one that a request was refused with; return whether there is one.

        :param refused: a request that WebWork answered with 401.
        """
        return False

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class BearerAuth(WebWorkAuth):
    """Sign requests with a personal access token or an OAuth2 access token of API v2.

    Personal access tokens live six months (https://api-docs.webwork-tracker.com/v2/api.md).

    :param token: the token; white space around it, such as the newline of a file, is dropped.
    """

    def __init__(self, token: str) -> None:
        self._token = token.strip()
        if not self._token:
            raise WebWorkConfigurationError(
                "The WebWork connection has no token: put a personal access token into its password field."
            )
        if not (self._token.isascii() and self._token.isprintable() and " " not in self._token):
            raise WebWorkConfigurationError(
                "The token of the WebWork connection holds characters that no HTTP header can carry: "
                "copy it again, without spaces or line breaks inside."
            )

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self._token,)

    @property
    def remedy(self) -> str:
        """Where a new token comes from (https://api-docs.webwork-tracker.com/v2/api.md)."""
        return (
            "Renew the token of the connection: personal access tokens expire after six months and are made in "
            "WebWork under Settings > REST API > Personal Access Tokens."
        )

    @property
    def method(self) -> str:
        """What it signs in with, in words."""
        return "a personal access token"

    @property
    def account(self) -> str:
        """A hash of the token; whose it is, it does not say."""
        return fingerprint(self._token)

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add the header to a request about to be sent."""
        r.headers["Authorization"] = f"Bearer {self._token}"
        return r


class BasicAuth(WebWorkAuth):
    """Sign requests of API v1 with an account.

    :param login: the e-mail address of the account.
    :param password: its password or REST key. Which of them is not documented by WebWork; both are in use.
    """

    def __init__(self, login: str, password: str) -> None:
        login, password = login.strip(), password.strip("\r\n")
        if not login or not password:
            raise WebWorkConfigurationError(
                "WebWork API v1 needs a login (the e-mail address of the account) and a password: "
                "fill both fields of the connection."
            )
        if ":" in login:
            raise WebWorkConfigurationError(
                "The login of the WebWork connection holds a colon, which HTTP Basic cannot carry."
            )
        self._login = login
        self._password = password
        self._credentials = base64.b64encode(f"{login}:{password}".encode()).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The password, and the pair as the header carries it."""
        return (self._password, self._credentials)

    @property
    def remedy(self) -> str:
        """Which fields of a connection to look at."""
        return "Check the login (the e-mail address of the account) and the password or REST key of the connection."

    @property
    def method(self) -> str:
        """What it signs in with, in words."""
        return "login and password"

    @property
    def account(self) -> str:
        """A hash of the login alone: that of a password could be searched."""
        return fingerprint(self._login)

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add the header to a request about to be sent."""
        r.headers["Authorization"] = f"Basic {self._credentials}"
        return r


def fingerprint(*parts: str) -> str:
    """Return a short hash of some texts, to name what they belong to; secrets among them must be random ones."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

"""How a connection signs in, by its ``auth_type``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.hooks.sharing import lasting_credentials, process_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Connection

    from airflow_provider_webwork.api.auth import WebWorkAuth
    from airflow_provider_webwork.api.operations import APIVersion
    from airflow_provider_webwork.api.token_endpoint import Application, TokenEndpoint

AUTH_TYPES: dict[APIVersion, tuple[str, ...]] = {
    "v2": ("personal_access_token", "client_credentials", "refresh_token"),
    "v1": ("basic",),
}
"""The ways to sign in that WebWork documents, for each version of its API; the first is the default."""


def auth_type(connection: Connection, extra: Mapping[str, Any], version: APIVersion) -> str:
    """Return how a connection signs in.

    :raises WebWorkConfigurationError: if that version of the API knows no such way.
    """
    chosen = str(extra.get("auth_type") or AUTH_TYPES[version][0])
    if chosen not in AUTH_TYPES[version]:
        raise unusable(connection, "auth_type", f"must be {' or '.join(AUTH_TYPES[version])} for API {version}")
    return chosen


def plain_auth(connection: Connection, version: APIVersion) -> WebWorkAuth:
    """Return how to sign in with what the connection itself holds.

    :raises WebWorkConfigurationError: if a field is missing or unusable; the text names the field.
    """
    from airflow_provider_webwork.api.auth import BasicAuth, BearerAuth

    if not connection.password:
        what = "the personal access token" if version == "v2" else "the password"
        raise unusable(connection, "password", f"is empty; put {what} there")
    if version == "v2":
        return BearerAuth(connection.password)
    if not connection.login:
        raise unusable(connection, "login", "is empty; v1 signs in with the account's e-mail address")
    return BasicAuth(connection.login, connection.password)


def application(connection: Connection, extra: Mapping[str, Any]) -> Application:
    """Return the OAuth2 application that a connection names.

    :raises WebWorkConfigurationError: if a field is missing or unusable; the text names the field.
    """
    from airflow_provider_webwork.api.token_endpoint import REQUEST_FORMS, TOKEN_URL, Application

    named = str(extra.get("oauth_request") or REQUEST_FORMS[0])
    form = next((each for each in REQUEST_FORMS if each == named), None)
    if form is None:
        raise unusable(connection, "oauth_request", f"must be one of {', '.join(REQUEST_FORMS)}")
    return Application(
        client_id=(connection.login or "").strip(),
        client_secret=(connection.password or "").strip(),
        url=str(extra.get("oauth_url") or TOKEN_URL).strip(),
        scope=str(extra.get("scope") or "").strip() or None,
        request_form=form,
    )


def oauth2(connection: Connection, extra: Mapping[str, Any], *, endpoint: TokenEndpoint, chosen: str) -> WebWorkAuth:
    """Return how to sign in with tokens that an application is given.

    :param endpoint: where the application is given them.
    :param chosen: ``client_credentials`` or ``refresh_token``.
    :raises WebWorkConfigurationError: if a field is missing or unusable, or new tokens could not be kept.
    """
    from airflow.sdk.log import mask_secret

    from airflow_provider_webwork.api.oauth import OAuth2

    clock = endpoint.clock
    if chosen == "client_credentials":
        return OAuth2(endpoint, process_credentials(), now=clock.now, hide=mask_secret)
    refresh_token = str(extra.get("refresh_token") or "").strip()
    if not refresh_token:
        raise unusable(connection, "refresh_token", "is empty; put the one there that WebWork gave when you signed in")
    kept = lasting_credentials(conn_id=connection.conn_id, sleep=clock.sleep)
    return OAuth2(endpoint, kept, now=clock.now, refresh_token=refresh_token, hide=mask_secret)


def unusable(connection: Connection, field: str, reason: str) -> WebWorkConfigurationError:
    """Say which field of a connection cannot be used, and why."""
    return WebWorkConfigurationError(f"Connection {connection.conn_id!r}: {field} {reason}.")

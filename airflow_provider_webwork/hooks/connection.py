"""What a connection of type ``webwork`` says, made into the settings of a client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from airflow_provider_webwork.errors import WebWorkConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from airflow_provider_webwork.api.settings import ClientSettings


def client_settings(connection: Connection) -> ClientSettings:
    """Read a connection.

    :raises WebWorkConfigurationError: if a field is missing or unusable; the text names the field.
    """
    from airflow_provider_webwork.api.auth import BasicAuth, BearerAuth
    from airflow_provider_webwork.api.settings import BASE_URLS, ClientSettings

    extra: object = connection.extra_dejson
    if not isinstance(extra, Mapping):
        raise _unusable(connection, "extra", 'must be a JSON object such as {"workspace_id": 42}')
    named = str(extra.get("api_version") or "v2")
    version = next((each for each in BASE_URLS if each == named), None)
    if version is None:
        raise _unusable(connection, "api_version", "must be v2 or v1")
    if not connection.password:
        what = "the personal access token" if version == "v2" else "the password"
        raise _unusable(connection, "password", f"is empty; put {what} there")
    if version == "v1" and not connection.login:
        raise _unusable(connection, "login", "is empty; v1 signs in with the account's e-mail address")
    return ClientSettings(
        api_version=version,
        base_url=_base_url(connection, usual=BASE_URLS[version]),
        auth=BearerAuth(connection.password)
        if version == "v2"
        else BasicAuth(connection.login or "", connection.password),
        workspace_id=_workspace_id(connection, extra),
        timeout=_timeout(connection, extra),
        verify=_verify(extra),
    )


def _base_url(connection: Connection, *, usual: str) -> str:
    host = (connection.host or "").strip()
    if not host:
        return ""
    bare = "://" not in host
    try:
        parts = urlsplit(f"https://{host}" if bare else host)
        usable, port = parts.scheme in {"http", "https"} and bool(parts.hostname), parts.port
    except ValueError:  # such as a port that is no number
        usable, port = False, None
    if not usable:
        raise _unusable(connection, "host", f"is not a URL such as {usual}")
    location = parts.netloc
    if connection.port and port is None:
        location = f"{location}:{connection.port}"
    path = parts.path
    if bare and not path.strip("/"):
        path = urlsplit(usual).path
    return urlunsplit((parts.scheme, location, path.rstrip("/"), parts.query, parts.fragment))


def _workspace_id(connection: Connection, extra: Mapping[str, Any]) -> int | None:
    value = extra.get("workspace_id")
    if value in (None, ""):
        return None
    try:
        return int(str(value))
    except ValueError:
        raise _unusable(connection, "workspace_id", "must be a whole number") from None


def _timeout(connection: Connection, extra: Mapping[str, Any]) -> tuple[float, float]:
    value = extra.get("timeout")
    if value in (None, ""):
        return 10.0, 30.0
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise _unusable(connection, "timeout", "must be a number of seconds above 0")
    return min(10.0, seconds), seconds


def _verify(extra: Mapping[str, Any]) -> bool | str:
    value = str(extra.get("verify") if extra.get("verify") is not None else "true").strip()
    return {"true": True, "": True, "false": False}.get(value.lower(), value)


def _unusable(connection: Connection, field: str, reason: str) -> WebWorkConfigurationError:
    return WebWorkConfigurationError(f"Connection {connection.conn_id!r}: {field} {reason}.")

"""What a connection of type ``webwork`` says, made into the settings of a client."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from airflow_provider_webwork.hooks.sharing import shared_budget
from airflow_provider_webwork.hooks.sign_in import application, auth_type, oauth2, plain_auth, unusable

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from airflow_provider_webwork.api.auth import WebWorkAuth
    from airflow_provider_webwork.api.operations import APIVersion
    from airflow_provider_webwork.api.retries import RetryPolicy
    from airflow_provider_webwork.api.settings import ClientSettings
    from airflow_provider_webwork.budget import Rate


MOST_REQUESTS = 6_000
"""In a minute. The budget has a place for every request of the last minute, in the event log a row."""

LONGEST_TIMEOUT = 3_600.0
"""In seconds. No socket can wait for as long as a number can say."""


def client_settings(
    connection: Connection, *, sleep: Callable[[float], None] = time.sleep, retry: RetryPolicy | None = None
) -> ClientSettings:
    """Read a connection.

    :param connection: one of type ``webwork``.
    :param sleep: waits for a number of seconds.
    :param retry: how long to keep trying, if not as usual.
    :raises WebWorkConfigurationError: if a field is missing or unusable; the text names the field.
    """
    from airflow_provider_webwork.api.retries import RetryPolicy
    from airflow_provider_webwork.api.settings import BASE_URLS, ClientSettings

    extra: object = connection.extra_dejson
    if not isinstance(extra, Mapping):
        raise unusable(connection, "extra", 'must be a JSON object such as {"workspace_id": 42}')
    named = str(extra.get("api_version") or "v2")
    version = next((each for each in BASE_URLS if each == named), None)
    if version is None:
        raise unusable(connection, "api_version", "must be v2 or v1")
    timeout, verify = _timeout(connection, extra), _verify(extra)
    return ClientSettings(
        api_version=version,
        base_url=_base_url(connection, usual=BASE_URLS[version]),
        auth=_auth(connection, extra, version, timeout=timeout, verify=verify, sleep=sleep, retry=retry),
        workspace_id=_workspace_id(connection, extra),
        timeout=timeout,
        verify=verify,
        retry=retry or RetryPolicy(),
        rate=_rate(connection, extra),
        budget=shared_budget(),
    )


def _auth(
    connection: Connection,
    extra: Mapping[str, Any],
    version: APIVersion,
    *,
    timeout: tuple[float, float],
    verify: bool | str,
    sleep: Callable[[float], None],
    retry: RetryPolicy | None,
) -> WebWorkAuth:
    chosen = auth_type(connection, extra, version)
    if chosen in {"personal_access_token", "basic"}:
        return plain_auth(connection, version)
    from airflow_provider_webwork.api.token_endpoint import PATIENCE, TokenEndpoint
    from airflow_provider_webwork.api.waiting import Clock

    endpoint = TokenEndpoint(
        application(connection, extra),
        timeout=timeout,
        verify=verify,
        clock=Clock(sleep=sleep),
        retry=retry or PATIENCE,
    )
    return oauth2(connection, extra, endpoint=endpoint, chosen=chosen)


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
        raise unusable(connection, "host", f"is not a URL such as {usual}")
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
        raise unusable(connection, "workspace_id", "must be a whole number") from None


def _timeout(connection: Connection, extra: Mapping[str, Any]) -> tuple[float, float]:
    value = extra.get("timeout")
    if value in (None, ""):
        return 10.0, 30.0
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise unusable(connection, "timeout", f"must be a number of seconds above 0, at most {LONGEST_TIMEOUT:,.0f}")
    return min(10.0, seconds), seconds


def _rate(connection: Connection, extra: Mapping[str, Any]) -> Rate | None:
    from airflow_provider_webwork.budget import Rate

    value = extra.get("requests_per_minute")
    if value in (None, ""):
        return None
    try:
        requests = int(str(value))
    except ValueError:
        requests = 0
    if not 0 < requests <= MOST_REQUESTS:
        reason = f"must be a whole number above 0, at most {MOST_REQUESTS:,}"
        raise unusable(connection, "requests_per_minute", reason)
    return Rate(requests=requests)


def _verify(extra: Mapping[str, Any]) -> bool | str:
    value = str(extra.get("verify") if extra.get("verify") is not None else "true").strip()
    return {"true": True, "": True, "false": False}.get(value.lower(), value)

"""A ``requests`` session that signs what goes to one WebWork, and sends nothing anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from airflow_provider_webwork.api.adapter import LimitedAdapter
from airflow_provider_webwork.api.failures import NO_HOST
from airflow_provider_webwork.api.redirects import LenientSession
from airflow_provider_webwork.api.settings import USER_AGENT
from airflow_provider_webwork.errors import WebWorkConfigurationError

if TYPE_CHECKING:
    from airflow_provider_webwork.api.settings import ClientSettings


def prepared_session(settings: ClientSettings) -> requests.Session:
    """Make a session with the credentials, the timeouts and the TLS settings of a connection.

    It refuses to reach another host, because it would sign that request as well. ``~/.netrc`` is not read; proxies and
    CA certificates of the environment count.

    :param settings: where WebWork is and who asks.
    :raises WebWorkConfigurationError: for a base URL with a host name that no host can have.
    """
    session = LenientSession()
    session.auth = settings.auth
    session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
    home = _home(settings.base_url)
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Elsewhere(home))
    session.mount(home, LimitedAdapter(timeout=settings.timeout, verify=settings.verify))
    return session


def _home(base_url: str) -> str:
    """Return where every URL of WebWork begins, as ``requests`` writes it: it encodes international host names."""
    try:
        parts = urlsplit(requests.Request("GET", base_url).prepare().url or "")
    except requests.exceptions.InvalidURL:
        raise WebWorkConfigurationError(NO_HOST) from None
    return f"{parts.scheme}://{parts.netloc}/"


class _Elsewhere(BaseAdapter):
    """Everything that is not WebWork: no way."""

    def __init__(self, home: str) -> None:
        super().__init__()
        self._home = home

    def send(self, *_: object, **__: object) -> NoReturn:
        """Refuse a request.

        :raises ValueError: always.
        """
        raise ValueError(f"This session goes to {self._home} only: it would show the credentials to another host.")

    def close(self) -> None:
        """Close nothing."""

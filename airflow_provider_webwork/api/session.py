"""A ``requests`` session that signs what goes to one WebWork, and sends nothing anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeAlias
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from airflow_provider_webwork.errors import WebWorkConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_webwork.api.settings import ClientSettings

NO_HOST = (
    "The base URL of the WebWork connection, or the proxy that HTTPS_PROXY or HTTP_PROXY names, has a host name that "
    "no host can have: correct it."
)
_Timeout: TypeAlias = float | tuple[float, float] | tuple[float, None] | None


def prepared_session(settings: ClientSettings) -> requests.Session:
    """Make a session with the credentials, the timeouts and the TLS settings of a connection.

    It refuses to reach another host, because it would sign that request as well. ``~/.netrc`` is not read; proxies and
    CA certificates of the environment count.

    :param settings: where WebWork is and who asks.
    :raises WebWorkConfigurationError: for a base URL with a host name that no host can have.
    """
    session = requests.Session()
    session.auth = settings.auth
    session.headers.update({"User-Agent": settings.user_agent, "Accept": "application/json"})
    home = _home(settings.base_url)
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Elsewhere(home))
    session.mount(home, _WebWork(settings))
    return session


def _home(base_url: str) -> str:
    """Return where every URL of WebWork begins, as ``requests`` writes it: it encodes international host names."""
    try:
        parts = urlsplit(requests.Request("GET", base_url).prepare().url or "")
    except requests.exceptions.InvalidURL:
        raise WebWorkConfigurationError(NO_HOST) from None
    return f"{parts.scheme}://{parts.netloc}/"


class _WebWork(HTTPAdapter):
    """The connections to WebWork: a time limit for every request, and the certificates that the settings say."""

    def __init__(self, settings: ClientSettings) -> None:
        super().__init__()
        self._settings = settings

    def send(  # noqa: PLR0917 - the signature is that of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002
        timeout: _Timeout = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request; what ``requests`` found in the environment yields to an explicit ``verify``."""
        if self._settings.verify is not True:
            # On the session, REQUESTS_CA_BUNDLE would win over the file that it names.
            verify = self._settings.verify
        return super().send(
            request,
            stream=stream,
            timeout=self._settings.timeout if timeout is None else timeout,
            verify=verify,
            cert=cert,
            proxies=proxies,
        )


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

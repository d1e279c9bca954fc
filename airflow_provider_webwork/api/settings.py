"""Where WebWork is and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_provider_webwork import __version__
from airflow_provider_webwork.api.retries import RetryPolicy
from airflow_provider_webwork.budget import Rate
from airflow_provider_webwork.errors import WebWorkConfigurationError

if TYPE_CHECKING:
    from airflow_provider_webwork.api.auth import WebWorkAuth
    from airflow_provider_webwork.api.operations import APIVersion
    from airflow_provider_webwork.api.wire import BodyFormat
    from airflow_provider_webwork.budget import Budget

BASE_URLS: dict[APIVersion, str] = {
    "v2": "https://api.webwork-tracker.com/api/v2",
    "v1": "https://www.webwork-tracker.com",
}
"""WebWork's own addresses; the paths of v1 begin with ``/rest-api``."""

USER_AGENT = f"airflow-provider-webwork/{__version__}"


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """Where WebWork is and who asks.

    :param auth: how requests prove who asks.
    :param base_url: the URL that paths are appended to; empty for WebWork's own. A slash at its end is dropped, and
        for v1 a ``/rest-api`` too.
    :param api_version: ``"v2"`` or ``"v1"``.
    :param workspace_id: the workspace of every call that does not name one.
    :param timeout: seconds to wait for a connection, and for the next bytes of an answer; a whole answer has four
        times the latter.
    :param verify: whether to check TLS certificates, or the file of the CA to check them with.
    :param body_format: ``"json"`` or ``"form"`` where WebWork takes both; ``None`` for the default of each operation.
    :param retry: how long to keep trying.
    :param rate: how many requests may go; ``None`` for what WebWork documents, 60 a minute for v2 and nothing for v1.
    :param budget: counts the requests of all who share it; ``None`` for those of one client.
    :raises WebWorkConfigurationError: for a base URL that cannot work, or a CA file that is not there.
    """

    auth: WebWorkAuth = field(repr=False)
    base_url: str = ""
    api_version: APIVersion = "v2"
    workspace_id: int | None = None
    timeout: tuple[float, float] = (10.0, 30.0)
    verify: bool | str = True
    body_format: BodyFormat | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    rate: Rate | None = None
    budget: Budget | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.api_version not in BASE_URLS:
            raise WebWorkConfigurationError(f"api_version must be v2 or v1, not {self.api_version!r}.")
        base_url = _checked_base_url(self.base_url.strip() or BASE_URLS[self.api_version])
        if self.api_version == "v1":
            base_url = base_url.removesuffix("/rest-api")
        object.__setattr__(self, "base_url", base_url)
        if self.rate is None and self.api_version == "v2":
            object.__setattr__(self, "rate", Rate())
        if isinstance(self.verify, str) and not Path(self.verify).exists():
            raise WebWorkConfigurationError(f"verify names the CA file {self.verify}, which does not exist.")


def _checked_base_url(base_url: str) -> str:
    """Refuse what is no base URL, without quoting it: people put passwords into URLs."""
    usual = f"It looks like {BASE_URLS['v2']}."
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(character.isspace() for character in base_url):
        raise WebWorkConfigurationError(f"The base URL of the WebWork connection is no http or https URL. {usual}")
    if parts.username is not None or parts.password is not None:
        raise WebWorkConfigurationError(
            "The base URL of the WebWork connection holds a login or password: move them to their own fields."
        )
    if parts.query or parts.fragment:
        raise WebWorkConfigurationError(f"The base URL of the WebWork connection must end with its path. {usual}")
    return base_url.rstrip("/")

"""Webhooks as WebWork keeps them, the same for both versions of its API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_webwork.errors import WebWorkResponseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_webwork.api.client import Client
    from airflow_provider_webwork.api.operations import APIVersion
    from airflow_provider_webwork.json_types import JSON


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A webhook registered at WebWork.

    :param id: WebWork's id, an encoded text.
    :param url: where WebWork delivers. Not shown: ours holds the key of the callback.
    :param events: the events it is for.
    :param token: what WebWork calls the secret to check deliveries with; how a delivery carries it is not documented.
    """

    id: str
    url: str = field(repr=False)
    events: tuple[str, ...]
    token: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class _Names:
    list: str
    get: str
    create: str
    update: str
    delete: str


_NAMES: dict[APIVersion, _Names] = {
    "v2": _Names(
        list="getWebhooks",
        get="getWebhook",
        create="createWebhook",
        update="updateWebhook",
        delete="deleteWebhook",
    ),
    "v1": _Names(
        list="v1ListWebhooks",
        get="v1GetWebhook",
        create="v1CreateWebhook",
        update="v1UpdateWebhook",
        delete="v1DeleteWebhook",
    ),
}


class Webhooks:
    """Lists and changes the webhooks of a workspace.

    .. code-block:: python

        webhooks = Webhooks(client)
        made = webhooks.create(url="https://example.com/callback", events=["tracker.started"])
        webhooks.delete(made.id)

    Each method raises ``WebWorkAPIError`` if WebWork refuses, fails or cannot be reached. Whether WebWork accepts
    one URL twice, and how many webhooks it allows, is not documented.

    :param client: the client to use; its settings name the API version and the workspace.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names = _NAMES[client.settings.api_version]

    def list(self) -> Iterator[Webhook]:
        """Yield the webhooks, page by page as they are wanted."""
        for record in self._client.iterate(self._names.list):
            yield _webhook(record, operation=self._names.list)

    def get(self, webhook_id: str) -> Webhook:
        """Read one webhook.

        :param webhook_id: WebWork's id of it.
        :raises WebWorkNotFoundError: if there is none with this id.
        """
        answer = self._client.call(self._names.get, webhook_id=webhook_id)
        return _webhook(_record(answer), operation=self._names.get)

    def create(self, *, url: str, events: Iterable[str]) -> Webhook:
        """Register a URL. Called again, it registers it again.

        :param url: where WebWork shall deliver.
        :param events: what it shall deliver, such as ``tracker.started``.
        :raises WebWorkAPIError: with ``effect_unknown`` set if the webhook may exist all the same.
        """
        answer = self._client.call(self._names.create, url=url, events=_listed(events))
        return _webhook(_record(answer), operation=self._names.create, effect_unknown=True)

    def update(self, webhook_id: str, *, url: str, events: Iterable[str] | None = None) -> None:
        """Change a webhook. WebWork wants the URL even where only the events change.

        :param webhook_id: WebWork's id of it.
        :param url: where WebWork shall deliver from now on.
        :param events: what it shall deliver; ``None`` leaves that as it is.
        :raises WebWorkNotFoundError: if there is none with this id.
        """
        wanted = None if events is None else _listed(events)
        self._client.call(self._names.update, webhook_id=webhook_id, url=url, events=wanted)

    def delete(self, webhook_id: str) -> None:
        """Remove a webhook.

        :param webhook_id: WebWork's id of it.
        :raises WebWorkNotFoundError: if there is none with this id.
        """
        self._client.call(self._names.delete, webhook_id=webhook_id)


def _listed(events: Iterable[str]) -> object:
    # Text is an iterable of letters; as it is, the catalogue refuses it.
    return events if isinstance(events, str) else tuple(events)


def _record(answer: JSON) -> JSON:
    """Find the webhook in an answer: v2 answers ``data``; v1 ``webhook`` when it made one, else ``data``."""
    if not isinstance(answer, dict):
        return None
    return answer.get("data") or answer.get("webhook")


def _webhook(record: JSON, *, operation: str, effect_unknown: bool = False) -> Webhook:
    values = record if isinstance(record, dict) else {}
    webhook_id, url, events, token = (values.get(key) for key in ("id", "url", "events", "token"))
    if not isinstance(webhook_id, str | int) or not webhook_id or not isinstance(url, str):
        raise WebWorkResponseError(
            f"{operation} answered no webhook with an id and a URL, as WebWork documents it. Is the base URL of the "
            "connection right?",
            effect_unknown=effect_unknown,
        )
    return Webhook(
        id=str(webhook_id),
        url=url,
        events=tuple(str(event) for event in events) if isinstance(events, list) else (),
        token=token if isinstance(token, str) and token else None,
    )

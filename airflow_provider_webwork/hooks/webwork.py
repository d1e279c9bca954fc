"""The hook: an Airflow connection made into a client of the WebWork API."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkError, WebWorkRequestError
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.secrets import redact_record, redact_webhook

if TYPE_CHECKING:
    import requests

    from airflow_provider_webwork.api.client import Client, ClientSettings
    from airflow_provider_webwork.api.retries import RetryPolicy
    from airflow_provider_webwork.api.waiting import Interruption
    from airflow_provider_webwork.api.webhooks import Webhook, Webhooks


class WebWorkHook(BaseHook):
    """Call the WebWork Time Tracker API with the settings of an Airflow connection.

    What the methods return holds no secret: webhooks come without their ``token``, and the URLs of our own callbacks
    read ``/hooks/***``. ``client`` and :meth:`get_conn` hide nothing. A call that fails raises ``WebWorkAPIError``.

    .. code-block:: python

        hook = WebWorkHook()
        for member in hook.iterate("getMembers", status="active"):
            print(member["email"])

    :param webwork_conn_id: the connection of type ``webwork``.
    """

    conn_name_attr = "webwork_conn_id"
    default_conn_name = "webwork_default"
    conn_type = "webwork"
    hook_name = "WebWork Time Tracker"

    def __init__(self, webwork_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.webwork_conn_id = webwork_conn_id

    @cached_property
    def client(self) -> Client:
        """The API client, made on first use.

        :raises WebWorkConfigurationError: if the connection is not usable.
        """
        from airflow_provider_webwork.api.client import Client

        return Client(self._settings(), sleep=self._interruption.sleep)

    @cached_property
    def webhooks(self) -> Webhooks:
        """The webhooks of the workspace, tokens included; for code that manages them."""
        from airflow_provider_webwork.api.webhooks import Webhooks

        return Webhooks(self.client)

    def get_conn(self) -> requests.Session:
        """Return a ``requests`` session that signs what goes to WebWork, for code that wants plain ``requests``.

        It does not wait for the rate limit, tries nothing again, gets no new tokens in place of refused ones, and
        raises for no status. The URLs to call begin with ``hook.client.settings.base_url``; any other host is refused.
        """
        return self.client.session

    def call(self, operation: str, **arguments: object) -> JSON:
        """Call an operation of WebWork, such as ``call("getWorkspaces")``, and return what it answered.

        ``airflow webwork operations`` lists them with their arguments; :meth:`request` reaches what that list lacks. A
        call that creates something creates it again when it is made again.

        :param operation: its name, such as ``getMembers``; those of API v1 begin with ``v1``.
        :param arguments: in snake_case; ``workspace_id`` comes from the connection unless given.
        :raises ValueError: if the operation is unknown or a value cannot be sent.
        :raises TypeError: if an argument is unknown, missing or of the wrong type.
        :raises WebWorkAPIError: if the call fails.
        """
        return redact_webhook(self.client.call(operation, **arguments))

    def iterate(self, operation: str, **arguments: object) -> Iterator[dict[str, JSON]]:
        """Return an iterator over the records of a list or report, page by page; memory is one page.

        WebWork documents no snapshot of a listing: a record that is added meanwhile can be missed, one that is removed
        can shift another one out of sight, and one that changes while it moves to the next page can come twice.

        :param operation: its name, such as ``getMembers``.
        :param arguments: in snake_case, without ``page``; ``workspace_id`` comes from the connection unless given.
        :raises ValueError: if the operation is unknown or lists nothing, or a value cannot be sent.
        :raises TypeError: if an argument is unknown, missing or of the wrong type.
        :raises WebWorkAPIError: while iterating, if a page cannot be fetched.
        """
        return chain.from_iterable(self.iterate_pages(operation, **arguments))

    def iterate_pages(self, operation: str, **arguments: object) -> Iterator[list[dict[str, JSON]]]:
        """Return an iterator over the pages of a list or report, each a list of what :meth:`iterate` yields.

        :param operation: its name, such as ``getMembers``.
        :param arguments: in snake_case, without ``page``; ``workspace_id`` comes from the connection unless given.
        :raises ValueError: if the operation is unknown or lists nothing, or a value cannot be sent.
        :raises TypeError: if an argument is unknown, missing or of the wrong type.
        :raises WebWorkAPIError: while iterating, if a page cannot be fetched.
        """
        pages = self.client.iterate_pages(operation, **arguments)
        return map(_shown_page, pages)  # a generator would hold a page while it waits for the next one

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, bool | int | float | str | None] | None = None,
        json: JSON = None,
    ) -> JSON:
        """Call what the catalogue of operations lacks. Only the credentials are added, no workspace id.

        .. code-block:: python

            hook.request("GET", "/teams", params={"workspace_id": 42})

        :param method: the HTTP method.
        :param path: relative to the base URL of the connection; a URL is refused.
        :param params: the query; ``None`` values are left out.
        :param json: the body, an object.
        :raises ValueError: for a URL in place of a path.
        :raises TypeError: for a body that is no object.
        :raises WebWorkAPIError: if the call fails.
        """
        return redact_webhook(self.client.request(method, path, params=params, json=json))

    def list_webhooks(self) -> Iterator[dict[str, JSON]]:
        """Yield the webhooks of the workspace."""
        return (_shown(webhook) for webhook in self.webhooks.list())

    def get_webhook(self, webhook_id: str) -> dict[str, JSON]:
        """Return one webhook.

        :raises WebWorkNotFoundError: if there is none with this id.
        """
        return _shown(self.webhooks.get(webhook_id))

    def create_webhook(self, *, url: str, events: Sequence[str]) -> dict[str, JSON]:
        """Register a webhook; a second call registers a second one.

        ``WebWorkCreateWebhookOperator`` is safe to run again and can keep the webhook's token.
        """
        return _shown(self.webhooks.create(url=url, events=events))

    def update_webhook(
        self, webhook_id: str, *, url: str | None = None, events: Sequence[str] | None = None
    ) -> dict[str, JSON]:
        """Change the URL or the events of a webhook; what is not given stays.

        :raises ValueError: if the events are a text, or none at all.
        :raises WebWorkNotFoundError: if there is no webhook with this id.
        """
        from airflow_provider_webwork.lifecycle.outside import update_webhook

        return update_webhook(self.webhooks, webhook_id, url=url, events=events).as_dict()

    def delete_webhook(self, webhook_id: str) -> None:
        """Remove a webhook.

        :raises WebWorkNotFoundError: if there is none with this id.
        """
        self.webhooks.delete(webhook_id)

    def cancel(self) -> None:
        """End every wait for the rate limit, for a retry or for new tokens, for ``on_kill`` of an operator.

        The method that waits raises ``WebWorkCancelledError``, and so does every later wait of this hook.
        """
        self._interruption.cancel()

    def test_connection(self) -> tuple[bool, str]:
        """Say who the connection signs in as and which workspaces it sees, or what is wrong."""
        from airflow_provider_webwork.api.client import Client
        from airflow_provider_webwork.api.retries import RetryPolicy

        try:
            # A person waits for the answer: what fails is said at once, and no task is waited for.
            settings = replace(self._settings(retry=RetryPolicy(attempts=1)), budget=None)
            with Client(settings) as client:
                return _test_workspaces(client) if client.settings.api_version == "v2" else _test_login(client)
        except WebWorkError as error:
            return False, str(error)

    @cached_property
    def _interruption(self) -> Interruption:
        from airflow_provider_webwork.api.waiting import Interruption

        return Interruption()

    def _settings(self, *, retry: RetryPolicy | None = None) -> ClientSettings:
        from airflow_provider_webwork.hooks.connection import client_settings

        try:
            connection = self.get_connection(self.webwork_conn_id)
        except AirflowNotFoundException:
            msg = (
                f"There is no connection {self.webwork_conn_id!r}. Make one of type webwork in Airflow under Admin > "
                "Connections, or by `airflow connections add`."
            )
            # Airflow takes what it cannot read for missing, and tells why in its debug log alone
            # (airflow/sdk/execution_time/context.py); tasks do not read its database themselves.
            if os.environ.get("_AIRFLOW_PROCESS_CONTEXT") == "server":
                msg += (
                    " If there is one, Airflow's database or `[core] fernet_key` keeps it from being read: "
                    "`airflow connections list` shows why."
                )
            raise WebWorkConfigurationError(msg) from None
        return client_settings(connection, sleep=self._interruption.sleep, retry=retry)


def _test_workspaces(client: Client) -> tuple[bool, str]:
    workspaces = list(client.iterate("getWorkspaces"))
    seen = ", ".join(f"{each.get('id')} ({each.get('workspace_name')}, {each.get('role')})" for each in workspaces)
    wanted = client.settings.workspace_id
    for workspace in workspaces:
        if str(workspace.get("id")) == str(wanted):
            name, role = workspace.get("workspace_name"), workspace.get("role")
            return True, f"Workspace {name} ({wanted}), as {role}, with {client.settings.auth.method}."
    if not workspaces:
        return False, "WebWork accepts the token, but it sees no workspace. Use the token of an owner."
    if wanted is None:
        return True, f"WebWork accepts the token. Now put a workspace id into the connection; it sees: {seen}."
    return False, f"WebWork accepts the token, but it does not see workspace {wanted}. It sees: {seen}."


def _test_login(client: Client) -> tuple[bool, str]:
    from airflow_provider_webwork.api.webhooks import Webhooks

    try:
        count = sum(1 for _ in Webhooks(client).list())
    except WebWorkRequestError as error:
        # v1 answers a wrong password with 200 and words, and there is nothing else to refuse in this call.
        return False, f"{error} {client.settings.auth.remedy}"
    return True, f"WebWork API v1 accepts the login; it has {count} webhooks."


def _shown_page(page: list[dict[str, JSON]]) -> list[dict[str, JSON]]:
    return [redact_record(record) for record in page]


def _shown(webhook: Webhook) -> dict[str, JSON]:
    return redact_record({"id": webhook.id, "url": webhook.url, "events": list(webhook.events)})

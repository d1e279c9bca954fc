"""Operators that create, update and delete webhooks; each is safe to retry and to clear."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow_provider_webwork.hooks.claiming import run_key_of
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.failures import task_failures
from airflow_provider_webwork.hooks.lifecycle import endpoint_webhooks, once_per_run
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.operators import arguments
from airflow_provider_webwork.operators.connected import ConnectedOperator
from airflow_provider_webwork.operators.variables import keep_token

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_webwork.api.webhooks import Webhook
    from airflow_provider_webwork.lifecycle.desired import EndpointWebhooks
    from airflow_provider_webwork.lifecycle.settled import Outcome


class WebhookOperator(ConnectedOperator):
    """What the webhook operators share: their connection, and the webhooks of endpoints."""

    ui_color = "#d9ecff"

    def __init__(self, *, webwork_conn_id: str = WebWorkHook.default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.webwork_conn_id = webwork_conn_id

    @cached_property
    def endpoint_webhooks(self) -> EndpointWebhooks:
        """The webhooks of our endpoints."""
        return endpoint_webhooks(self.hook, WebWorkEventsHook())


class WebWorkCreateWebhookOperator(WebhookOperator):
    """Register a webhook, or find the one that is there and repair what drifted.

    With ``endpoint`` the webhook calls our own receiver: the operator makes the secret URL and keeps the webhook's id
    and encrypted token with the endpoint. With ``url`` it calls somebody else's receiver. Run again, it changes
    nothing that is as it should be, also when the answer of an earlier try got lost.

    Returns ``{"webhook_id", "endpoint", "action", "events"}``; the action is ``created``, ``adopted``, ``repaired``
    or ``unchanged``.

    .. code-block:: python

        WebWorkCreateWebhookOperator(
            task_id="register",
            endpoint="payroll",
            events=["tracker.started", "tracker.stopped"],
        )

    :param endpoint: the name of a callback of our receiver; it is reached at ``[webwork] receiver_base_url``.
    :param url: the URL of another receiver.
    :param events: the names of the events to be told of. WebWork documents ``tracker.started`` and
        ``tracker.stopped`` and says that more will come, so every name is allowed
        (https://api-docs.webwork-tracker.com/v2/api/webhooks/createwebhook).
    :param token_variable: with ``url``: the Airflow Variable that is given the webhook's token. Its name must be one
        that Airflow masks, such as ``payroll_webhook_token``.
    :param on_conflict: with ``url``: what to do if WebWork has a webhook for it: ``adopt`` it, ``replace`` it, or
        ``fail``. The last two use the event log, to know what this Dag run made itself when it is cleared.
    :param webwork_conn_id: the connection of type ``webwork``.
    """

    template_fields: Sequence[str] = ("endpoint", "url", "events", "token_variable", "on_conflict", "webwork_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"events": "json"}

    def __init__(
        self,
        *,
        events: Sequence[str],
        endpoint: str | None = None,
        url: str | None = None,
        token_variable: str | None = None,
        on_conflict: Literal["adopt", "replace", "fail"] = "adopt",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        arguments.exactly_one(self, endpoint=endpoint, url=url)
        if endpoint is not None and token_variable is not None:
            msg = "token_variable goes with url; the token of an endpoint is kept with the endpoint."
            raise ValueError(msg)
        if arguments.is_known(events):
            arguments.usable_events(events)
        arguments.check_known(endpoint=endpoint, url=url, token_variable=token_variable, on_conflict=on_conflict)
        self.endpoint = endpoint
        self.url = url
        self.events = events
        self.token_variable = token_variable
        self.on_conflict = on_conflict

    def execute(self, context: Context) -> dict[str, JSON]:
        """Register, adopt, repair, or leave alone."""
        with task_failures():
            events = arguments.usable_events(self.events)
            if self.endpoint is not None:
                outcome = self.endpoint_webhooks.ensure(arguments.usable_endpoint(self.endpoint), events=events)
            else:
                outcome = self._registered(arguments.usable_url(self.url), events, context)
        self.log.info("Webhook %s: %s.", outcome.webhook_id, outcome.action)
        return outcome.as_dict()

    def _registered(self, url: str, events: Sequence[str], context: Context) -> Outcome:
        from airflow_provider_webwork.lifecycle.outside import ensure_url

        variable = None if self.token_variable is None else arguments.masked_variable(self.token_variable)
        on_conflict = arguments.usable_conflict(self.on_conflict)
        if on_conflict == "adopt":
            outcome, webhook = ensure_url(self.hook.webhooks, url=url, events=events)
        else:
            once = once_per_run(
                self.hook,
                WebWorkEventsHook(),
                actor=run_key_of(context),
                keep_token=lambda made: self._keep_token(variable, made),
            )
            run_after = context["dag_run"].run_after
            outcome, webhook = once.register(url=url, events=events, on_conflict=on_conflict, run_after=run_after)
        self._keep_token(variable, webhook)
        return outcome

    def _keep_token(self, variable: str | None, webhook: Webhook) -> None:
        if variable is not None and webhook.token is not None:
            keep_token(variable, webhook.token)
        elif variable is not None:
            self.log.warning(
                "WebWork does not show the token of webhook %s: Variable %s stays as it is.", webhook.id, variable
            )


class WebWorkUpdateWebhookOperator(WebhookOperator):
    """Change the events or the URL of a webhook.

    Returns ``{"webhook_id", "endpoint", "action", "events"}``; the action is ``updated`` or ``unchanged``.

    .. code-block:: python

        WebWorkUpdateWebhookOperator(task_id="narrow", endpoint="payroll", events=["tracker.stopped"])

    :param endpoint: the endpoint whose webhook is meant; give ``events`` with it.
    :param webhook_id: the webhook, by its id at WebWork; give ``url``, ``events`` or both with it.
    :param url: with ``webhook_id`` the new URL; without it every webhook with this URL is meant, and given ``events``.
    :param events: the new events.
    :param webwork_conn_id: the connection of type ``webwork``.
    """

    template_fields: Sequence[str] = ("endpoint", "webhook_id", "url", "events", "webwork_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"events": "json"}

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        webhook_id: str | None = None,
        url: str | None = None,
        events: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if endpoint is not None and url is not None:
            msg = "url goes with webhook_id; the URL of an endpoint is made from [webwork] receiver_base_url."
            raise ValueError(msg)
        if webhook_id is None:
            arguments.exactly_one(self, endpoint=endpoint, webhook_id=webhook_id, url=url)
        else:
            arguments.exactly_one(self, endpoint=endpoint, webhook_id=webhook_id)
        if events is None and (webhook_id is None or url is None):
            msg = "There is nothing to update: give events, or url with webhook_id, or both."
            raise ValueError(msg)
        arguments.check_known(events=events, endpoint=endpoint, url=url, webhook_id=webhook_id)
        self.endpoint = endpoint
        self.webhook_id = webhook_id
        self.url = url
        self.events = events

    def execute(self, context: Context) -> dict[str, JSON]:
        """Change what differs."""
        from airflow_provider_webwork.lifecycle.outside import update_url, update_webhook

        with task_failures():
            url = None if self.url is None else arguments.usable_url(self.url)
            events = None if self.events is None else arguments.usable_events(self.events)
            if self.webhook_id is not None:
                webhook_id = arguments.usable_webhook_id(self.webhook_id)
                outcome = update_webhook(self.hook.webhooks, webhook_id, url=url, events=events)
            elif self.endpoint is not None:
                name = arguments.usable_endpoint(self.endpoint)
                outcome = self.endpoint_webhooks.update(name, events=arguments.usable_events(events))
            else:
                known_url = arguments.usable_url(url)
                outcome = update_url(self.hook.webhooks, known_url, events=arguments.usable_events(events))
        self.log.info("Webhook %s: %s.", outcome.webhook_id, outcome.action)
        return outcome.as_dict()


class WebWorkDeleteWebhookOperator(WebhookOperator):
    """Delete a webhook; for an endpoint, revoke its keys after that.

    Returns ``{"webhook_id", "endpoint", "action", "events"}``; the action is ``deleted`` or ``missing``.

    .. code-block:: python

        WebWorkDeleteWebhookOperator(task_id="unregister", endpoint="payroll")

    :param endpoint: the endpoint whose webhook is deleted; the events that it received stay in the log.
    :param webhook_id: the webhook, by its id at WebWork.
    :param url: every webhook with this URL.
    :param ignore_missing: succeed when there is nothing to delete.
    :param webwork_conn_id: the connection of type ``webwork``.
    """

    # ignore_missing is no template: it is a boolean, and a template would render a text.
    template_fields: Sequence[str] = ("endpoint", "webhook_id", "url", "webwork_conn_id")

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        webhook_id: str | None = None,
        url: str | None = None,
        ignore_missing: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        arguments.exactly_one(self, endpoint=endpoint, webhook_id=webhook_id, url=url)
        arguments.check_known(endpoint=endpoint, url=url, webhook_id=webhook_id)
        self.endpoint = endpoint
        self.webhook_id = webhook_id
        self.url = url
        self.ignore_missing = ignore_missing

    def execute(self, context: Context) -> dict[str, JSON]:
        """Delete what is there."""
        from airflow_provider_webwork.lifecycle.outside import delete_url, delete_webhook

        with task_failures():
            if self.endpoint is not None:
                name = arguments.usable_endpoint(self.endpoint)
                outcome = self.endpoint_webhooks.delete(name, ignore_missing=self.ignore_missing)
            elif self.webhook_id is not None:
                webhook_id = arguments.usable_webhook_id(self.webhook_id)
                outcome = delete_webhook(self.hook.webhooks, webhook_id, ignore_missing=self.ignore_missing)
            else:
                url = arguments.usable_url(self.url)
                outcome = delete_url(self.hook.webhooks, url, ignore_missing=self.ignore_missing)
        self.log.info("Webhook %s: %s.", outcome.webhook_id, outcome.action)
        return outcome.as_dict()

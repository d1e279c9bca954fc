"""The operator that rotates webhooks; safe to retry and to clear."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_webwork.hooks.claiming import run_key_of
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.failures import task_failures
from airflow_provider_webwork.hooks.lifecycle import endpoint_rotations, outside_rotations
from airflow_provider_webwork.hooks.times import usable_duration
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.operators import arguments
from airflow_provider_webwork.operators.variables import keep_token
from airflow_provider_webwork.operators.webhooks import WebhookOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_webwork.lifecycle.rotated import Rotated


class WebWorkRotateWebhookOperator(WebhookOperator):
    """Give a webhook a new secret, without losing a delivery and without leaving anything behind.

    With ``strategy="replace"`` WebWork gets a second webhook for the endpoint, with a new key and a new token. Both
    are accepted during the overlap, which is waited out in the triggerer; then the old one is deleted, and its key is
    refused soon after. With ``strategy="rekey"`` the webhook stays and gets a URL with a new key; the old key is
    accepted until the overlap ends.

    Every step is recorded in the event log before it is taken: whatever ends a try, the next one finishes what it
    began. A run that is cleared does not rotate once more.

    Returns ``{"endpoint", "action", "old_webhook_id", "webhook_id", "overlap_until"}``; the action is ``rotated``;
    ``unchanged`` if the webhook is too young; with ``finish="next_run"`` also ``started`` or ``overlapping``.

    .. code-block:: python

        WebWorkRotateWebhookOperator(task_id="rotate", endpoint="payroll", max_age=timedelta(days=30))

    :param endpoint: the endpoint whose webhook is rotated.
    :param webhook_id: a webhook for somebody else's receiver, by the id that it has or had when it was first rotated;
        its successors are found by it too. Give ``token_variable`` with it.
    :param token_variable: with ``webhook_id``: the Airflow Variable that is given the new token before the old webhook
        goes. Its name must be one that Airflow masks, such as ``payroll_webhook_token``.
    :param strategy: ``replace`` or, for an endpoint, ``rekey``.
    :param max_age: rotate what is this old at the ``run_after`` of the Dag run, or nearly: a tenth less is enough, so
        that a weekly Dag rotates what is to live for 7 days. Every run rotates if it is not given.
    :param overlap: how long both are accepted, at least.
    :param finish: ``wait`` for the end of the overlap in the triggerer, or leave the rest to the ``next_run``.
    :param verify: keep the old webhook until the new one has delivered, or a marked delivery from here, to the public
        URL, has reached the receiver. A webhook for somebody else's receiver is only looked for at WebWork.
    :param webwork_conn_id: the connection of type ``webwork``.
    """

    # max_age, overlap and verify are no templates: durations and booleans would become texts.
    template_fields: Sequence[str] = (
        "endpoint",
        "webhook_id",
        "token_variable",
        "strategy",
        "finish",
        "webwork_conn_id",
    )

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        webhook_id: str | None = None,
        token_variable: str | None = None,
        strategy: Literal["replace", "rekey"] = "replace",
        max_age: timedelta | None = None,
        overlap: timedelta = timedelta(hours=24),
        finish: Literal["wait", "next_run"] = "wait",
        verify: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        arguments.exactly_one(self, endpoint=endpoint, webhook_id=webhook_id)
        if (webhook_id is None) != (token_variable is None):
            msg = (
                "webhook_id and token_variable go together: the new token of a webhook that is no endpoint of ours has "
                "to be kept somewhere. That of an endpoint is kept with the endpoint."
            )
            raise ValueError(msg)
        _check_strategy(webhook_id, strategy)
        for name, duration in (("max_age", max_age), ("overlap", overlap)):
            if duration is not None:
                usable_duration(duration, name=name)
        arguments.check_known(
            endpoint=endpoint,
            webhook_id=webhook_id,
            token_variable=token_variable,
            strategy=strategy,
            finish=finish,
        )
        self.endpoint = endpoint
        self.webhook_id = webhook_id
        self.token_variable = token_variable
        self.strategy = strategy
        self.max_age = max_age
        self.overlap = overlap
        self.finish = finish
        self.verify = verify

    def execute(self, context: Context) -> dict[str, JSON]:
        """Finish what was begun, begin what is due, and wait out the overlap."""
        with task_failures():
            finish = arguments.usable_finish(self.finish)
            outcome = self._rotated(context)
        self.log.info("Webhook %s: %s.", outcome.webhook_id, outcome.action)
        if outcome.waits and finish == "wait":
            from airflow.providers.standard.triggers.temporal import DateTimeTrigger

            self.log.info("The old webhook %s stays until %s.", outcome.old_webhook_id, outcome.overlap_until)
            self.defer(trigger=DateTimeTrigger(moment=outcome.overlap_until), method_name="execute_complete")
        return outcome.as_dict()

    def execute_complete(self, context: Context, event: object = None) -> dict[str, JSON]:
        """Go on where the event log says that the rotation is."""
        return self.execute(context)

    def _rotated(self, context: Context) -> Rotated:
        from airflow_provider_webwork.lifecycle.rotated import Plan

        plan = Plan(
            run_after=context["dag_run"].run_after,
            max_age=self.max_age,
            strategy=arguments.usable_strategy(self.strategy),
            overlap=self.overlap,
            verify=self.verify,
        )
        events_hook, actor = WebWorkEventsHook(), run_key_of(context)
        if self.endpoint is not None:
            rotations = endpoint_rotations(self.hook, events_hook, actor=actor)
            return rotations.rotate(arguments.usable_endpoint(self.endpoint), plan)
        _check_strategy(self.webhook_id, plan.strategy)
        variable = arguments.masked_variable(self.token_variable)
        outside = outside_rotations(
            self.hook, events_hook, actor=actor, keep_token=lambda token: keep_token(variable, token)
        )
        return outside.rotate(arguments.usable_webhook_id(self.webhook_id), plan)


def _check_strategy(webhook_id: str | None, strategy: str) -> None:
    if webhook_id is not None and strategy == "rekey":
        msg = "strategy='rekey' is for endpoints: the URL of somebody else's receiver is theirs to change."
        raise ValueError(msg)

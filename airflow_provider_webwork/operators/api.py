"""The operator that calls one operation of WebWork."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_webwork.errors import WebWorkResponseError
from airflow_provider_webwork.hooks.failures import WebWorkTaskError, task_failures
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.operators.arguments import MAX_BYTES, is_known, usable_count
from airflow_provider_webwork.operators.call_arguments import usable_arguments, usable_operation
from airflow_provider_webwork.operators.connected import ConnectedOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_webwork.api.operations import Operation
    from airflow_provider_webwork.json_types import JSON


class WebWorkCallOperator(ConnectedOperator):
    """Call one operation of WebWork and return its whole answer; webhooks come without their token.

    A call that creates something (a POST) creates it again when it is made again. So the retries of the task do not
    apply to it: it fails for good, and says so; clearing the task calls again.

    .. code-block:: python

        WebWorkCallOperator(task_id="stop", operation="stopTimeTracking", arguments={"user_id": 7})

    :param operation: its name, such as ``getMembers``; ``airflow webwork operations`` lists them.
    :param arguments: its arguments in snake_case; ``workspace_id`` comes from the connection unless given.
    :param max_bytes: the largest answer to return, in bytes of JSON; a larger one fails the task. It becomes an XCom,
        for which the metadata database is a poor place when it is large.
    :param webwork_conn_id: the connection of type ``webwork``.
    """

    template_fields: Sequence[str] = ("operation", "arguments", "max_bytes", "webwork_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"arguments": "json"}
    ui_color = "#d9ecff"

    def __init__(
        self,
        *,
        operation: str,
        arguments: Mapping[str, Any] | None = None,
        max_bytes: int | str = MAX_BYTES,
        webwork_conn_id: str = WebWorkHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if is_known(operation):
            usable_operation(operation)
        if is_known(arguments):
            usable_arguments(arguments)
        if is_known(max_bytes):
            usable_count(max_bytes, name="max_bytes")
        self.operation = operation
        self.arguments = arguments
        self.max_bytes = max_bytes
        self.webwork_conn_id = webwork_conn_id

    def execute(self, context: Context) -> JSON:
        """Call it."""
        from airflow_provider_webwork.api.operations import operation

        with task_failures():
            hook = self.hook
            found = operation(hook.client.settings.api_version, usable_operation(self.operation))
            given = usable_arguments(self.arguments)
            if found.method == "POST":
                return self._small_enough(found, self._call_once(partial(hook.call, found.name, **given), context))
            return self._small_enough(found, hook.call(found.name, **given))

    def _call_once(self, call: Callable[[], JSON], context: Context) -> JSON:
        if _is_retry(self, context):
            msg = (
                f"{self.operation} creates something, and an earlier try of this task may have created it: look at "
                "WebWork, then clear the task to call it again."
            )
            raise AirflowFailException(msg)
        self.log.info(
            "%s creates something: it is called once, and again only when the task is cleared.", self.operation
        )
        try:
            with task_failures():
                return call()
        except WebWorkTaskError as error:
            msg = f"{error} {self.operation} creates something, so the task is not retried: clear it to call it again."
            raise AirflowFailException(msg) from error

    def _small_enough(self, found: Operation, answer: JSON) -> JSON:
        size, limit = len(json.dumps(answer)), usable_count(self.max_bytes, name="max_bytes")
        if size > limit:
            what = (
                "Use WebWorkExportOperator, which writes all of its records to a file, or narrow it with its arguments."
                if found.records_at is not None
                else "Call it by WebWorkHook in a @task that keeps what you need, or raise max_bytes."
            )
            done = "" if found.method == "GET" else " The call has had its effect."
            msg = f"{found.name} answered {size:,} bytes, more than max_bytes={limit:,}.{done} {what}"
            raise AirflowFailException(msg)
        self._tell_of_more(found, answer)
        return answer

    def _tell_of_more(self, found: Operation, answer: JSON) -> None:
        from airflow_provider_webwork.api.pages import read_page

        if found.records_at is None:
            return
        with suppress(WebWorkResponseError):  # whoever reads the answer will notice
            page = read_page(answer, listing=found.name, records_at=found.records_at, lone_record=found.lone_record)
            if page.last is not None and page.last > 1:
                self.log.warning(
                    "%s: this is one page of %s. WebWorkExportOperator and WebWorkHook.iterate read all of them.",
                    found.name,
                    page.last,
                )


def _is_retry(operator: BaseOperator, context: Context) -> bool:
    """Whether Airflow runs a task again by itself.

    Clearing a task allows it all of its retries anew, counted from the try it was at (``airflow/models/
    taskinstance.py``, ``clear_task_instances``).
    """
    ti = context["ti"]
    return ti.try_number > ti.max_tries - (operator.retries or 0) + 1

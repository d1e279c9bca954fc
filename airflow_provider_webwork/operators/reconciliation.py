"""The operator that adds to the event log what the API shows and no delivery told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.failures import task_failures
from airflow_provider_webwork.hooks.lifecycle import reconciliation
from airflow_provider_webwork.hooks.times import usable_duration, usable_moment
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.operators.arguments import is_known
from airflow_provider_webwork.operators.connected import ConnectedOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_webwork.lifecycle.reconcile import Reconciled


class WebWorkReconcileEventsOperator(ConnectedOperator):
    """Add the starts and stops of trackers that the API shows and the event log lacks.

    The time entries of every member are read, and compared with the stored ``tracker.started`` and
    ``tracker.stopped`` events of the window. What is missing is stored, marked ``synthetic``, with the time entry as
    its ``data``. A delivery that arrives after all is absorbed by it. Running the task again adds nothing.

    It needs a connection for API v2 with a workspace, and an account that may see every member.

    Returns ``{"start", "end", "shown", "present", "added", "unmatched", "incomplete"}``.

    .. code-block:: python

        WebWorkReconcileEventsOperator(
            task_id="reconcile",
            start="{{ data_interval_end.subtract(hours=24) | ts }}",
            end="{{ data_interval_end | ts }}",
        )

    :param start: the beginning of the window: a datetime with a time zone, or one as text (ISO 8601); that of the
        run's data interval if not given.
    :param end: its end, which does not belong to it; likewise.
    :param tolerance: how far apart the times of a stored and of a shown event may be that are the same one.
    :param webwork_conn_id: the connection of type ``webwork``.
    """

    # tolerance is no template: a duration would become a text.
    template_fields: Sequence[str] = ("start", "end", "webwork_conn_id")
    ui_color = "#fff3d9"

    def __init__(
        self,
        *,
        start: str | datetime | None = None,
        end: str | datetime | None = None,
        tolerance: timedelta = timedelta(seconds=90),
        webwork_conn_id: str = WebWorkHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("start", start), ("end", end)):
            if value is not None and is_known(value):
                usable_moment(value, name=name)
        usable_duration(tolerance, name="tolerance")
        self.start = start
        self.end = end
        self.tolerance = tolerance
        self.webwork_conn_id = webwork_conn_id

    def execute(self, context: Context) -> dict[str, JSON]:
        """Read, compare and add."""
        with task_failures():
            start, end = self._window(context)
            outcome = reconciliation(self.hook, WebWorkEventsHook()).run(start, end, tolerance=self.tolerance)
        self._tell(outcome)
        return outcome.as_dict()

    def _window(self, context: Context) -> tuple[datetime, datetime]:
        """Return the window, of which a data interval says what the arguments do not.

        Runs by an asset have none, and those of a plain cron schedule have one without length
        (``airflow/timetables/trigger.py``).
        """
        if self.start is not None and self.end is not None:
            return usable_moment(self.start, name="start"), usable_moment(self.end, name="end")
        run = context["dag_run"]
        start, end = run.data_interval_start, run.data_interval_end
        if start is None or end is None or start == end:
            msg = (
                "This run has no data interval. Give start and end, or schedule the Dag with "
                'CronDataIntervalTimetable("@hourly", timezone="UTC"): "@hourly" alone makes runs without one.'
            )
            raise ValueError(msg)
        return (
            start if self.start is None else usable_moment(self.start, name="start"),
            end if self.end is None else usable_moment(self.end, name="end"),
        )

    def _tell(self, outcome: Reconciled) -> None:
        self.log.info(
            "WebWork shows %s starts and stops from %s to %s; %s were missing and have been added. It shows nothing of "
            "other events, so those cannot be restored.",
            outcome.shown,
            outcome.start,
            outcome.end,
            outcome.added,
        )
        if outcome.unmatched:
            self.log.info(
                "%s stored starts and stops are not among those that WebWork shows: they name no user or another time, "
                "or their time entry was changed or deleted.",
                outcome.unmatched,
            )
        if outcome.incomplete:
            self.log.warning(
                "%s time entries do not say clearly whether, by whom or when a tracker was started or stopped. Nothing "
                "was guessed.",
                outcome.incomplete,
            )

"""Operators for stored events: giving them to runs, landing them as files, removing old ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.sdk import Asset, BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from airflow_provider_webwork.assets import asked_of
from airflow_provider_webwork.events.match import EventFilter, Match
from airflow_provider_webwork.files.texts import json_lines
from airflow_provider_webwork.hooks.claiming import claim_for_task
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.failures import task_failures
from airflow_provider_webwork.hooks.times import usable_duration, usable_moment
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.operators import arguments
from airflow_provider_webwork.operators.landing import landing, usable_path
from airflow_provider_webwork.operators.progress import Progress

if TYPE_CHECKING:
    from airflow.sdk import Context, ObjectStoragePath

_BATCH = 500


class WebWorkClaimEventsOperator(BaseOperator):
    """Give this run its batch of the events that wait for a consumer: no other run is given them.

    Tried again or cleared, the task gives the same events again. If nothing waits it is skipped, and so are the tasks
    after it. Claiming is not processing: the events of a run that failed for good wait until it is cleared, or its
    batch released (``airflow webwork batches``).

    Returns the events as a list, ready for ``.expand``; or, as a reference for ``WebWorkEventsHook().batch``,
    ``{"consumer", "run_key", "start_seq", "end_seq", "count"}``.

    .. code-block:: python

        claimed = WebWorkClaimEventsOperator(task_id="claim", consumer=payroll, max_events=50)
        book.expand(event=claimed.output)

    :param consumer: the asset that ``webwork_events`` made, which makes its consumer if there is none; or the name
        of a consumer that there is.
    :param max_events: how many events at most.
    :param max_bytes: how many bytes of JSON at most; one event is always given.
    :param result: what the task returns: ``events``, or a ``reference`` for what is too large for an XCom.
    :param retries: how often the task is tried again; ``default_args`` override it.
    """

    template_fields: Sequence[str] = ("consumer", "max_events", "max_bytes", "result")
    ui_color = "#fff3d9"

    def __init__(
        self,
        *,
        consumer: str | Asset,
        max_events: int | str = arguments.MAX_EVENTS,
        max_bytes: int | str = arguments.MAX_BYTES,
        result: Literal["events", "reference"] = "events",
        retries: int = 3,
        **kwargs: Any,
    ) -> None:
        super().__init__(retries=retries, **kwargs)
        if isinstance(consumer, Asset) or arguments.is_known(consumer):
            asked_of(consumer)
        for name, value in (("max_events", max_events), ("max_bytes", max_bytes)):
            if arguments.is_known(value):
                arguments.usable_count(value, name=name)
        if arguments.is_known(result):
            _usable_result(result)
        self.consumer = consumer
        self.max_events = max_events
        self.max_bytes = max_bytes
        self.result = result

    def execute(self, context: Context) -> list[dict[str, JSON]] | dict[str, JSON]:
        """Claim."""
        hook = WebWorkEventsHook()
        with task_failures():
            batch = claim_for_task(
                hook.claims,
                context,
                asked_of(self.consumer),
                max_events=arguments.usable_count(self.max_events, name="max_events"),
                max_bytes=arguments.usable_count(self.max_bytes, name="max_bytes"),
            )
            if batch is not None:
                by_reference = _usable_result(self.result) == "reference"
                return batch.reference() if by_reference else list(hook.batch(batch.reference()))
            if absence := hook.receiver_absence():
                self.log.warning("%s", absence)
        msg = f"No events wait in {hook.store.name}."
        raise AirflowSkipException(msg)


class WebWorkExportEventsOperator(BaseOperator):
    """Land the events of a time window as a file of JSON Lines, locally or in object storage.

    The file appears whole or not at all; running the task again writes the same file again, as long as the events of
    its window were not pruned. A window without events gives an empty file.

    Returns ``{"path", "rows", "bytes", "seconds"}``.

    .. code-block:: python

        WebWorkExportEventsOperator(
            task_id="land",
            path="s3://lake/webwork/{{ data_interval_start | ts_nodash }}.jsonl",
            since="{{ data_interval_start | ts }}",
            until="{{ data_interval_end | ts }}",
        )

    :param path: where to, as ``airflow.sdk.ObjectStoragePath`` takes it, or such an object, or a ``pathlib.Path``;
        ``s3://connection@bucket/key`` names a connection.
    :param types: names of events, exact or with a trailing ``*``; all if not given.
    :param match: dotted paths into the event and the values they must have.
    :param since: leave out what was received before; a datetime with a time zone, or one as text (ISO 8601).
    :param until: leave out what was received at this time or later; likewise.
    """

    template_fields: Sequence[str] = ("path", "types", "match", "since", "until")
    template_fields_renderers: ClassVar[dict[str, str]] = {"match": "json"}
    ui_color = "#e3f6e5"

    def __init__(
        self,
        *,
        path: str | PurePath | ObjectStoragePath,
        types: Sequence[str] | None = None,
        match: Match | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if arguments.is_known(path):
            usable_path(path)
        if arguments.is_known(types):
            EventFilter.of(types=types)
        if arguments.is_known(match):
            EventFilter.of(match=match)
        for name, value in (("since", since), ("until", until)):
            if value is not None and arguments.is_known(value):
                usable_moment(value, name=name)
        self.path = path
        self.types = types
        self.match = match
        self.since = since
        self.until = until

    def execute(self, context: Context) -> dict[str, JSON]:
        """Write the file."""
        progress = Progress(self.log.info, what="events")
        with task_failures():
            path = usable_path(self.path)
            with landing(path) as file:
                write = json_lines(file)
                for events in self._batches():
                    write(events)
                    progress.add(len(events))
                size = file.tell()
        return progress.summary(path, size=size)

    def _batches(self) -> Iterator[list[dict[str, JSON]]]:
        since = None if self.since is None else usable_moment(self.since, name="since")
        until = None if self.until is None else usable_moment(self.until, name="until")
        events = WebWorkEventsHook().read(types=self.types, match=self.match, since=since, until=until)
        while batch := list(islice(events, _BATCH)):
            yield batch


class WebWorkPruneEventsOperator(BaseOperator):
    """Remove old events from the event log, for those who prefer a Dag to the receiver's own hourly pruning.

    Events that a live consumer has not claimed, or only within the last week, and released ones, stay. Doing it twice
    removes nothing more.

    Returns ``{"events", "oldest_seq", "held_by"}``.

    .. code-block:: python

        WebWorkPruneEventsOperator(task_id="prune", older_than=timedelta(days=30))

    :param older_than: the age from which on events are removed; ``[webwork] retention`` if not given.
    :param even_unclaimed: remove also what consumers have not claimed yet, or only lately.
    """

    # Neither argument is a template: a duration and a boolean would become texts.
    template_fields: Sequence[str] = ()
    ui_color = "#e3f6e5"

    def __init__(self, *, older_than: timedelta | None = None, even_unclaimed: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if older_than is not None:
            usable_duration(older_than, name="older_than")
        self.older_than = older_than
        self.even_unclaimed = even_unclaimed

    def execute(self, context: Context) -> dict[str, JSON]:
        """Remove what is old."""
        with task_failures():
            done = WebWorkEventsHook().prune(older_than=self.older_than, even_unclaimed=self.even_unclaimed)
        self.log.info("Removed %s events; the oldest one left is %s.", done.events, done.oldest)
        if done.held_by is not None:
            self.log.warning("Consumer %s still needs what comes next, so it stays.", done.held_by)
        return {"events": done.events, "oldest_seq": done.oldest, "held_by": done.held_by}


def _usable_result(result: object) -> Literal["events", "reference"]:
    return arguments.usable_choice(result, ("events", "reference"), name="result")

"""The operator that writes any list or report of WebWork into a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_webwork.files.formats import writing
from airflow_provider_webwork.hooks.failures import task_failures
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.operators.arguments import is_known
from airflow_provider_webwork.operators.call_arguments import usable_layout, usable_operation
from airflow_provider_webwork.operators.connected import ConnectedOperator
from airflow_provider_webwork.operators.fan_out import FanOut
from airflow_provider_webwork.operators.landing import landing, usable_path
from airflow_provider_webwork.operators.lineage import landed_dataset
from airflow_provider_webwork.operators.progress import Progress

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context, ObjectStoragePath

    from airflow_provider_webwork.api.operations import Operation
    from airflow_provider_webwork.files.formats import Layout
    from airflow_provider_webwork.json_types import JSON


class WebWorkExportOperator(ConnectedOperator):
    """Write every record of a list or report into one file, locally or in object storage.

    Pages are read one after the other and written as they come; memory stays that of a few pages. The file appears
    whole or not at all, also without any record, and running the task again replaces it. Tokens of webhooks and keys
    of our callbacks do not get into it.

    Returns ``{"path", "rows", "bytes", "pages", "seconds"}``.

    .. code-block:: python

        WebWorkExportOperator(
            task_id="export",
            operation="getTimeEntries",
            each={"user_id": [7, 8], "date": ["2026-11-19", "2026-11-20"]},
            path="s3://lake/time_entries/2026-11-20.parquet",
            format="parquet",
        )

    :param operation: the name of a list or report, such as ``getTimeEntries``; ``airflow webwork operations`` lists
        them.
    :param arguments: its arguments in snake_case, the same in every call.
    :param each: arguments with a list of values each; the operation is called for every combination, the last argument
        changing fastest. A record that lacks such an argument among its fields is given it.
    :param path: where to, as ``airflow.sdk.ObjectStoragePath`` takes it, or such an object, or a ``pathlib.Path``;
        ``s3://connection@bucket/key`` names a connection.
    :param format: ``jsonl``, ``csv`` or ``parquet`` (``pip install 'airflow-provider-webwork[parquet]'``).
    :param compression: ``gzip``, ``bz2`` or ``xz``, or in Parquet ``snappy``, ``gzip`` or ``zstd``; none if not given.
    :param columns: the fields to write, in this order. If not given, JSON Lines hold whole records, and the others the
        fields that WebWork documents. For Parquet it can be a mapping of names to Arrow types, such as
        ``{"id": "string", "duration_minutes": "int64"}``, which are then the same in every file.
    :param webwork_conn_id: the connection of type ``webwork``.
    """

    template_fields: Sequence[str] = (
        "operation",
        "arguments",
        "each",
        "path",
        "format",
        "compression",
        "columns",
        "webwork_conn_id",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"arguments": "json", "each": "json", "columns": "json"}
    ui_color = "#e3f6e5"

    def __init__(
        self,
        *,
        operation: str,
        path: str | PurePath | ObjectStoragePath,
        arguments: Mapping[str, Any] | None = None,
        each: Mapping[str, Any] | None = None,
        format: str = "jsonl",  # noqa: A002 - the word that everybody uses
        compression: str | None = None,
        columns: Sequence[str] | Mapping[str, str] | None = None,
        webwork_conn_id: str = WebWorkHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if is_known(operation):
            usable_operation(operation)
        if is_known(path):
            usable_path(path)
        if is_known(arguments) and is_known(each):
            FanOut.of(arguments=arguments, each=each)
        if all(map(is_known, (format, compression, columns))):
            usable_layout(format, compression=compression, columns=columns)
        self.operation = operation
        self.arguments = arguments
        self.each = each
        self.path = path
        self.format = format
        self.compression = compression
        self.columns = columns
        self.webwork_conn_id = webwork_conn_id
        self._summary: dict[str, JSON] | None = None

    def execute(self, context: Context) -> dict[str, JSON]:
        """Read and write, page by page."""
        from airflow_provider_webwork.api.operations import operation

        with task_failures():
            hook = self.hook
            found = operation(hook.client.settings.api_version, usable_operation(self.operation))
            calls = FanOut.of(arguments=self.arguments, each=self.each)
            layout = self._layout(found, calls)
            progress, seen = Progress(self.log.info), set[str]()
            path = usable_path(self.path)
            with landing(path) as file:
                with writing(file, layout) as write:
                    for page in _pages(hook, found.name, calls, progress):
                        write(page)
                        seen.update(*page)
                size = file.tell()
        if seen:
            self._tell_of_columns(layout, seen=seen)
        self._summary = {**progress.summary(path, size=size), "pages": progress.pages}
        return self._summary

    def get_openlineage_facets_on_complete(self, task_instance: object) -> OperatorLineage:
        """Tell OpenLineage which file was written; only its provider calls this."""
        from airflow.providers.openlineage.extractors import OperatorLineage

        summary = self._summary or {}
        path = usable_path(self.path)
        return OperatorLineage(outputs=[landed_dataset(path, rows=summary.get("rows"), size=summary.get("bytes"))])

    def _layout(self, found: Operation, calls: FanOut) -> Layout:
        layout = usable_layout(self.format, compression=self.compression, columns=self.columns)
        if layout.columns is not None or layout.format == "jsonl" or not found.fields:
            return layout
        return replace(layout, columns=(*(name for name in calls.each if name not in found.fields), *found.fields))

    def _tell_of_columns(self, layout: Layout, *, seen: set[str]) -> None:
        """Say what the file lacks, because a field is new at WebWork, or misspelled in ``columns``."""
        if layout.columns is None:
            return
        if self.columns is None and (left_out := sorted(seen.difference(layout.columns))):
            self.log.warning(
                "%s: the file lacks %s, which WebWork's documentation does not have. Name them in columns to get them.",
                self.operation,
                ", ".join(left_out),
            )
        if self.columns is not None and (empty := [name for name in layout.columns if name not in seen]):
            self.log.warning(
                "%s: no record has %s, so the file has no value there. The records have %s.",
                self.operation,
                ", ".join(empty),
                ", ".join(sorted(seen)),
            )


def _pages(hook: WebWorkHook, operation: str, calls: FanOut, progress: Progress) -> Iterator[list[dict[str, JSON]]]:
    """Yield what every call answers, and count it."""
    for number, call in enumerate(calls, start=1):
        for page in hook.iterate_pages(operation, **call.arguments):
            yield [{**call.chosen, **record} for record in page] if call.chosen else page
            progress.add(len(page), pages=1, where=f", in call {number} of {len(calls)}")

"""Why a delivery could not be understood."""

from __future__ import annotations

from airflow_provider_webwork.json_types import JSON


class NotUnderstoodError(Exception):
    """A body is no event; the text is a plain sentence that says why.

    :param value: the body as JSON, if it is JSON that says something else.
    """

    def __init__(self, problem: str, *, value: JSON = None) -> None:
        super().__init__(problem)
        self.value = value

"""What every operator that calls WebWork does: it has a connection, and stops waiting when its task is killed."""

from __future__ import annotations

from functools import cached_property

from airflow.sdk import BaseOperator

from airflow_provider_webwork.hooks.webwork import WebWorkHook


class ConnectedOperator(BaseOperator):
    """An operator that calls WebWork; each has the argument ``webwork_conn_id`` and assigns it."""

    webwork_conn_id: str

    @cached_property
    def hook(self) -> WebWorkHook:
        """The hook of the connection."""
        return WebWorkHook(self.webwork_conn_id)

    def on_kill(self) -> None:
        """Stop waiting for WebWork."""
        self.hook.cancel()

"""Calls that create something, with and without a chance to be retried, and exports with values from other tasks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from airflow_provider_webwork.operators.api import WebWorkCallOperator
from airflow_provider_webwork.operators.export import WebWorkExportOperator

NOW = timedelta(0)


@dag(schedule=None, default_args={"retries": 2, "retry_delay": NOW})
def retried_calls() -> None:
    WebWorkCallOperator(
        task_id="create",
        operation="createProject",
        arguments={"name": "{{ dag.dag_id }}"},
    )
    WebWorkCallOperator(task_id="read", operation="getMembers")


@dag(schedule=None, params={"folder": "", "operation": "getTimeEntries"}, render_template_as_native_obj=True)
def exports() -> None:
    @task
    def days() -> list[str]:
        return ["2026-11-19", "2026-11-20"]

    @task
    def users() -> list[int]:
        return [3, 7]

    @task
    def report(summary: Any) -> Any:
        return summary

    combined = WebWorkExportOperator(
        task_id="combined",
        operation="{{ params.operation }}",
        arguments={"per_page": "{{ 2 }}"},
        each={"user_id": users(), "date": days()},
        path="{{ params.folder }}/combined.parquet",
        format="{{ 'parquet' }}",
        columns=["user_id", "date", "id"],
    )
    report(combined.output)
    WebWorkExportOperator.partial(
        task_id="mapped", operation="getTimeEntries", arguments={"date": "2026-11-20"}, format="csv"
    ).expand_kwargs(
        [{"each": {"user_id": [user]}, "path": f"{{{{ params.folder }}}}/mapped/{user}.csv"} for user in (3, 7)]
    )


retried_calls()
exports()

"""Call an operation of WebWork and use its answer.

Each operation is called by its name with its arguments in snake_case; `airflow webwork operations` lists them. The
answer becomes an XCom, which suits what is small: `WebWorkExportOperator` writes whole listings to files. It needs a
connection `webwork_default` of type `webwork` with a workspace id.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from airflow_provider_webwork.operators.api import WebWorkCallOperator


@dag(schedule=None, params={"project_id": 1}, tags=["webwork", "example"], doc_md=__doc__)
def example_call_api() -> None:
    project = WebWorkCallOperator(
        task_id="project",
        operation="getProject",
        arguments={"project_id": "{{ params.project_id }}"},
    )

    @task
    def report(answer: dict[str, Any]) -> str:
        return f"{answer['data']['name']} has {answer['data']['contracts_count']} contracts."

    report(project.output)


example_call_api()

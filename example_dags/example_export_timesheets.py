"""Write every day's timesheets, and the time entries of every member, into files.

Each run is about the day of its data interval and writes the files of that day, whenever it runs and however often: so
it may catch up, and be cleared. In Airflow 3 `schedule="@daily"` gives a run no interval, this timetable does. It needs
a connection `webwork_default` of type `webwork` with a workspace id. Where the days of your workspace are not those of
UTC, choose another `TIMEZONE`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronDataIntervalTimetable, dag, task

from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.operators.export import WebWorkExportOperator

TIMEZONE = "UTC"
DAY = f"{{{{ data_interval_start.in_timezone('{TIMEZONE}') | ds }}}}"


@dag(
    schedule=CronDataIntervalTimetable("@daily", timezone=TIMEZONE),
    start_date=datetime(2026, 11, 1, tzinfo=UTC),
    catchup=True,
    max_active_runs=1,
    params={"folder": "file:///tmp/webwork"},
    tags=["webwork", "example"],
    doc_md=__doc__,
)
def example_export_timesheets() -> None:
    WebWorkExportOperator(
        task_id="timesheets",
        operation="getTimesheets",
        arguments={"date_from": DAY, "date_to": DAY},
        path="{{ params.folder }}/timesheets/" + DAY + ".jsonl",
    )

    @task
    def members() -> list[int]:
        return [member["id"] for member in WebWorkHook().iterate("getMembers")]

    WebWorkExportOperator(
        task_id="time_entries",
        operation="getTimeEntries",
        arguments={"date": DAY},
        each={"user_id": members()},
        path="{{ params.folder }}/time_entries/" + DAY + ".csv.gz",
        format="csv",
        compression="gzip",
    )


example_export_timesheets()

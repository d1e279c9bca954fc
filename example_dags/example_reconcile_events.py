"""Add the starts and stops that no delivery told of, every hour, by what the API shows.

Each run looks at the 24 hours before the end of its data interval, so that a time entry which WebWork shows late, or a
run that did not take place, is made up for by a later one; what is in the log already is not added again. In Airflow 3
`schedule="@hourly"` gives a run no interval, this timetable does. It needs a connection `webwork_default` of type
`webwork` with a workspace id. No receiver is needed, and none is in the way.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, dag

from airflow_provider_webwork.operators.reconciliation import WebWorkReconcileEventsOperator


@dag(
    schedule=CronDataIntervalTimetable("@hourly", timezone="UTC"),
    start_date=datetime(2026, 11, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["webwork", "example"],
    doc_md=__doc__,
)
def example_reconcile_events() -> None:
    WebWorkReconcileEventsOperator(
        task_id="reconcile",
        start="{{ data_interval_end.subtract(hours=24) | ts }}",
        end="{{ data_interval_end | ts }}",
        retries=3,
        retry_delay=timedelta(minutes=5),
    )


example_reconcile_events()
